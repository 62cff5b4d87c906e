// SPDX-License-Identifier: Apache-2.0
#include "widgets/export_job.h"

#include "models/trace_text.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

QByteArray csvField(const QByteArray &text)
{
    QByteArray field = text;
    if (field.startsWith('=') || field.startsWith('+') || field.startsWith('-') || field.startsWith('@'))
        field.prepend('\''); // for programs that would take it for a formula
    return '"' + field.replace('"', "\"\"") + '"';
}

QByteArray csvHead()
{
    return "time,request_id,endpoint,model,prefill,decode,status,end,ttft_ms,total_ms,prompt_tokens,completion_tokens,bytes,comment\n";
}

QByteArray csvLine(const trace::Timeline &t)
{
    const auto ms = [](std::optional<Monotonic> time) { return time ? QByteArray::number(double(time->count()) / 1e6, 'f', 3) : QByteArray(); };
    const auto count = [](std::optional<qint64> number) { return number ? QByteArray::number(*number) : QByteArray(); };
    const QByteArrayList fields{t.startedAt.toUTC().toString(Qt::ISODateWithMs).toUtf8(), csvField(t.requestId), csvField(t.endpoint), csvField(t.model),
                                csvField(TraceText::serverOf(t, true).toUtf8()), csvField(TraceText::serverOf(t, false).toUtf8()), QByteArray::number(t.status),
                                t.ended ? QByteArray(trace::endReasonName(t.end)) : QByteArray("running"), ms(ttftOf(t)),
                                ms(t.ended ? std::optional(*t.ended - t.received) : std::nullopt), count(t.facts.promptTokens), count(t.facts.completionTokens),
                                QByteArray::number(t.answerBytes), csvField(t.comment.toUtf8())};
    return fields.join(',') + '\n';
}

} // namespace

ExportJob::ExportJob(const QString &format, bool secrets, QList<trace::TimelinePtr> requests, const QString &path, QObject *parent)
    : QObject(parent), m_format(format), m_requests(std::move(requests)), m_file(path)
{
    if (auto exporter = trace::makeExporter(format, {.secrets = secrets}))
        m_exporter = std::move(*exporter);
}

void ExportJob::start()
{
    if (!m_file.open(QIODevice::WriteOnly)) {
        fail();
        return;
    }
    m_file.write(m_exporter ? m_exporter->begin() : csvHead());
    step();
}

void ExportJob::step()
{
    constexpr int slice = 12; // milliseconds
    QElapsedTimer timer;
    timer.start();
    while (m_next < m_requests.size() && timer.elapsed() < slice) {
        const trace::Timeline &timeline = *m_requests[m_next++];
        const QByteArray text = m_exporter ? m_exporter->write(timeline) : csvLine(timeline);
        if (m_file.write(text) != text.size()) {
            fail();
            return;
        }
    }
    if (m_next < m_requests.size()) {
        QTimer::singleShot(0, this, &ExportJob::step);
        return;
    }
    for (QByteArray last = m_exporter ? m_exporter->finish() : QByteArray(); !last.isEmpty(); last = m_exporter->finish())
        m_file.write(last);
    if (!m_file.commit()) {
        fail();
        return;
    }
    Q_EMIT over(tr("%n requests written to %1 (%2)", nullptr, int(m_requests.size())).arg(m_file.fileName(), TraceText::bytes(QFileInfo(m_file.fileName()).size())), false);
}

void ExportJob::fail()
{
    m_file.cancelWriting();
    // Never from within start().
    QTimer::singleShot(0, this, [this] { Q_EMIT over(tr("%1 was not written: %2").arg(m_file.fileName(), m_file.errorString()), true); });
}

} // namespace pdlb::gui
