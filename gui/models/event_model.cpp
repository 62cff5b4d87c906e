// SPDX-License-Identifier: Apache-2.0
#include "models/event_model.h"

#include "models/trace_text.h"
#include "pd/answer_facts.h"
#include "trace/redact.h"
#include "util/json_writer.h"

#include <QFont>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

int EventModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_events.size());
}

int EventModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant EventModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const StreamEvent &event = m_events[size_t(index.row())];
    if (role == DataRole)
        return event.data;
    if (role == Qt::TextAlignmentRole)
        return int((index.column() == TextColumn ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case NumberColumn: return index.row() + 1;
    case TimeColumn: return TraceText::duration(event.at);
    case DeltaColumn: return index.row() == 0 ? u"–"_s : TraceText::duration(event.at - m_events[size_t(index.row() - 1)].at);
    case BytesColumn: return TraceText::bytes(event.bytes);
    case TextColumn: return event.text.isEmpty() ? TraceText::foreign(event.data, 300) : TraceText::foreign(event.text.toUtf8(), 300);
    default: return {};
    }
}

QVariant EventModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((section == TextColumn ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case NumberColumn: return tr("#", "number of an event");
    case TimeColumn: return tr("Time");
    case DeltaColumn: return tr("Δ");
    case BytesColumn: return tr("Bytes");
    case TextColumn: return tr("Text");
    default: return {};
    }
}

void EventModel::clear()
{
    beginResetModel();
    m_events.clear();
    m_text.clear();
    m_total = 0;
    endResetModel();
}

void EventModel::setAnswer(const trace::Timeline &timeline)
{
    beginResetModel();
    m_events.clear();
    m_text.clear();
    m_total = 0;
    if (timeline.bodies && timeline.stream) {
        const trace::KeptBody &answer = timeline.bodies->answer;
        EventReader reader;
        qsizetype begin = 0;
        for (const trace::KeptBody::Piece &piece : answer.pieces) {
            const auto end = std::min(qsizetype(piece.end), answer.bytes.size());
            if (end <= begin)
                continue;
            for (StreamEvent &event : reader.feed(QByteArrayView(answer.bytes).sliced(begin, end - begin), std::chrono::microseconds(piece.micros))) {
                ++m_total;
                if (m_events.size() >= most)
                    continue;
                if (m_text.size() < mostText)
                    m_text += event.text;
                m_events.push_back(std::move(event));
            }
            begin = end;
        }
    }
    endResetModel();
}

void EventModel::append(std::vector<StreamEvent> events)
{
    m_total += qint64(events.size());
    for (const StreamEvent &event : events) {
        if (m_text.size() < mostText)
            m_text += event.text;
    }
    const size_t room = m_events.size() < most ? most - m_events.size() : 0;
    const size_t count = std::min(room, events.size());
    if (count == 0)
        return;
    beginInsertRows({}, int(m_events.size()), int(m_events.size() + count) - 1);
    m_events.insert(m_events.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.begin() + qsizetype(count)));
    endInsertRows();
}

std::vector<double> EventModel::gaps() const
{
    std::vector<double> gaps;
    for (size_t i = 1; i < m_events.size(); ++i) {
        if (!m_events[i].isDone)
            gaps.push_back(double((m_events[i].at - m_events[i - 1].at).count()) / 1e6);
    }
    return gaps;
}

QByteArray EventModel::toJsonLines() const
{
    QByteArray lines;
    for (const StreamEvent &event : m_events) {
        QByteArray line;
        JsonWriter json(line);
        json.beginObject();
        json.member("ms", double(event.at.count()) / 1e6);
        json.member("bytes", event.bytes);
        json.member("data", trace::redactBody(event.data));
        json.endObject();
        lines += line + '\n';
    }
    return lines;
}

std::vector<StreamEvent> EventReader::feed(QByteArrayView bytes, Monotonic at)
{
    m_splitter.feed(bytes);
    std::vector<StreamEvent> events;
    QByteArray raw;
    while (m_splitter.next(raw)) {
        const QByteArray data = http::SseSplitter::data(raw);
        if (data.isEmpty()) // a comment
            continue;
        StreamEvent event{.at = at, .data = data.left(EventModel::mostBytes), .bytes = raw.size(), .isDone = data == "[DONE]"};
        const pd::TextDelta delta = pd::readDelta(data);
        event.text = QString::fromUtf8(delta.reasoning + delta.content);
        if (delta.accumulated && delta.index >= 0 && delta.index < 1024) {
            if (m_accumulated.size() <= size_t(delta.index))
                m_accumulated.resize(size_t(delta.index) + 1);
            QString &before = m_accumulated[size_t(delta.index)];
            const QString whole = std::exchange(event.text, event.text.startsWith(before) ? event.text.sliced(before.size()) : event.text);
            before = whole;
        }
        events.push_back(std::move(event));
    }
    return events;
}

} // namespace pdlb::gui
