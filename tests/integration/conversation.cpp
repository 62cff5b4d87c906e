// SPDX-License-Identifier: Apache-2.0
#include "conversation.h"

using namespace Qt::StringLiterals;

namespace pdlb::test {

using tables::ClientRow;
using tables::Fate;

Conversation::Conversation(const ClientRow &row, const QList<qsizetype> &cuts, quint16 port)
    : row(row), m_client(port), m_pieces(cuts + QList<qsizetype>{row.bytes.size()}), m_server(port)
{
    m_client.again(isHead(0));
}

void Conversation::sendNext()
{
    if (m_next == m_pieces.size())
        return;
    m_client.send(row.bytes.sliced(m_sent, m_pieces[m_next] - m_sent));
    m_sent = m_pieces[m_next++];
    if (row.halfClosed && m_next == m_pieces.size())
        m_client.shutdownWrite();
}

bool Conversation::isRead(const Wire &wire) const
{
    const quint16 own = m_client.localPort();
    return m_client.closed() || m_client.done()
        || (wire.has(m_server, own) && !m_client.unsent() && wire.isRead(own, m_server));
}

void Conversation::takeAnswer()
{
    const int status = m_client.status();
    m_interim += m_client.interim();
    if (!m_client.whole())
        complain("an incomplete answer");
    if (!row.answers[m_answers.size()].contains(status))
        complain("status " + QByteArray::number(status));
    const bool asked = m_answers.size() < row.requests.size() && !isHead(m_answers.size());
    if (status >= 400 && (asked || row.requests.isEmpty()) && !m_client.json()["error"_L1].isObject())
        complain("an error without JSON");
    if (isHead(m_answers.size()) && !m_client.body().isEmpty())
        complain("a body for HEAD");
    m_announcedClose = m_client.headers().hasToken("connection", "close");
    m_answers.append(status);
    m_client.again(isHead(m_answers.size()));
}

bool Conversation::settle()
{
    if (m_settled)
        return true;
    while (!answered() && m_client.done() && m_client.status() != 0)
        takeAnswer();
    if (!answered()) {
        // Closed, or bytes that are no answer: nothing more will come.
        m_settled = m_client.done();
        return m_settled;
    }
    const bool closing = row.answers.isEmpty() || m_announcedClose;
    if (closing) {
        m_settled = m_client.closed();
        if (m_settled && !m_client.raw().isEmpty())
            complain("bytes behind the last answer: " + m_client.raw().left(100));
        return m_settled;
    }
    if (!m_probed) {
        // Were one of the bytes taken for another request, its answer would come first.
        m_probed = true;
        m_client.get("/health", "X-Request-Id: probe\r\n");
    }
    if (m_client.done()) {
        m_settled = true;
        if (m_client.status() != 200 || m_client.header("x-request-id") != "probe")
            complain("the next request was answered with " + m_client.describe());
    }
    return m_settled;
}

QByteArray Conversation::complaint() const
{
    QByteArrayList all = m_complaints;
    if (!answered())
        all.append(QByteArray::number(m_answers.size()) + " answers");
    if (m_interim != row.interim)
        all.append(QByteArray::number(m_interim) + " interim answers");
    if (row.fate == Fate::Closed && m_probed)
        all.append("the connection was kept");
    if (row.fate == Fate::Kept && m_announcedClose)
        all.append("the connection was closed");
    return all.join("; ");
}

QByteArrayList Conversation::forwarded() const
{
    QByteArrayList bodies;
    for (qsizetype i = 0; i < row.requests.size(); ++i) {
        if (row.requests[i].isGeneration() && m_answers.value(i) == 200)
            bodies.append(row.requests[i].body);
    }
    return bodies;
}

QByteArray Conversation::describe() const
{
    QByteArray text = QByteArray(row.id) + ' ' + row.name + " in pieces up to";
    for (const qsizetype end : m_pieces)
        text += ' ' + QByteArray::number(end);
    return text;
}

} // namespace pdlb::test
