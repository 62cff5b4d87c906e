// SPDX-License-Identifier: Apache-2.0
#include "pd/sglang_members.h"

namespace pdlb::pd::sglang {

namespace {

struct KnownName {
    QByteArrayView name;
    const json::Member *KnownMembers::*member;
};

constexpr KnownName knownNames[] = {
    {"stream", &KnownMembers::stream},
    {"model", &KnownMembers::model},
    {"rid", &KnownMembers::rid},
    {"n", &KnownMembers::n},
    {"best_of", &KnownMembers::bestOf},
    {"use_beam_search", &KnownMembers::beamSearch},
    {"seed", &KnownMembers::seed},
    {"prompt", &KnownMembers::prompt},
    {"text", &KnownMembers::text},
    {"input_ids", &KnownMembers::inputIds},
    {"input_embeds", &KnownMembers::inputEmbeds},
    {"sampling_params", &KnownMembers::samplingParams},
    {"return_logprob", &KnownMembers::returnLogprob},
    {"return_routed_experts", &KnownMembers::returnRoutedExperts},
    {"messages", &KnownMembers::messages},
    {"routed_dp_rank", &KnownMembers::routedDpRank},
    {"data_parallel_rank", &KnownMembers::dataParallelRank},
    {"disagg_prefill_dp_rank", &KnownMembers::prefillDpRank},
};

} // namespace

KnownMembers findMembers(const json::Document &document, QByteArrayView body)
{
    KnownMembers found;
    for (const json::Member &member : document.members) {
        const QByteArrayView name = member.name(body);
        for (const KnownName &known : knownNames) {
            if (name == known.name)
                found.*known.member = &member;
        }
        found.hasBootstrap = found.hasBootstrap || isBootstrapName(name);
    }
    return found;
}

bool isBootstrapName(QByteArrayView name)
{
    return name == "bootstrap_host" || name == "bootstrap_port" || name == "bootstrap_room";
}

} // namespace pdlb::pd::sglang
