// SPDX-License-Identifier: Apache-2.0
#include "pd/prefill_fields.h"

#include <algorithm>

namespace pdlb::pd {

using json::Elements;
using json::Type;
using json::Value;

PrefillFields::PrefillFields(const RequestShape &shape) : m_generate(shape.endpoint == Endpoint::Generate)
{
    if (shape.returnLogprob && m_generate) {
        for (const char *name : {"input_token_logprobs", "input_top_logprobs", "input_token_ids_logprobs"})
            m_fields.push_back({name, Kind::List});
    }
    if (shape.returnRoutedExperts)
        m_fields.push_back({"routed_experts", Kind::Base64});
}

bool PrefillFields::mayHold(QByteArrayView text) const
{
    return std::any_of(m_fields.begin(), m_fields.end(), [text](const Field &field) { return text.contains(field.name); });
}

/// A batch's answers are told apart by their place in a list (JSON) or by their index (events, choices).
std::vector<PrefillFields::Holder> PrefillFields::holders(Value answer) const
{
    std::vector<Holder> found;
    const auto add = [&found](qint64 slot, Value object) {
        if (object.is(Type::Object))
            found.push_back({slot, object});
    };
    if (!m_generate) {
        add(-1, answer.member("sglext"));
        qint64 place = 0;
        for (Elements choices(answer.member("choices")); choices.next(); ++place)
            add(choices.value().member("index").integer().value_or(place), choices.value().member("sglext"));
    } else if (answer.is(Type::Array)) {
        qint64 place = 0;
        for (Elements answers(answer); answers.next(); ++place)
            add(place, answers.value().member("meta_info"));
    } else {
        add(answer.member("index").integer().value_or(0), answer.member("meta_info"));
    }
    return found;
}

bool PrefillFields::holds(Value answer) const
{
    for (const Holder &holder : holders(answer)) {
        for (const Field &field : m_fields) {
            if (holder.object.member(field.name).exists())
                return true;
        }
    }
    return false;
}

void PrefillFields::remember(Value answer)
{
    for (const Holder &holder : holders(answer)) {
        for (size_t i = 0; i < m_fields.size(); ++i) {
            const Value value = holder.object.member(m_fields[i].name);
            if (!value.is(m_fields[i].kind == Kind::List ? Type::Array : Type::String))
                continue;
            QByteArray &kept = m_kept[{holder.slot, qsizetype(i)}];
            m_size += value.bytes().size() - kept.size();
            kept = value.bytes().toByteArray();
        }
    }
}

std::vector<json::Replacement> PrefillFields::join(QByteArrayView text, Value answer) const
{
    std::vector<json::Replacement> replacements;
    for (const Holder &holder : holders(answer)) {
        for (size_t i = 0; i < m_fields.size(); ++i) {
            const Value decode = holder.object.member(m_fields[i].name);
            const auto prefill = m_kept.find({holder.slot, qsizetype(i)});
            if (!decode.exists() || prefill == m_kept.end())
                continue;
            const QByteArray value = joined(m_fields[i].kind, decode, prefill->second);
            if (!value.isNull())
                replacements.push_back({decode.spanIn(text), value});
        }
    }
    return replacements;
}

/// Null when decode's value is to stay.
QByteArray PrefillFields::joined(Kind kind, Value decode, const QByteArray &prefill)
{
    if (decode.is(Type::Null))
        return prefill;
    if (kind == Kind::List) {
        const QByteArrayView front = Value(prefill).inside();
        if (!decode.is(Type::Array) || front.isEmpty())
            return {};
        const QByteArrayView back = decode.inside();
        QByteArray list;
        list.reserve(front.size() + back.size() + 3);
        list += '[';
        list += front;
        if (!back.isEmpty())
            list += ',';
        list += back;
        return list += ']';
    }
    const auto front = QByteArray::fromBase64Encoding(Value(prefill).string(), QByteArray::AbortOnBase64DecodingErrors);
    const auto back = QByteArray::fromBase64Encoding(decode.string(), QByteArray::AbortOnBase64DecodingErrors);
    if (!decode.is(Type::String) || !front || !back)
        return {};
    if (back.decoded.size() <= front.decoded.size())
        return prefill;
    const QByteArray bytes = front.decoded + back.decoded.sliced(front.decoded.size());
    return '"' + bytes.toBase64() + '"';
}

} // namespace pdlb::pd
