// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <QCoreApplication>
#include <QVariant>

namespace pdlb::gui {

/// What the columns of the trace table say of a request (TraceModel::Column).
class TraceColumns
{
    Q_DECLARE_TR_FUNCTIONS(TraceColumns)

public:
    static QString text(const trace::Timeline &timeline, quint64 number, int column);
    /// What rows are sorted by.
    static QVariant sortKey(const trace::Timeline &timeline, quint64 number, int column);
    static QString toolTip(const trace::Timeline &timeline, quint64 number, int column);
};

} // namespace pdlb::gui
