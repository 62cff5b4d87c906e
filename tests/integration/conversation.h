// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http_client.h"
#include "tables/client_rows.h"
#include "wire.h"

namespace pdlb::test {

/// A client that sends a row's bytes in pieces and looks at everything that comes back.
class Conversation final
{
    Q_DISABLE_COPY_MOVE(Conversation)

public:
    /// `cuts`: where the bytes are split.
    Conversation(const tables::ClientRow &row, const QList<qsizetype> &cuts, quint16 port);

    const tables::ClientRow &row;

    qsizetype pieces() const { return m_pieces.size(); }
    void sendNext();
    /// The balancer has read all that was sent; or it has given its last answer, and reads no more.
    bool isRead(const Wire &wire) const;
    /// Takes what has come; true when there is nothing more to wait for.
    bool settle();
    /// What is wrong; empty: nothing.
    QByteArray complaint() const;
    /// Requests that must have reached the engines.
    QByteArrayList forwarded() const;
    QByteArray describe() const;

private:
    bool isHead(qsizetype answer) const { return row.requests.value(answer).method == "HEAD"; }
    bool answered() const { return m_answers.size() >= row.answers.size(); }
    void complain(const QByteArray &what) { m_complaints.append(what); }
    void takeAnswer();

    Client m_client;
    QList<qsizetype> m_pieces; ///< where they end
    quint16 m_server;
    qsizetype m_next = 0;
    qsizetype m_sent = 0;
    QList<int> m_answers;
    int m_interim = 0;
    bool m_announcedClose = false;
    bool m_probed = false;
    bool m_settled = false;
    QByteArrayList m_complaints;
};

} // namespace pdlb::test
