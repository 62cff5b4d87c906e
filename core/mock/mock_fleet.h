// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/mock_engine.h"
#include "mock/setting.h"

#include <memory>
#include <vector>

namespace pdlb::mock {

/// How many engines, where, and how they behave.
struct FleetOptions {
    int prefills = 1;
    int decodes = 1;
    MockOptions engine; ///< for all; its port and bootstrapPort are not used
    quint16 prefillPort = 0; ///< of prefill 0, the next ones follow; 0: any free ports
    quint16 decodePort = 0;
    quint16 bootstrapPort = 0;
    std::vector<Fault> faults; ///< each goes to the engines that it names
    std::vector<Setting> settings; ///< likewise
};

/// Prefill and decode engines that know one another, in the calling thread:
///
///     MockFleet fleet({.prefills = 1, .decodes = 2});
///     if (auto ok = fleet.start(); !ok) …
///     fleet.decode(0).addFault(QStringLiteral("decode:status=503,count=1"));
///
/// Decodes use prefill 0's bootstrap port when a request says null.
class MockFleet final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(MockFleet)

public:
    explicit MockFleet(FleetOptions options = {}, QObject *parent = nullptr);
    ~MockFleet() override;

    /// All or nothing. The error names the address that could not be had.
    Result<void> start();
    /// Every engine stops as if killed.
    void stop();
    /// The same engine on the same ports, as after a crash.
    Result<void> restart(Role role, int index) { return engine(role, index).restart(); }

    int prefills() const { return int(m_prefills.size()); }
    int decodes() const { return int(m_decodes.size()); }
    MockEngine &engine(Role role, int index);
    MockEngine &prefill(int index = 0) { return *m_prefills[size_t(index)]; }
    MockEngine &decode(int index = 0) { return *m_decodes[size_t(index)]; }
    QList<QUrl> prefillUrls() const;
    QList<QUrl> decodeUrls() const;
    QList<quint16> bootstrapPorts() const; ///< one for each prefill
    Rendezvous &hub() { return m_hub; }

private:
    using Engines = std::vector<std::unique_ptr<MockEngine>>;
    void add(Engines &engines, Role role, int count, quint16 port, quint16 bootstrapPort);

    FleetOptions m_options;
    Rendezvous m_hub;
    Engines m_prefills;
    Engines m_decodes;
};

} // namespace pdlb::mock
