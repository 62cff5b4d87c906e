// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <QCoreApplication>

namespace pdlb::gui {

/// A request's record as tables for people. Everything that others sent is escaped; secrets are hidden.
class TraceHtml
{
    Q_DECLARE_TR_FUNCTIONS(TraceHtml)

public:
    static QString overview(const trace::Timeline &timeline);
    /// Its phases with begin and length.
    static QString phases(const trace::Timeline &timeline);
    static QString request(const trace::Timeline &timeline);
    static QString leg(const trace::Timeline &timeline, bool prefill);
    /// What failed, whose fault it was, what was done about it, and where it was found stuck.
    static QString error(const trace::Timeline &timeline);
    /// Phases and figures of two, side by side.
    static QString comparison(const trace::Timeline &a, const QString &nameA, const trace::Timeline &b, const QString &nameB);
    /// Whose doing an end is and what to do, in a sentence.
    static QString advice(trace::EndReason end);
};

} // namespace pdlb::gui
