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

    /// One of the members in an answer. A batch's answers are told apart by their place in a list (JSON) or by their
    /// index (events, choices).
    struct Place {
        std::pair<qint64, const char *> key; ///< index, member
        json::Value value;
    };
    using Places = std::vector<Place>;

    bool isEmpty() const { return m_fields.empty(); }
    /// A quick test: false when the text certainly holds none of the members.
    bool mayHold(QByteArrayView text) const;
    /// The members in an answer or event.
    Places find(json::Value answer) const;
    /// Keeps the members of prefill's answer or event; later ones replace earlier ones of the same index, because
    /// engines accumulate. Null members are not kept.
    void remember(const Places &places);
    /// Bytes kept by remember().
    qsizetype size() const { return m_size; }
    /// The edits that put prefill's part before decode's in decode's answer `text`. Members that decode lacks stay
    /// away.
    std::vector<json::Replacement> join(QByteArrayView text, const Places &places) const;

private:
    void addMembers(qint64 index, json::Value object, Places &places) const;
    static QByteArray joined(json::Value decode, json::Value prefill);

    std::vector<const char *> m_fields;
    bool m_generate;
    std::map<std::pair<qint64, const char *>, QByteArray> m_kept; ///< values as JSON text
    qsizetype m_size = 0;
};

} // namespace pdlb::pd
