// SPDX-License-Identifier: Apache-2.0
#include "inject/faulty_leg.h"

#include "util/api_error.h"

#include <QPointer>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::inject {

FaultyLeg::FaultyLeg(upstream::Leg *inner, Injection injection, QObject *parent)
    : Leg(parent), m_inner(inner), m_injection(std::move(injection))
{
    inner->setParent(this);
    inner->setObserver(this);
}

void FaultyLeg::legFinished(const upstream::LegEnd &end)
{
    if (m_stalled)
        return; // silence is all that comes, until the user gives up
    m_over = true;
    observer().legFinished(end);
}

void FaultyLeg::send()
{
    m_sent = true;
    if (m_injection.delay.count() > 0)
        QTimer::singleShot(m_injection.delay, this, &FaultyLeg::sendNow);
    else
        sendNow();
}

void FaultyLeg::sendNow()
{
    if (m_over)
        return;
    if (m_injection.fault && m_injection.fault->kind == FaultKind::Status)
        QMetaObject::invokeMethod(this, &FaultyLeg::answerStatus, Qt::QueuedConnection); // never from within send()
    else
        m_inner->send();
}

void FaultyLeg::answerStatus()
{
    if (m_over)
        return;
    m_inner->abort();
    const QByteArray body = ApiError{m_injection.fault->status, "fault_injection",
        u"fault injection: the engine was not asked (rule \"%1\")"_s.arg(m_injection.fault->text)}.toJson();
    http::ResponseHead answer;
    answer.status = m_injection.fault->status;
    answer.reason = "Fault Injection";
    answer.headers.add("Content-Type", "application/json");
    answer.framing = http::Framing::Length;
    answer.contentLength = body.size();
    const QPointer<FaultyLeg> self(this); // whoever hears may abort or delete it
    observer().legSent();
    if (self && !m_over)
        observer().legHead(answer);
    if (self && !m_over)
        observer().legData(body);
    if (self && !std::exchange(m_over, true))
        observer().legFinished({upstream::LegEndKind::Complete, {}});
}

void FaultyLeg::resume()
{
    if (!m_stalled)
        m_inner->resume();
}

void FaultyLeg::abort()
{
    m_over = true;
    m_inner->abort();
}

void FaultyLeg::legData(QByteArrayView bytes)
{
    if (m_over || m_stalled)
        return;
    if (!m_injection.fault || m_injection.fault->kind == FaultKind::Status) {
        observer().legData(bytes);
        return;
    }
    const FaultRule &rule = *m_injection.fault;
    if (rule.kind == FaultKind::Cut) {
        breakOff(u"at its first byte"_s);
        return;
    }
    const QPointer<FaultyLeg> self(this);
    // As many whole events as are to come through, byte by byte only where the last of them ends.
    http::SseScanner ahead = m_scanner;
    ahead.feed(bytes);
    qsizetype take = bytes.size();
    if (ahead.events() >= rule.events) {
        take = 0;
        while (take < bytes.size() && m_scanner.events() < rule.events)
            m_scanner.feed(bytes.sliced(take++, 1));
    } else {
        m_scanner = ahead;
    }
    if (take > 0)
        observer().legData(bytes.first(take));
    if (!self || m_over || ahead.events() < rule.events)
        return;
    if (rule.kind == FaultKind::Drop) {
        breakOff(u"behind %1 events"_s.arg(rule.events));
    } else {
        m_stalled = true;
        m_inner->pause();
    }
}

void FaultyLeg::breakOff(const QString &where)
{
    m_over = true;
    m_inner->abort();
    observer().legFinished({upstream::LegEndKind::Cut, u"fault injection broke the connection %1"_s.arg(where)});
}

BytePieces withWrongRooms(const BytePieces &body, const QList<quint64> &rooms)
{
    QByteArray bytes = body.toByteArray();
    for (const quint64 room : rooms) // large and random: nothing else in a body looks like one
        bytes.replace(QByteArray::number(room), QByteArray::number(room ^ 1));
    return BytePieces(bytes);
}

} // namespace pdlb::inject
