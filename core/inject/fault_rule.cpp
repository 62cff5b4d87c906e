// SPDX-License-Identifier: Apache-2.0
#include "inject/fault_rule.h"

#include <QRegularExpression>

using namespace Qt::StringLiterals;

namespace pdlb::inject {

namespace {

constexpr qsizetype longestRule = 4096;
constexpr double longestDelay = 3'600'000; // milliseconds
const QString actions = u"known are delay TIME, status CODE, drop after N events, stall after N events, cut, wrong-room"_s;

/// "500ms", "1.5s"; a number alone is milliseconds, as in filters.
std::optional<std::chrono::milliseconds> readDelay(const QString &text)
{
    const bool isMs = text.endsWith(u"ms");
    const bool isSeconds = !isMs && text.endsWith(u's');
    bool good = false;
    const double number = text.chopped(isMs ? 2 : isSeconds ? 1 : 0).toDouble(&good);
    const double ms = isSeconds ? number * 1000 : number;
    if (!good || !(ms >= 0) || ms > longestDelay)
        return {};
    return std::chrono::milliseconds(qint64(ms));
}

std::optional<qint64> readCount(const QString &text, qint64 least, qint64 most)
{
    bool good = false;
    const qint64 count = text.toLongLong(&good);
    return good && count >= least && count <= most ? std::optional(count) : std::nullopt;
}

Result<void> readAction(const QStringList &words, FaultRule &rule)
{
    const QString &name = words.first();
    const auto whole = [&](qsizetype count) { return words.size() == count; };
    if (name == "delay"_L1 && whole(2)) {
        rule.kind = FaultKind::Delay;
        if (const auto delay = readDelay(words[1])) {
            rule.delay = *delay;
            return {};
        }
        return failure(u"delay \"%1\": expected a time up to an hour, like 500ms or 2s"_s.arg(words[1]));
    }
    if (name == "status"_L1 && whole(2)) {
        rule.kind = FaultKind::Status;
        if (const auto status = readCount(words[1], 400, 599)) {
            rule.status = int(*status);
            return {};
        }
        return failure(u"status \"%1\": expected 400 to 599"_s.arg(words[1]));
    }
    if (name == "drop"_L1 || name == "stall"_L1) {
        rule.kind = name == "drop"_L1 ? FaultKind::Drop : FaultKind::Stall;
        const bool shaped = whole(4) && words[1] == "after"_L1 && (words[3] == "events"_L1 || words[3] == "event"_L1);
        if (const auto events = shaped ? readCount(words[2], 0, 1'000'000'000) : std::nullopt) {
            rule.events = *events;
            return {};
        }
        return failure(u"\"%1\": expected \"%2 after N events\""_s.arg(words.join(u' '), name));
    }
    if (name == "cut"_L1 && whole(1)) {
        rule.kind = FaultKind::Cut;
        return {};
    }
    if (name == "wrong-room"_L1 && whole(1)) {
        rule.kind = FaultKind::WrongRoom;
        return {};
    }
    return failure(u"\"%1\" is no action; %2"_s.arg(words.join(u' '), actions));
}

Result<void> readOption(const QStringList &words, FaultRule &rule)
{
    if (words.size() == 2 && words[0] == "count"_L1) {
        rule.count = readCount(words[1], 1, 1'000'000'000);
        return rule.count ? Result<void>() : failure(u"count \"%1\": expected a whole number from 1"_s.arg(words[1]));
    }
    if (words.size() == 2 && words[0] == "probability"_L1) {
        const bool percent = words[1].endsWith(u'%');
        bool good = false;
        rule.probability = words[1].chopped(percent ? 1 : 0).toDouble(&good) / (percent ? 100 : 1);
        if (good && rule.probability >= 0 && rule.probability <= 1)
            return {};
        return failure(u"probability \"%1\": expected 0 to 1, or 0% to 100%"_s.arg(words[1]));
    }
    return failure(u"\"%1\": expected \"probability P\" or \"count N\" behind the action"_s.arg(words.join(u' ')));
}

/// Takes "leg:prefill" or "leg:decode" out of the filter, blanks in its place so that columns stay what they are.
void takeLeg(QString &filter, FaultRule &rule)
{
    static const QRegularExpression leg(u"(?<=^|\\s)leg:(prefill|decode)(?=\\s|$)"_s, QRegularExpression::CaseInsensitiveOption);
    if (const auto match = leg.match(filter); match.hasMatch()) {
        rule.prefill = match.captured(1).compare("prefill"_L1, Qt::CaseInsensitive) == 0;
        filter.replace(match.capturedStart(), match.capturedLength(), QString(match.capturedLength(), u' '));
    }
}

} // namespace

Result<FaultRule> parseFaultRule(const QString &text)
{
    if (text.size() > longestRule)
        return failure(u"the rule is longer than %1 characters"_s.arg(longestRule));
    const qsizetype arrow = text.lastIndexOf("->"_L1);
    if (arrow < 0)
        return failure(u"\"%1\": expected \"FILTER -> ACTION\"; %2"_s.arg(text.left(100), actions));
    FaultRule rule;
    rule.text = text.simplified();
    QString condition = text.left(arrow);
    takeLeg(condition, rule);
    auto filter = trace::Filter::parse(condition);
    if (!filter)
        return failure(u"column %1: %2"_s.arg(filter.error().column + 1).arg(filter.error().message));
    rule.filter = std::move(*filter);
    const QStringList parts = text.sliced(arrow + 2).split(u',');
    for (qsizetype i = 0; i < parts.size(); ++i) {
        const QStringList words = parts[i].simplified().toLower().split(u' ', Qt::SkipEmptyParts);
        if (words.isEmpty())
            return failure(i == 0 ? u"an action is missing behind \"->\"; %1"_s.arg(actions) : u"there is a comma with nothing behind it"_s);
        if (auto read = i == 0 ? readAction(words, rule) : readOption(words, rule); !read)
            return tl::unexpected(read.error());
    }
    return rule;
}

} // namespace pdlb::inject
