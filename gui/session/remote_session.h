// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/sse.h"
#include "session/session.h"

#include <QNetworkAccessManager>
#include <QPointer>
#include <QSet>

#include <deque>

class QNetworkReply;

namespace pdlb::gui {

/// A balancer that runs elsewhere, by its admin API. When it cannot be reached, that is tried again and again.
class RemoteSession final : public Session
{
    Q_OBJECT

public:
    /// `url`: http(s)://HOST:PORT of its admin API. `adminKey`: sent as bearer token; empty: none.
    RemoteSession(const QUrl &url, const QByteArray &adminKey, QObject *parent);
    ~RemoteSession() override;

    bool isLocal() const override { return false; }
    QUrl url() const override;
    void ask(const QByteArray &method, const QByteArray &target, const QByteArray &body, QObject *context, Answer answer) override;
    void apply(const Config &config, QObject *context, Applied applied) override;
    std::vector<trace::TimelinePtr> takeTraces() override;
    void askRunning() override;
    bool hasFullRecords() const override { return false; }

    void connectNow();
    QUrl adminUrl() const { return m_url; }

    static constexpr std::chrono::milliseconds pause = std::chrono::seconds(2); ///< until it is tried again
    static constexpr qint64 longestAnswer = qint64(64) * 1024 * 1024;
    static constexpr size_t mostWaiting = 20'000;

protected:
    void askConfig() override;

private:
    QNetworkReply *send(const QByteArray &method, const QByteArray &target, const QByteArray &body);
    void openEvents();
    void readEvents();
    void takeEvent(const QByteArray &event);
    void keep(trace::TimelinePtr timeline);
    void lost(const QString &why);

    QNetworkAccessManager m_manager;
    QUrl m_url;
    QByteArray m_key;
    QPointer<QNetworkReply> m_events;
    http::SseSplitter m_splitter;
    QTimer m_retry;
    QTimer m_silence;
    std::deque<trace::TimelinePtr> m_waiting;
    QSet<quint64> m_told; ///< serials of requests that were taken, until there are many
    bool m_begun = false; ///< the requests from before we came are known
    bool m_runningAsked = false;
};

} // namespace pdlb::gui
