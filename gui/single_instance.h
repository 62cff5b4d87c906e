// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLocalServer>

namespace pdlb::gui {

/// One window for each user, where that is wanted: a second program asks the first one to come forward.
class SingleInstance final : public QObject
{
    Q_OBJECT

public:
    /// Another program of this user listens; it was asked to raise its window. Waits up to half a second for it.
    bool isOtherThere();
    void listen();

Q_SIGNALS:
    void raiseWanted();

private:
    static QString name();
    QLocalServer m_server;
};

/// One value of the settings before there is a window.
QString settingsValue(const QString &file, const QString &key);

} // namespace pdlb::gui
