// SPDX-License-Identifier: Apache-2.0
#include "pd/fanout_body.h"

#include "pd/usage_sum.h"

#include <limits>
#include <map>

using namespace Qt::StringLiterals;

namespace pdlb::pd {

using json::Elements;
using json::Type;
using json::Value;

namespace {

/// Answers by their number, as JSON text.
using Answers = std::multimap<qint64, QByteArray>;

tl::unexpected<Error> unexpectedAnswer(size_t sample, const QString &what)
{
    return failure(
        u"The answers of the %1th decode request of this fan-out cannot be put together: %2."_s.arg(sample + 1)
            .arg(what));
}

QByteArray listOf(const Answers &answers)
{
    QByteArray list("[");
    for (const auto &[number, answer] : answers) {
        if (list.size() > 1)
            list += ',';
        list += answer;
    }
    return list += ']';
}

Result<QByteArray> joinGenerate(const std::vector<Value> &roots)
{
    const auto n = qint64(roots.size());
    Answers answers;
    for (size_t sample = 0; sample < roots.size(); ++sample) {
        if (roots[sample].type() != roots.front().type())
            return unexpectedAnswer(sample, u"one is a list and another is not"_s);
        if (!roots[sample].is(Type::Array)) {
            answers.emplace(qint64(sample), roots[sample].bytes().toByteArray());
            continue;
        }
        qint64 place = 0;
        for (Elements list(roots[sample]); list.next(); ++place)
            answers.emplace(place * n + qint64(sample), list.value().bytes().toByteArray());
    }
    return listOf(answers);
}

Result<QByteArray> joinOpenAi(const QByteArray &base, const std::vector<Value> &roots)
{
    const auto n = qint64(roots.size());
    Answers answers;
    std::vector<Value> usages;
    for (size_t sample = 0; sample < roots.size(); ++sample) {
        const Value choices = roots[sample].member("choices");
        if (!choices.is(Type::Array))
            return unexpectedAnswer(sample, u"it has no list of choices"_s);
        usages.push_back(roots[sample].member("usage"));
        qint64 place = 0;
        for (Elements list(choices); list.next(); ++place) {
            const Value choice = list.value();
            if (!choice.is(Type::Object))
                return unexpectedAnswer(sample, u"a choice is no object"_s);
            const qint64 number = answerNumber(choice.member("index"), place, qint64(sample), n);
            answers.emplace(number, json::replaced(choice.bytes(), {json::setMember(choice.bytes(), choice, "index",
                                                                                    QByteArray::number(number))}));
        }
    }
    auto replacements = sumUsage(base, usages.front(), usages);
    replacements.push_back({roots.front().member("choices").spanIn(base), listOf(answers)});
    return json::replaced(base, std::move(replacements));
}

} // namespace

qint64 answerNumber(Value index, qint64 place, qint64 sample, qint64 n)
{
    constexpr qint64 largest = std::numeric_limits<qint32>::max(); // beyond it the product may overflow
    const qint64 given = index.integer().value_or(place);
    return (given >= 0 && given <= largest ? given : place) * n + sample;
}

Result<QByteArray> joinSamples(Endpoint endpoint, const std::vector<QByteArray> &bodies)
{
    std::vector<Value> roots;
    for (size_t sample = 0; sample < bodies.size(); ++sample) {
        const auto document = json::scan(bodies[sample], json::NonFinite::Accept);
        if (!document) {
            return unexpectedAnswer(sample, u"it is not valid JSON (at byte %1, %2)"_s.arg(document.error().offset)
                                                .arg(QLatin1String(document.error().what)));
        }
        roots.push_back(Value(document->value.in(bodies[sample])));
    }
    return endpoint == Endpoint::Generate ? joinGenerate(roots) : joinOpenAi(bodies.front(), roots);
}

} // namespace pdlb::pd
