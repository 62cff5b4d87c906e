// SPDX-License-Identifier: Apache-2.0
#include "pd/answer_facts.h"

#include "pd/json_value.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace pdlb::pd {

namespace {

using json::Type;
using json::Value;

std::optional<double> number(Value value)
{
    if (!value.is(Type::Number))
        return {};
    bool good = false;
    const double result = value.bytes().toByteArray().toDouble(&good);
    return good ? std::optional(result) : std::nullopt;
}

void take(std::optional<qint64> &to, Value value)
{
    if (const auto count = value.integer(); count && *count >= 0)
        to = count;
}

void take(std::optional<double> &to, Value value)
{
    if (const auto found = number(value))
        to = found;
}

void takeUsage(Value usage, AnswerFacts &facts)
{
    for (json::Members member(usage); member.next();) {
        if (member.isNamed("prompt_tokens"))
            take(facts.promptTokens, member.value());
        else if (member.isNamed("completion_tokens"))
            take(facts.completionTokens, member.value());
        else if (member.isNamed("prompt_tokens_details"))
            take(facts.cachedTokens, member.value().member("cached_tokens"));
    }
}

void takeFinishReason(Value reason, AnswerFacts &facts)
{
    const Value name = reason.is(Type::Object) ? reason.member("type") : reason;
    if (name.is(Type::String))
        facts.finishReason = name.string(64);
}

void takeMetaInfo(Value meta, AnswerFacts &facts)
{
    for (json::Members member(meta); member.next();) {
        if (member.isNamed("prompt_tokens"))
            take(facts.promptTokens, member.value());
        else if (member.isNamed("completion_tokens"))
            take(facts.completionTokens, member.value());
        else if (member.isNamed("cached_tokens"))
            take(facts.cachedTokens, member.value());
        else if (member.isNamed("request_received_ts"))
            take(facts.serverReceived, member.value());
        else if (member.isNamed("request_finished_ts"))
            take(facts.serverFinished, member.value());
        else if (member.isNamed("queue_time"))
            take(facts.serverQueueTime, member.value());
        else if (member.isNamed("finish_reason"))
            takeFinishReason(member.value(), facts);
    }
}

void takeObject(Value object, AnswerFacts &facts)
{
    for (json::Members member(object); member.next();) {
        if (member.isNamed("model") && member.value().is(Type::String))
            facts.model = member.value().string(256);
        else if (member.isNamed("usage"))
            takeUsage(member.value(), facts);
        else if (member.isNamed("choices"))
            takeFinishReason(member.value().first().member("finish_reason"), facts);
        else if (member.isNamed("meta_info"))
            takeMetaInfo(member.value(), facts);
    }
}

/// Numbers that far apart are nobody's token counts.
void add(std::optional<qint64> &sum, const std::optional<qint64> &more)
{
    constexpr qint64 most = qint64(1) << 53;
    if (more)
        sum = std::min(sum.value_or(0) + std::min(*more, most), most);
}

/// What is not known yet.
void fillIn(AnswerFacts &facts, const AnswerFacts &earlier)
{
    const auto fill = [](auto &to, const auto &from) {
        if (!to)
            to = from;
    };
    if (facts.model.isEmpty())
        facts.model = earlier.model;
    if (facts.finishReason.isEmpty())
        facts.finishReason = earlier.finishReason;
    fill(facts.promptTokens, earlier.promptTokens);
    fill(facts.completionTokens, earlier.completionTokens);
    fill(facts.cachedTokens, earlier.cachedTokens);
    fill(facts.serverReceived, earlier.serverReceived);
    fill(facts.serverFinished, earlier.serverFinished);
    fill(facts.serverQueueTime, earlier.serverQueueTime);
}

/// A quick look at an event: false when it is one from the middle of a chat, which tells no more than the last one does.
bool mayEndStream(QByteArrayView event)
{
    const std::string_view text(event.data(), size_t(event.size()));
    if (text.find("\"meta_info\"") != text.npos || text.find("\"usage\"") != text.npos)
        return true;
    constexpr std::string_view reason = "\"finish_reason\"";
    size_t at = text.find(reason);
    if (at == text.npos)
        return true;
    at = text.find_first_not_of(" :", at + reason.size());
    return at == text.npos || text.compare(at, 4, "null") != 0;
}

} // namespace

void readFacts(QByteArrayView text, AnswerFacts &facts)
{
    const auto document = json::scan(text, json::NonFinite::Accept);
    if (!document)
        return;
    const Value value(text.sliced(document->value.begin, document->value.size()));
    if (document->type == Type::Object) {
        takeObject(value, facts);
        return;
    }
    AnswerFacts sum;
    for (json::Elements elements(value); elements.next();) {
        AnswerFacts one;
        takeObject(elements.value(), one);
        const auto [prompt, completion, cached] = std::tuple(sum.promptTokens, sum.completionTokens, sum.cachedTokens);
        sum = one;
        sum.promptTokens = prompt;
        sum.completionTokens = completion;
        sum.cachedTokens = cached;
        add(sum.promptTokens, one.promptTokens);
        add(sum.completionTokens, one.completionTokens);
        add(sum.cachedTokens, one.cachedTokens);
    }
    if (sum != AnswerFacts())
        facts = sum;
}

AnswerFacts factsOfAnswer(QByteArrayView tail, bool isStream)
{
    AnswerFacts facts;
    if (!isStream) {
        readFacts(tail, facts);
        return facts;
    }
    // The last data lines, from behind: the finish reason and the usage are in the last two, or in one.
    constexpr qsizetype longest = 8 * 1024;
    constexpr int mostLines = 4;
    tail = tail.last(std::min(tail.size(), longest));
    for (int read = 0; !tail.isEmpty() && read < mostLines && !(facts.finishReason.size() > 0 && facts.completionTokens);) {
        const auto *lf = static_cast<const char *>(::memrchr(tail.data(), '\n', size_t(tail.size())));
        QByteArrayView line = tail.sliced(lf ? lf + 1 - tail.data() : 0).trimmed();
        tail.truncate(lf ? lf - tail.data() : 0);
        if (!line.startsWith("data:") || (line = line.sliced(5).trimmed()) == "[DONE]")
            continue;
        AnswerFacts earlier;
        if (read++ == 0 || mayEndStream(line))
            readFacts(line, earlier);
        fillIn(facts, earlier);
    }
    return facts;
}

TextDelta readDelta(QByteArrayView text)
{
    TextDelta delta;
    const auto document = json::scan(text, json::NonFinite::Accept);
    if (!document || document->type != Type::Object)
        return delta;
    const Value object(text.sliced(document->value.begin, document->value.size()));
    const auto indexOf = [](Value index) { return int(std::clamp<qint64>(index.integer().value_or(0), 0, 1 << 20)); };
    if (const Value choice = object.member("choices").first(); choice.exists()) {
        delta.index = indexOf(choice.member("index"));
        const Value message = choice.member("delta").exists() ? choice.member("delta") : choice.member("message");
        const Value content = message.exists() ? message.member("content") : choice.member("text");
        if (content.is(Type::String))
            delta.content = content.string();
        for (const char *name : {"reasoning_content", "reasoning"}) {
            if (const Value reasoning = message.member(name); reasoning.is(Type::String) && delta.reasoning.isEmpty())
                delta.reasoning = reasoning.string();
        }
        return delta;
    }
    if (const Value content = object.member("text"); content.is(Type::String)) {
        delta.content = content.string();
        delta.index = indexOf(object.member("index"));
        delta.accumulated = true;
    }
    return delta;
}

} // namespace pdlb::pd
