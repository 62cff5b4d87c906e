// SPDX-License-Identifier: Apache-2.0
#include "config/config_json.h"
#include "config/json_path.h"
#include "pd/json_value.h"

#include <QJsonDocument>
#include <QSet>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

constexpr int maxDepth = 32;
constexpr qsizetype maxProblems = 100;

/// "line 3, column 7", both from 1; columns count bytes.
QString place(QByteArrayView text, qsizetype offset)
{
    const QByteArrayView before = text.first(std::min(offset, text.size()));
    return u"line %1, column %2"_s.arg(before.count('\n') + 1).arg(offset - before.lastIndexOf('\n'));
}

void findDuplicates(QByteArrayView text, pd::json::Value value, const QString &path, int depth, ConfigProblems &problems)
{
    using pd::json::Type;
    if (depth > maxDepth) {
        problems.append({path, u"this is nested deeper than %1 levels (%2)"_s.arg(maxDepth).arg(place(text, value.spanIn(text).begin))});
        return;
    }
    if (value.is(Type::Object)) {
        QSet<QByteArray> names;
        for (pd::json::Members m(value); problems.size() < maxProblems && m.next();) {
            const QByteArray name = m.name();
            const QString inner = memberPath(path, QString::fromUtf8(name));
            if (names.contains(name))
                problems.append({inner, u"the key \"%1\" is there twice (%2)"_s.arg(QString::fromUtf8(name.left(100)), place(text, m.value().spanIn(text).begin))});
            names.insert(name);
            findDuplicates(text, m.value(), inner, depth + 1, problems);
        }
    } else if (value.is(Type::Array)) {
        qsizetype index = 0;
        for (pd::json::Elements e(value); problems.size() < maxProblems && e.next(); ++index)
            findDuplicates(text, e.value(), path + u"[%1]"_s.arg(index), depth + 1, problems);
    }
}

} // namespace

QString memberPath(const QString &path, const QString &key)
{
    const bool plain = !key.isEmpty() && key.size() <= 100 && std::all_of(key.begin(), key.end(), [](QChar c) {
        return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9') || c == u'_';
    });
    return plain ? path + u'.' + key : path + u"[\"%1\"]"_s.arg(key.left(100));
}

Result<QJsonObject, ConfigProblems> strictJsonObject(QByteArrayView bytes)
{
    const auto wrong = [](const QString &message) { return tl::unexpected(ConfigProblems{{u"$"_s, message}}); };
    if (bytes.trimmed().isEmpty())
        return wrong(u"it is empty; expected a JSON object"_s);
    const auto document = pd::json::scan(bytes);
    if (!document)
        return wrong(u"no valid JSON: %1 (%2)"_s.arg(QLatin1StringView(document.error().what), place(bytes, document.error().offset)));
    if (document->type != pd::json::Type::Object)
        return wrong(u"expected a JSON object, { … }"_s);
    ConfigProblems problems;
    const QByteArrayView text = bytes.sliced(document->value.begin, document->value.size());
    findDuplicates(text, pd::json::Value(text), u"$"_s, 0, problems);
    if (!problems.isEmpty())
        return tl::unexpected(problems);
    QJsonParseError error;
    const QJsonDocument parsed = QJsonDocument::fromJson(QByteArray::fromRawData(bytes.data(), bytes.size()), &error);
    if (!parsed.isObject())
        return wrong(u"no valid JSON: %1 (%2)"_s.arg(error.errorString(), place(bytes, error.offset)));
    return parsed.object();
}

} // namespace pdlb
