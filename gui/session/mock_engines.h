// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "util/work_thread.h"

#include <QObject>

#include <memory>

namespace pdlb::mock {
class MockFleet;
}

namespace pdlb::gui {

/// Mock prefill and decode engines in this program, for people without a GPU at hand. In a thread of their own.
class MockEngines final : public QObject
{
    Q_OBJECT

public:
    explicit MockEngines(QObject *parent);
    ~MockEngines() override;

    /// started() or failed() follows.
    void start(int prefills, int decodes);
    /// That engine is gone as if killed, or there again.
    void kill(Role role, int index);
    void restart(Role role, int index);

Q_SIGNALS:
    void started(const QList<pdlb::ServerConfig> &prefill, const QList<pdlb::ServerConfig> &decode);
    void failed(const QString &why);

private:
    std::unique_ptr<mock::MockFleet> m_fleet; ///< made, used and destroyed in the thread
    WorkThread m_thread;
};

} // namespace pdlb::gui
