// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/facts.h"
#include "doctor/finding.h"

#include <QDateTime>
#include <QJsonObject>

namespace pdlb::doctor {

enum class Verdict {
    NotPaired, ///< the configuration does not put them together; not examined
    Works,
    Suspect, ///< works, with warnings
    Fails,
};

/// "not_paired", "works", "suspect", "fails".
const char *verdictName(Verdict verdict);

struct ServerReport {
    ServerFacts facts;
    Findings findings;
    std::optional<BootstrapFacts> bootstrap; ///< of a prefill
    Findings bootstrapFindings;
};

struct PairReport {
    QString prefill;
    QString decode;
    Verdict verdict = Verdict::NotPaired;
    RequestFacts request;
    /// Errors of both servers and the bootstrap server, then the pair's own: the whole explanation of the cell.
    Findings findings;
    /// Why no request was sent; empty when one was.
    QString notTried;
};

/// What the doctor found. A value: it stays true after the doctor and the fleet are gone.
struct Report {
    QDateTime startedAt;
    double seconds = 0; ///< that it took
    QList<ServerReport> servers; ///< prefills first, in the configuration's order
    QList<PairReport> pairs; ///< by prefill, then by decode; every combination

    const ServerReport *server(Role role, const QString &name) const;
    const PairReport *pair(const QString &prefill, const QString &decode) const;
    int count(Verdict verdict) const;
    /// Some pair works and none fails.
    bool isGood() const { return count(Verdict::Fails) == 0 && count(Verdict::Works) + count(Verdict::Suspect) > 0; }
    /// Everything that was found, each once, errors first.
    Findings allFindings() const;
};

/// The same for machines; see resources/openapi.json.
QJsonObject toJson(const Report &report);

struct TextStyle {
    bool colours = false; ///< ANSI
};
/// What toJson() made, also in another process, for people: servers, the matrix of pairs, and what is wrong with cause and
/// remedy. Members that are missing or of another type are left out.
QString reportText(const QJsonObject &report, const TextStyle &style);

} // namespace pdlb::doctor
