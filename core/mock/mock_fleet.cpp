// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_fleet.h"

namespace pdlb::mock {

namespace {

quint16 portOf(quint16 base, int index)
{
    return base == 0 ? quint16(0) : quint16(base + index);
}

} // namespace

MockFleet::MockFleet(FleetOptions options, QObject *parent) : QObject(parent), m_options(std::move(options))
{
    add(m_prefills, Role::Prefill, m_options.prefills, m_options.prefillPort, m_options.bootstrapPort);
    add(m_decodes, Role::Decode, m_options.decodes, m_options.decodePort, 0);
}

MockFleet::~MockFleet() = default;

void MockFleet::add(Engines &engines, Role role, int count, quint16 port, quint16 bootstrapPort)
{
    for (int i = 0; i < count; ++i) {
        MockOptions options = m_options.engine;
        options.port = portOf(port, i);
        options.bootstrapPort = portOf(bootstrapPort, i);
        for (const Setting &setting : m_options.settings) {
            if (setting.appliesTo(role, i))
                setting.applyTo(options);
        }
        engines.push_back(std::make_unique<MockEngine>(role, options, &m_hub));
        for (const Fault &fault : m_options.faults) {
            if (fault.appliesTo(role, i))
                engines.back()->addFault(fault);
        }
    }
}

Result<void> MockFleet::start()
{
    for (Engines *engines : {&m_prefills, &m_decodes}) {
        for (const auto &engine : *engines) {
            if (engines == &m_decodes && !m_prefills.empty())
                engine->setDefaultBootstrapPort(m_prefills.front()->bootstrapPort());
            if (auto done = engine->start(); !done) {
                stop();
                return done;
            }
        }
    }
    return {};
}

void MockFleet::stop()
{
    for (Engines *engines : {&m_prefills, &m_decodes}) {
        for (const auto &engine : *engines)
            engine->kill();
    }
}

MockEngine &MockFleet::engine(Role role, int index)
{
    return role == Role::Prefill ? prefill(index) : decode(index);
}

QList<QUrl> MockFleet::prefillUrls() const
{
    QList<QUrl> urls;
    for (const auto &engine : m_prefills)
        urls.append(engine->url());
    return urls;
}

QList<QUrl> MockFleet::decodeUrls() const
{
    QList<QUrl> urls;
    for (const auto &engine : m_decodes)
        urls.append(engine->url());
    return urls;
}

QList<quint16> MockFleet::bootstrapPorts() const
{
    QList<quint16> ports;
    for (const auto &engine : m_prefills)
        ports.append(engine->bootstrapPort());
    return ports;
}

} // namespace pdlb::mock
