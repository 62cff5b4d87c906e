// SPDX-License-Identifier: Apache-2.0
#include "http/sse.h"
#include "pd/byte_runs.h"
#include "pd/json_value.h"
#include "pd/sglang_request.h"

#include <cstring>

using namespace Qt::StringLiterals;

namespace pdlb::pd::sglang {

using json::Type;
using json::Value;

namespace {

/// A status as engines write it: a number, or a string of digits; 0 when it is none.
int statusOf(Value code)
{
    const QByteArray text = code.string();
    const qint64 number = code.is(Type::String) ? text.toLongLong() : code.integer().value_or(0);
    return number >= 100 && number <= 599 ? int(number) : 0;
}

InBandError describe(Value message, Value code, const QString &otherwise)
{
    constexpr qsizetype maxMessage = 4096;
    const QString text = QString::fromUtf8(message.string(maxMessage));
    return {statusOf(code), text.isEmpty() ? otherwise : text};
}

std::optional<InBandError> judge(Value answer)
{
    const Value reason = answer.member("meta_info").member("finish_reason");
    if (reason.member("type").string(16) == "abort")
        return describe(reason.member("message"), reason.member("status_code"), u"The engine aborted the request."_s);
    const Value error = answer.member("error");
    if (error.is(Type::Object))
        return describe(error.member("message"), error.member("code"), u"The engine reported an error."_s);
    if (error.is(Type::String))
        return describe(error, answer.member("code"), u"The engine reported an error."_s);
    if (answer.member("object").string(16) == "error")
        return describe(answer.member("message"), answer.member("code"), u"The engine reported an error."_s);
    for (json::Elements choices(answer.member("choices")); choices.next();) {
        if (choices.value().member("finish_reason").string(16) == "abort")
            return InBandError{0, u"The engine aborted the request."_s};
    }
    return std::nullopt;
}

} // namespace

bool mayHoldError(QByteArrayView bytes)
{
    // Both words have an "or" in them.
    const auto stands = [&](const char *at, QByteArrayView word) {
        return at >= bytes.begin() && bytes.end() - at >= word.size() && std::memcmp(at, word.data(), size_t(word.size())) == 0;
    };
    for (const char *p = bytes.begin(); (p = json::findPair(p, bytes.end(), 'o', 'r')) != bytes.end(); ++p) {
        if (stands(p - 3, "\"abort\"") || stands(p - 4, "\"error\""))
            return true;
    }
    return false;
}

std::optional<InBandError> inBandError(QByteArrayView event)
{
    if (!mayHoldError(event))
        return std::nullopt;
    const QByteArray data = http::SseSplitter::data(event);
    const auto document = json::scan(data, json::NonFinite::Accept);
    if (!document)
        return std::nullopt;
    return judge(Value(document->value.in(data)));
}

} // namespace pdlb::pd::sglang
