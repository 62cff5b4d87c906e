// SPDX-License-Identifier: Apache-2.0
#include "trace/explanation.h"

#include <QByteArrayView>

#include <array>

namespace pdlb::trace {

namespace {

constexpr std::array phaseNames{"waiting_for_pair", "connecting", "sending", "bootstrapping", "prefill_queue", "prefill_compute",
                                "kv_transfer", "decode_prealloc", "decode_queue", "decoding", "client", "unknown"};

} // namespace

const char *phaseName(PdPhase phase)
{
    return phaseNames[size_t(phase)];
}

PdPhase phaseFromName(QByteArrayView name)
{
    for (size_t i = 0; i < phaseNames.size(); ++i) {
        if (name == phaseNames[i])
            return PdPhase(i);
    }
    return PdPhase::Unknown;
}

} // namespace pdlb::trace
