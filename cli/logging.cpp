// SPDX-License-Identifier: Apache-2.0
#include "cli/logging.h"

#include <QDateTime>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>

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

QString escaped(const QString &text)
{
    QString out;
    out.reserve(text.size());
    for (const QChar c : text) {
        if (c < u' ' || c == u'\x7f')
            out += u"\\x%1"_s.arg(int(c.unicode()), 2, 16, QChar(u'0'));
        else
            out += c;
    }
    return out;
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
        line = u"%1 %2 %3 "_s.arg(time, QString::fromLatin1(levelName(type)), logger).toUtf8() + escaped(message).toUtf8();
    }
    line += '\n';
    // One write per line: lines of several threads do not mix.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.constData(), size_t(line.size()));
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
