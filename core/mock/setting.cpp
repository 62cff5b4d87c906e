// SPDX-License-Identifier: Apache-2.0
#include "mock/setting.h"

#include <QJsonArray>
#include <QJsonDocument>

using namespace Qt::StringLiterals;

namespace pdlb::mock {

namespace {

/// Also a number or a word alone, which QJsonDocument does not read.
QJsonValue valueOf(const QString &text)
{
    const QJsonDocument document = QJsonDocument::fromJson('[' + text.toUtf8() + ']');
    return document.array().size() == 1 ? document.array().first() : QJsonValue(text);
}

} // namespace

bool Setting::appliesTo(Role engineRole, int engineIndex) const
{
    return (!role || *role == engineRole) && (index < 0 || index == engineIndex);
}

void Setting::applyTo(MockOptions &options) const
{
    if (key == "api_key"_L1)
        options.apiKey = value.toVariant().toByteArray();
    else if (key == "registered"_L1)
        options.registered = value.toBool(true);
    else if (key == "max_running_requests"_L1)
        options.maxRunning = value.toInt();
    else
        options.info.insert(key, value);
}

Result<Setting> parseSetting(const QString &text)
{
    const qsizetype colon = text.indexOf(u':');
    const qsizetype equals = text.indexOf(u'=', colon + 1);
    if (colon < 0 || equals <= colon + 1)
        return failure(u"\"%1\" is no setting: write ROLE:KEY=VALUE, like decode1:page_size=128"_s.arg(text));
    Setting setting;
    if (const auto read = readEngineName(text.first(colon), setting.role, setting.index); !read)
        return failure(u"setting \"%1\": %2"_s.arg(text, read.error().message));
    setting.key = text.sliced(colon + 1, equals - colon - 1);
    setting.value = valueOf(text.sliced(equals + 1));
    return setting;
}

} // namespace pdlb::mock
