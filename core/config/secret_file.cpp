// SPDX-License-Identifier: Apache-2.0
#include "config/secret_file.h"

#include <QFile>
#include <QLoggingCategory>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

Q_LOGGING_CATEGORY(lcSecrets, "pdlb.secrets")

constexpr qint64 maxSize = 1024 * 1024;

} // namespace

Result<QByteArrayList> readSecretFile(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return failure(u"the key file \"%1\" cannot be read: %2"_s.arg(path, file.errorString()));
    const QByteArray content = file.read(maxSize + 1);
    if (content.size() > maxSize)
        return failure(u"the key file \"%1\" is larger than %2 bytes"_s.arg(path).arg(maxSize));
    QByteArrayList secrets;
    for (const QByteArray &line : content.split('\n')) {
        const QByteArray secret = line.trimmed();
        if (!secret.isEmpty() && !secret.startsWith('#'))
            secrets += secret;
    }
    if (secrets.isEmpty())
        return failure(u"the key file \"%1\" holds no key"_s.arg(path));
    if (file.permissions() & (QFileDevice::ReadGroup | QFileDevice::ReadOther))
        qCWarning(lcSecrets, "the key file \"%s\" can be read by other users: chmod 600 it", qUtf8Printable(path));
    return secrets;
}

} // namespace pdlb
