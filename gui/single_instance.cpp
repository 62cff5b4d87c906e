// SPDX-License-Identifier: Apache-2.0
#include "single_instance.h"

#include <QLocalSocket>
#include <QSettings>

#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

QString SingleInstance::name()
{
    return u"pdlb-gui-%1"_s.arg(::getuid());
}

bool SingleInstance::isOtherThere()
{
    // Before there is a window nobody waits for anything else.
    constexpr int longest = 500; // milliseconds
    QLocalSocket socket;
    socket.connectToServer(name());
    return socket.waitForConnected(longest);
}

void SingleInstance::listen()
{
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket *socket = m_server.nextPendingConnection())
            socket->deleteLater();
        Q_EMIT raiseWanted();
    });
    if (!m_server.listen(name())) {
        QLocalServer::removeServer(name()); // left behind by one that crashed
        m_server.listen(name());
    }
}

QString settingsValue(const QString &file, const QString &key)
{
    if (!file.isEmpty())
        return QSettings(file, QSettings::IniFormat).value(key).toString();
    return QSettings(QSettings::IniFormat, QSettings::UserScope, u"pdlb"_s, u"pdlb-gui"_s).value(key).toString();
}

} // namespace pdlb::gui
