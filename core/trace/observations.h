// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/explanation.h"

#include <QByteArray>

#include <mutex>
#include <vector>

namespace pdlb::trace {

/// What an engine said when it was told to forget a request.
struct AbortAnswer {
    QByteArray server;
    Monotonic at{0};
    int status = 0; ///< 0: it did not answer
    QString error; ///< why not
};

/// What others than the relay find out about a request, also while it runs and after its end: the record holds it by a
/// shared pointer. Thread-safe; bounded.
class Observations
{
public:
    static constexpr size_t maxExplanations = 32; ///< the first one and the newest

    void addAbortAnswer(AbortAnswer answer);
    void addExplanation(Explanation explanation);
    std::vector<AbortAnswer> abortAnswers() const;
    bool isExplained() const;
    /// Where the request was stuck, each time somebody looked; in their order.
    std::vector<Explanation> explanations() const;

private:
    mutable std::mutex m_mutex;
    std::vector<AbortAnswer> m_aborts;
    std::vector<Explanation> m_explanations;
};

} // namespace pdlb::trace
