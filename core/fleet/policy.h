// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/random.h"

#include <QByteArrayView>

#include <limits>
#include <span>

namespace pdlb::fleet {

/// One server that may be picked, as a policy sees it.
struct Candidate {
    quint64 id = 0; ///< of its name: the same in every balancer and after every change of the fleet
    QByteArrayView name; ///< "p1"; valid during pick()
    int weight = 1; ///< at least 1
    qint64 inFlight = 0; ///< legs that run on it, from this balancer
    /// Its own word (/v1/loads) in requests, and what this balancer began and ended there since; NaN: unknown.
    double load = std::numeric_limits<double>::quiet_NaN();
};

/// What a policy may know of a request. Everything is valid during pick() only.
struct RequestTraits {
    bool prefill = true; ///< a prefill is to be picked, else a decode
    qsizetype peers = 1; ///< candidates of the other role
    QByteArrayView model; ///< empty: the request names none
    QByteArrayView hashKey; ///< what PolicyRules::hashKey names; empty: the request has none
    QByteArrayView prompt; ///< messages, prompt, text or input_ids as the body's bytes; only for those that want it
};

/// Chooses a server of one role. Prefill and decode have an object each. One object serves all worker threads: pick()
/// must be thread-safe and must not block. Randomness is injected.
class Policy
{
public:
    /// What pick() needs to be told; finding it costs time.
    enum Want { Nothing = 0, HashKey = 1, Prompt = 2, Load = 4 };

    virtual ~Policy() = default;
    /// An index into `candidates`, of which there is at least one.
    virtual qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &traits, Random &random) = 0;
    virtual QByteArray name() const = 0;
    virtual int wants() const { return Nothing; }
};

} // namespace pdlb::fleet
