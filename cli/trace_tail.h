// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/admin_client.h"
#include "cli/trace_columns.h"
#include "http/sse.h"

#include <QTimer>

namespace pdlb::cli {

/// `pdlb trace tail`: prints a line for each request as it ends, from the balancer's event stream. When the balancer goes, it waits for it to
/// come back. Runs until it is interrupted or has seen enough.
class TraceTail final : public QObject
{
    Q_OBJECT

public:
    struct Options {
        QString filter;
        int count = 0; ///< end after so many; 0: never
        bool json = false; ///< each event's JSON instead of columns
    };

    TraceTail(Streams &streams, const AdminClient &admin, TraceColumns columns, Options options);
    /// Runs the event loop; the exit code.
    int run();

private:
    void connectToBalancer();
    void read();
    void handle(const QByteArray &event);
    void finished();
    void leave(int code);

    Streams &m_streams;
    const AdminClient &m_admin;
    const TraceColumns m_columns;
    const Options m_options;
    QNetworkAccessManager m_manager;
    QNetworkReply *m_reply = nullptr; ///< child of m_manager
    http::SseSplitter m_splitter;
    QByteArray m_errorBody;
    QTimer m_pause;
    QTimer m_silence; ///< not even a heartbeat
    int m_seen = 0;
    int m_code = ExitOk;
    bool m_wasConnected = false;
    bool m_isGone = false; ///< which has been told
    bool m_over = false;
};

} // namespace pdlb::cli
