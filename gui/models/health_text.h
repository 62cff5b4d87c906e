// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "theme/theme.h"

#include <QCoreApplication>

namespace pdlb::gui {

/// How a server stands, in shape, colour and words.
struct HealthText
{
    Q_DECLARE_TR_FUNCTIONS(HealthText)

public:
    /// "●", "▲", "✖", "○"
    static QString symbol(const QString &status);
    static Tone tone(const QString &status);
    /// Of fleet::ServerStatus::name; another word stays as it is.
    static QString word(const QString &status);
};

} // namespace pdlb::gui
