// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>

class QAction;

namespace pdlb::gui {

/// Every key, by page, and what the waterfall's textures mean.
class KeysDialog final : public QDialog
{
    Q_OBJECT

public:
    KeysDialog(const QList<QPair<QString, QList<QAction *>>> &groups, QWidget *parent);
};

/// Versions, licences, and diagnostics to copy.
class AboutDialog final : public QDialog
{
    Q_OBJECT

public:
    /// `state`: lines on what runs now.
    AboutDialog(const QStringList &state, QWidget *parent);
    /// Without secrets.
    static QString diagnostics(const QStringList &state);
};

} // namespace pdlb::gui
