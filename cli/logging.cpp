// SPDX-License-Identifier: Apache-2.0
#include "cli/logging.h"

#include "util/escape.h"

#include <QDateTime>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>

#include <mutex>

#include <poll.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

bool jsonLines = false;

const char *levelName(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg: return "debug";
    case QtInfoMsg: return "info";
    case QtWarningMsg: return "warn";
    case QtCriticalMsg: return "error";
    case QtFatalMsg: return "fatal";
    }
    return "info";
}

/// To a pipe that nobody reads a line is lost rather than waited for: the callers are the threads that serve.
/// A pipe that poll() calls writable has room for 4 KiB, so longer lines are cut.
void writeToStderr(QByteArray line)
{
    constexpr qsizetype longest = 4096;
    static std::mutex mutex;
    static qint64 lost = 0;
    const std::lock_guard lock(mutex);
    const auto write = [](QByteArray text) {
        if (text.size() >= longest)
            text.truncate(longest - 1);
        text += '\n';
        pollfd state{STDERR_FILENO, POLLOUT, 0};
        return ::poll(&state, 1, 0) == 1 && ::write(STDERR_FILENO, text.constData(), size_t(text.size())) >= 0;
    };
    if (lost > 0 && write(QByteArray::number(lost) + " log lines were lost: nobody read them"))
        lost = 0;
    if (lost > 0 || !write(std::move(line)))
        ++lost;
}

void writeLine(QtMsgType type, const QMessageLogContext &context, const QString &message)
{
    const QString time = QDateTime::currentDateTimeUtc().toString(Qt::ISODateWithMs);
    const QString logger = QString::fromLatin1(context.category ? context.category : "pdlb");
    QByteArray line;
    if (jsonLines) {
        line = QJsonDocument(QJsonObject{{u"time"_s, time}, {u"level"_s, QString::fromLatin1(levelName(type))},
                                         {u"logger"_s, logger}, {u"message"_s, message}}).toJson(QJsonDocument::Compact);
    } else {
        line = u"%1 %2 %3 "_s.arg(time, QString::fromLatin1(levelName(type)), logger).toUtf8() + escapeControls(message).toUtf8();
    }
    writeToStderr(std::move(line));
}

} // namespace

Result<void> setUpLogging(const QString &level, bool json)
{
    static const QStringList levels{u"debug"_s, u"info"_s, u"warn"_s, u"error"_s};
    const qsizetype from = levels.indexOf(level == "warning"_L1 ? u"warn"_s : level.toLower());
    if (from < 0)
        return failure(u"--log-level \"%1\": expected debug, info, warn or error"_s.arg(level));
    QString rules;
    for (const auto &[name, rank] : {std::pair{u"debug"_s, 0}, {u"info"_s, 1}, {u"warning"_s, 2}})
        rules += u"pdlb.*.%1=%2\n"_s.arg(name, rank >= from ? u"true"_s : u"false"_s);
    QLoggingCategory::setFilterRules(rules);
    jsonLines = json;
    qInstallMessageHandler(writeLine);
    return {};
}

} // namespace pdlb::cli
