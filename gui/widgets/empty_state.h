// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace pdlb::gui {

/// What stands where there is nothing to show: why, in a sentence, and one thing to do.
class EmptyState final : public QWidget
{
    Q_OBJECT

public:
    explicit EmptyState(QWidget *parent = nullptr);
    void set(const QString &sentence, const QString &action);
    QString sentence() const;
    QPushButton *button() const { return m_button; }

Q_SIGNALS:
    void acted();

private:
    QLabel *m_sentence;
    QPushButton *m_button;
};

} // namespace pdlb::gui
