// SPDX-License-Identifier: Apache-2.0
#include "config/config_file.h"

#include "config/config_fields.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QLoggingCategory>
#include <QSaveFile>

#include <algorithm>

#include <sys/stat.h>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

Q_LOGGING_CATEGORY(lcConfig, "pdlb.config")

constexpr qint64 maxSize = qint64(16) * 1024 * 1024;

/// QSaveFile makes a new file with the umask's mode, and only then can its mode be changed. No other mode than the owner's
/// is given to any file while this lives.
class PrivateUmask
{
    Q_DISABLE_COPY_MOVE(PrivateUmask)

public:
    PrivateUmask() : m_before(::umask(077)) {}
    ~PrivateUmask() { ::umask(m_before); }

private:
    mode_t m_before;
};

Result<void> writePrivately(const QString &path, const QByteArray &bytes)
{
    QSaveFile file(path);
    {
        const PrivateUmask mask;
        if (!file.open(QIODevice::WriteOnly))
            return failure(file.errorString());
    }
    // It was given the mode of the file that it replaces.
    if (!file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner))
        return failure(file.errorString());
    if (file.write(bytes) != bytes.size() || !file.commit())
        return failure(file.errorString());
    return {};
}

bool namesSecrets(const Config &config)
{
    const auto own = [](const ServerConfig &server) { return !server.apiKeyRef.isEmpty(); };
    return !config.apiKeyRefs.isEmpty() || !config.engineApiKeyRef.isEmpty() || !config.otlp.headersRef.isEmpty() || std::any_of(config.prefill.begin(), config.prefill.end(), own)
        || std::any_of(config.decode.begin(), config.decode.end(), own);
}

void warn(const QString &path, QFileDevice::Permissions permissions, const LoadedConfig &loaded)
{
    if (!loaded.unknownKeys.isEmpty())
        qCWarning(lcConfig, "%s: unknown keys, without effect: %s", qUtf8Printable(path),
                  qUtf8Printable(loaded.unknownKeys.first(std::min<qsizetype>(loaded.unknownKeys.size(), 20)).join(u", "_s)));
    // Who may change it can have any file read as a key and sent to a server of their choice.
    if (permissions & (QFileDevice::WriteGroup | QFileDevice::WriteOther))
        qCWarning(lcConfig, "%s can be changed by other users: chmod 600 it", qUtf8Printable(path));
    else if (namesSecrets(loaded.config) && (permissions & (QFileDevice::ReadGroup | QFileDevice::ReadOther)))
        qCWarning(lcConfig, "%s tells where keys are and can be read by other users: chmod 600 it", qUtf8Printable(path));
}

/// Where a write must go so that a link stays one.
QString resolveLinks(const QString &path)
{
    QString target = path;
    constexpr int mostLinks = 40; // as the kernel
    for (int i = 0; i < mostLinks && QFileInfo(target).isSymLink(); ++i)
        target = QFileInfo(target).symLinkTarget();
    return target;
}

} // namespace

Result<LoadedConfig, ConfigProblems> loadConfigFile(const QString &path, CheckConfig check)
{
    const auto wrong = [](const QString &message) { return tl::unexpected(ConfigProblems{{u"$"_s, message}}); };
    const QFileInfo info(path);
    if (info.exists() && !info.isFile()) // a pipe would be waited for
        return wrong(u"this is no regular file"_s);
    const QString tooLarge = u"it is larger than %1 bytes"_s.arg(maxSize);
    if (info.size() > maxSize)
        return wrong(tooLarge);
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return wrong(u"it cannot be read: %1"_s.arg(file.errorString()));
    const QByteArray bytes = file.read(maxSize + 1);
    if (file.error() != QFileDevice::NoError)
        return wrong(u"it cannot be read: %1"_s.arg(file.errorString()));
    if (bytes.size() > maxSize)
        return wrong(tooLarge);
    auto loaded = configFromJson(bytes, check);
    if (loaded)
        warn(path, file.permissions(), *loaded);
    return loaded;
}

Result<void> saveConfigFile(const QString &path, const Config &config)
{
    const auto wrong = [&](const QString &why) {
        return failure(u"the configuration cannot be saved in \"%1\": %2; the file is as it was"_s.arg(path, why));
    };
    const QByteArray bytes = QJsonDocument(configToJson(config, WriteFields::Changed)).toJson();
    if (bytes.size() > maxSize)
        return wrong(u"it would be larger than %1 bytes"_s.arg(maxSize));
    // What cannot be read again must not replace what can.
    if (const auto back = configFromJson(bytes, CheckConfig::Form); !back)
        return wrong(u"it could not be read again: %1 %2"_s.arg(back.error().first().path, back.error().first().message));
    const QString target = resolveLinks(path);
    QFile before(target);
    if (before.exists()) {
        if (!QFileInfo(target).isFile())
            return wrong(u"this is no regular file"_s);
        if (!before.open(QIODevice::ReadOnly))
            return wrong(u"the file before it cannot be read for a copy: %1"_s.arg(before.errorString()));
        const QByteArray old = before.read(maxSize);
        if (const auto kept = writePrivately(target + u".bak"_s, old); !kept)
            return wrong(u"the copy %1.bak cannot be written: %2"_s.arg(target, kept.error().message));
    }
    if (const auto written = writePrivately(target, bytes); !written)
        return wrong(written.error().message);
    return {};
}

QStringList problemLines(const QString &path, const ConfigProblems &problems)
{
    QStringList lines;
    for (const ConfigProblem &problem : problems)
        lines += problem.path == "$"_L1 ? u"%1: %2"_s.arg(path, problem.message) : u"%1: %2: %3"_s.arg(path, problem.path, problem.message);
    return lines;
}

QString problemSummary(const QString &path, const ConfigProblems &problems)
{
    const QString first = problemLines(path, problems.first(1)).first();
    return problems.size() == 1 ? first : u"%1 (and %2 more; pdlb config check shows them)"_s.arg(first).arg(problems.size() - 1);
}

} // namespace pdlb
