// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "doctor/options.h"
#include "doctor/report.h"
#include "util/result.h"

#include <QObject>

#include <memory>

namespace pdlb::control {
class Resolver;
}

namespace pdlb::doctor {

/// Examines a fleet: every server, every prefill's bootstrap server, every pair side by side, and sends a one-token request
/// through each pair that can be expected to work. Pairs that cannot are not tried: some differences end decode's scheduler.
/// Everything runs at once; a server that hangs costs its own pairs only. Asynchronous, in the caller's thread; may be
/// destroyed at any time, but from a slot of its signals only by deleteLater().
class Doctor final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Doctor)

public:
    /// `config` is valid and its secrets are read. `resolver` looks up servers' names; null: the machine's name servers.
    Doctor(const Config &config, Options options, control::Resolver *resolver = nullptr, QObject *parent = nullptr);
    ~Doctor() override;

    /// Once; finished() follows, never from within. Errors: a pair of the options that there is not, TLS files that cannot
    /// be used.
    Result<void> start();

Q_SIGNALS:
    /// `done` of `total` servers and pairs; `what` was done last, in words.
    void progress(int done, int total, const QString &what);
    void pairDone(const pdlb::doctor::PairReport &pair);
    void finished(const pdlb::doctor::Report &report);

private:
    void begin();
    void startPairs();
    void pairOver(size_t index);
    void step(const QString &what);

    class Private;
    std::unique_ptr<Private> d;
};

} // namespace pdlb::doctor
