// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

#include <span>
#include <variant>

namespace pdlb {

/// Where a setting's value is. Durations are seconds (fractions allowed) and sizes bytes wherever people write them.
using FieldRef = std::variant<bool *, int *, quint16 *, qint64 *, double *, std::optional<qint64> *, std::optional<quint16> *, std::chrono::milliseconds *,
                              QString *, QStringList *, QByteArrayList *, QList<double> *, QMap<QString, QString> *, BootstrapPort *, Pairing *,
                              OnNoHealthy *, TransportKind *>;

/// One setting: the configuration file, the command line, the range check and the documentation all come from its row.
template <typename Owner> struct Field {
    const char *key; ///< in the file: "host", "health.interval"
    FieldRef (*of)(Owner &);
    const char *help;
    double least = 0; ///< of a number, in the unit that people write
    double most = 0;
    const char *flags = nullptr; ///< "--name,--other-name"; none: there is no flag
    const char *type = nullptr; ///< what stands for the value in help: "FILE"
    bool atStart = false; ///< a change needs a restart

    /// Only to be read from.
    FieldRef in(const Owner &owner) const { return of(const_cast<Owner &>(owner)); }
    /// Both have the same value.
    bool sameIn(const Owner &a, const Owner &b) const;
};

/// All but the lists of servers and pairs.
std::span<const Field<Config>> configFields();
std::span<const Field<ServerConfig>> serverFields();
std::span<const Field<PairConfig>> pairFields();

/// The words for an enumeration's values, in their order.
std::span<const char *const> wordsOf(Pairing);
std::span<const char *const> wordsOf(OnNoHealthy);
std::span<const char *const> wordsOf(TransportKind);

/// What a number must be, when it is not; empty otherwise: "is -1; expected 0 to 100".
template <typename Owner> QString outOfRange(const Field<Owner> &field, const Owner &owner);

extern template struct Field<Config>;
extern template struct Field<ServerConfig>;
extern template struct Field<PairConfig>;
extern template QString outOfRange(const Field<Config> &, const Config &);
extern template QString outOfRange(const Field<ServerConfig> &, const ServerConfig &);
extern template QString outOfRange(const Field<PairConfig> &, const PairConfig &);

} // namespace pdlb
