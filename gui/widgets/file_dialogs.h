// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <functional>

class QWidget;

namespace pdlb::gui {

/// What a file dialog would return; for tests, which cannot use one. Empty again after one use.
void setNextFileName(const QString &path);

/// Asks for a file to write, writes what `make` returns, whole or not at all, and says what came of it in the page's banner.
void saveBytes(QWidget *parent, const QString &title, const QString &suggestion, std::function<QByteArray()> make);
/// Asks for a file to write or to read; `take` gets its name unless the dialog was left.
void askSaveName(QWidget *parent, const QString &title, const QString &suggestion, std::function<void(const QString &)> take);
void askOpenName(QWidget *parent, const QString &title, const QString &filter, std::function<void(const QString &)> take);
/// The nearest banner above the widget tells it.
void tellNear(QWidget *widget, const QString &text, bool isError);

} // namespace pdlb::gui
