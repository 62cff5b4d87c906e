// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/json_edit.h"
#include "pd/request_shape.h"

#include <map>

namespace pdlb::pd {

/// The members of an answer whose first part only prefill knows: log-probabilities of the prompt's tokens
/// (meta_info.input_token_logprobs, input_top_logprobs, input_token_ids_logprobs of /generate) and routed experts
/// (meta_info.routed_experts; sglext.routed_experts of the OpenAI endpoints, at the top or in choices[]).
/// Remembers prefill's and joins them with decode's.
class PrefillFields
{
public:
    explicit PrefillFields(const RequestShape &shape);

    bool isEmpty() const { return m_fields.empty(); }
    /// A quick test: false when the text certainly holds none of the members.
    bool mayHold(QByteArrayView text) const;
    /// True when the answer holds one of the members.
    bool holds(json::Value answer) const;
    /// Keeps the members of prefill's answer or event; later ones replace earlier ones of the same index, because
    /// engines accumulate. Null members are not kept.
    void remember(json::Value answer);
    /// Bytes kept by remember().
    qsizetype size() const { return m_size; }
    /// The edits that put prefill's part before decode's in decode's answer `text`. Members that decode lacks stay away.
    std::vector<json::Replacement> join(QByteArrayView text, json::Value answer) const;

private:
    enum class Kind { List, Base64 };
    struct Field {
        QByteArrayView name;
        Kind kind;
    };
    /// An object that may hold the members, and which of the request's answers it belongs to.
    struct Holder {
        qint64 slot;
        json::Value object;
    };
    using Key = std::pair<qint64, qsizetype>; ///< slot, field

    std::vector<Holder> holders(json::Value answer) const;
    static QByteArray joined(Kind kind, json::Value decode, const QByteArray &prefill);

    std::vector<Field> m_fields;
    bool m_generate;
    std::map<Key, QByteArray> m_kept; ///< values as JSON text
    qsizetype m_size = 0;
};

} // namespace pdlb::pd
