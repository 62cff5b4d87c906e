// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>

class QLabel;
class QLineEdit;
class QPushButton;

namespace pdlb::gui {

/// Looks for words in a text that is shown: in the nearest text widget of `scope` that is visible.
class FindBar final : public QFrame
{
    Q_OBJECT

public:
    FindBar(QWidget *scope, QWidget *parent);
    void open();
    void find(bool backward);
    QLineEdit *edit() const { return m_edit; }

Q_SIGNALS:
    /// Look in the bodies of all requests.
    void everywhere(const QString &words);

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    QWidget *m_scope;
    QLineEdit *m_edit;
    QLabel *m_result;
    QPushButton *m_everywhere;
};

} // namespace pdlb::gui
