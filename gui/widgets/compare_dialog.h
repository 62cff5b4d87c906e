// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <QDialog>

namespace pdlb::gui {

/// Two requests side by side: timing first, then figures, then what was asked and answered.
class CompareDialog final : public QDialog
{
    Q_OBJECT

public:
    CompareDialog(const trace::TimelinePtr &a, const QString &nameA, const trace::TimelinePtr &b, const QString &nameB, QWidget *parent);
};

} // namespace pdlb::gui
