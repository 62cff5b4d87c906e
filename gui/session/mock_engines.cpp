// SPDX-License-Identifier: Apache-2.0
#include "session/mock_engines.h"

#include "mock/mock_fleet.h"

#include <QUrl>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

MockEngines::MockEngines(QObject *parent) : QObject(parent), m_thread(u"pdlb-mock"_s)
{
    m_thread.begin();
}

MockEngines::~MockEngines()
{
    m_thread.finish([this] { m_fleet.reset(); });
}

void MockEngines::start(int prefills, int decodes)
{
    m_thread.post([this, prefills, decodes] {
        m_fleet = std::make_unique<mock::MockFleet>(mock::FleetOptions{.prefills = prefills, .decodes = decodes, .engine = {.logBytes = 0}}); // the window has the requests
        if (const auto ok = m_fleet->start(); !ok) {
            QMetaObject::invokeMethod(this, [this, why = ok.error().message] { Q_EMIT failed(why); }, Qt::QueuedConnection);
            m_fleet.reset();
            return;
        }
        QList<ServerConfig> prefill;
        QList<ServerConfig> decode;
        for (const QUrl &url : m_fleet->prefillUrls())
            prefill += ServerConfig{.url = url.toString()};
        for (const QUrl &url : m_fleet->decodeUrls())
            decode += ServerConfig{.url = url.toString()};
        QMetaObject::invokeMethod(this, [this, prefill, decode] { Q_EMIT started(prefill, decode); }, Qt::QueuedConnection);
    });
}

void MockEngines::kill(Role role, int index)
{
    m_thread.post([this, role, index] {
        if (m_fleet)
            m_fleet->engine(role == Role::Prefill ? mock::Role::Prefill : mock::Role::Decode, index).kill();
    });
}

void MockEngines::restart(Role role, int index)
{
    m_thread.post([this, role, index] {
        if (m_fleet)
            (void)m_fleet->restart(role == Role::Prefill ? mock::Role::Prefill : mock::Role::Decode, index);
    });
}

} // namespace pdlb::gui
