// SPDX-License-Identifier: Apache-2.0
#include "pd/prefill_fields.h"

#include <algorithm>
#include <cstring>

namespace pdlb::pd {

using json::Elements;
using json::Type;
using json::Value;

namespace {

constexpr const char *listFields[] = {"input_token_logprobs", "input_top_logprobs", "input_token_ids_logprobs"};
constexpr QByteArrayView listFieldsBegin = "\"input_to";
constexpr const char *expertsField = "routed_experts";

} // namespace

PrefillFields::PrefillFields(const RequestShape &shape) : m_generate(shape.endpoint == Endpoint::Generate)
{
    if (shape.returnLogprob && m_generate)
        m_fields.assign(std::begin(listFields), std::end(listFields));
    if (shape.returnRoutedExperts)
        m_fields.push_back(expertsField);
}

bool PrefillFields::mayHold(QByteArrayView text) const
{
    if (m_fields.empty())
        return false;
    const auto holds = [text](QByteArrayView what) {
        return ::memmem(text.data(), size_t(text.size()), what.data(), size_t(what.size())) != nullptr;
    };
    return (m_fields.front() != expertsField && holds(listFieldsBegin)) || (m_fields.back() == expertsField && holds(expertsField));
}

PrefillFields::Places PrefillFields::find(Value answer) const
{
    Places places;
    qint64 place = 0;
    if (!m_generate) {
        addMembers(-1, answer.member("sglext"), places);
        for (Elements choices(answer.member("choices")); choices.next(); ++place) {
            const Value choice = choices.value();
            addMembers(choice.member("index").integer().value_or(place), choice.member("sglext"), places);
        }
    } else if (answer.is(Type::Array)) {
        for (Elements answers(answer); answers.next(); ++place)
            addMembers(place, answers.value().member("meta_info"), places);
    } else {
        // In one pass too: nearly all of an event is in meta_info.
        Value index, meta;
        for (json::Members members(answer); members.next();) {
            if (members.isNamed("index"))
                index = members.value();
            else if (members.isNamed("meta_info"))
                meta = members.value();
        }
        addMembers(index.integer().value_or(0), meta, places);
    }
    return places;
}

/// In one pass, because the object may be large.
void PrefillFields::addMembers(qint64 index, Value object, Places &places) const
{
    for (json::Members members(object); members.next();) {
        for (const char *field : m_fields) {
            if (members.isNamed(field))
                places.push_back({{index, field}, members.value()});
        }
    }
}

void PrefillFields::remember(const Places &places)
{
    for (const Place &place : places) {
        if (!place.value.is(place.key.second == expertsField ? Type::String : Type::Array))
            continue;
        QByteArray &kept = m_kept[place.key];
        m_size += place.value.bytes().size() - kept.size();
        kept = place.value.bytes().toByteArray();
    }
}

std::vector<json::Replacement> PrefillFields::join(QByteArrayView text, const Places &places) const
{
    std::vector<json::Replacement> replacements;
    for (const Place &place : places) {
        const auto prefill = m_kept.find(place.key);
        if (prefill == m_kept.end())
            continue;
        const QByteArray value = joined(place.value, Value(prefill->second));
        if (!value.isNull())
            replacements.push_back({place.value.spanIn(text), value});
    }
    return replacements;
}

/// Prefill's part (a list, or base64 in a string) and what decode adds to it; null when decode's value is to stay.
QByteArray PrefillFields::joined(Value decode, Value prefill)
{
    if (decode.is(Type::Null))
        return prefill.bytes().toByteArray();
    if (decode.type() != prefill.type())
        return {};
    if (prefill.is(Type::Array)) {
        const QByteArrayView front = prefill.inside();
        const QByteArrayView back = decode.inside();
        if (front.isEmpty())
            return {};
        QByteArray list;
        list.reserve(front.size() + back.size() + 3);
        list += '[';
        list += front;
        if (!back.isEmpty())
            list += ',';
        list += back;
        return list += ']';
    }
    const auto front = QByteArray::fromBase64Encoding(prefill.string(), QByteArray::AbortOnBase64DecodingErrors);
    const auto back = QByteArray::fromBase64Encoding(decode.string(), QByteArray::AbortOnBase64DecodingErrors);
    if (!front || !back)
        return {};
    if (back.decoded.size() <= front.decoded.size())
        return prefill.bytes().toByteArray();
    const QByteArray bytes = front.decoded + back.decoded.sliced(front.decoded.size());
    return '"' + bytes.toBase64() + '"';
}

} // namespace pdlb::pd
