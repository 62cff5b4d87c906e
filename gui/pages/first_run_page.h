// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

namespace pdlb::gui {

/// Where somebody is who has nothing yet: three ways to begin.
class FirstRunPage final : public QWidget
{
    Q_OBJECT

public:
    explicit FirstRunPage(QWidget *parent);

Q_SIGNALS:
    void mocksWanted();
    void urlsWanted();
    void attachWanted();
};

} // namespace pdlb::gui
