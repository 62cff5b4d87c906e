// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;

namespace pdlb::gui {

class PlainEdit;

/// Servers out of a text that somebody pastes, with what they would change.
class ImportDialog final : public QDialog
{
    Q_OBJECT

public:
    ImportDialog(const Config &current, const QString &text, QWidget *parent);
    /// With what was pasted.
    const Config &result() const { return m_result; }

Q_SIGNALS:
    void taken(const pdlb::Config &config);

private:
    void read();

    Config m_current;
    Config m_result;
    PlainEdit *m_text;
    QComboBox *m_role;
    QCheckBox *m_replace;
    QLabel *m_preview;
    QPushButton *m_take;
};

} // namespace pdlb::gui
