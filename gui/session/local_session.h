// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/session.h"
#include "session/trace_mailbox.h"
#include "util/work_thread.h"

namespace pdlb {
class Balancer;
}

namespace pdlb::gui {

/// The balancer in this program. It lives in a thread of its own, so that neither starting nor stopping it, nor what it does
/// for its engines, is felt in the window.
class LocalSession final : public Session
{
    Q_OBJECT

public:
    explicit LocalSession(const Config &config, QObject *parent);
    ~LocalSession() override;

    bool isLocal() const override { return true; }
    QUrl url() const override { return m_url; }
    void ask(const QByteArray &method, const QByteArray &target, const QByteArray &body, QObject *context, Answer answer) override;
    void apply(const Config &config, QObject *context, Applied applied) override;
    void start() override;
    void stop(bool drains) override;
    std::vector<trace::TimelinePtr> takeTraces() override { return m_mailbox.take(); }
    void askRunning() override;
    bool hasFullRecords() const override { return true; }
    std::shared_ptr<trace::BodyBudget> bodyBudget() const override { return m_bodies; }
    void setCapturing(bool capturing) override;

    /// Configuration files are written there after each apply(); empty: nowhere.
    void setConfigFile(const QString &path);
    const QString &configFile() const { return m_configFile; }

protected:
    void askConfig() override;

private:
    /// In the balancer's thread; null when it was stopped.
    using Work = std::function<void(Balancer &)>;
    void post(Work work);
    void ended();

    TraceMailbox m_mailbox;
    std::unique_ptr<Balancer> m_balancer; ///< made and destroyed in the thread
    std::shared_ptr<trace::BodyBudget> m_bodies;
    QUrl m_url;
    QString m_configFile;
    WorkThread m_thread; ///< last: it ends before what it works with
};

} // namespace pdlb::gui
