// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/sse.h"
#include "trace/timeline.h"

#include <QAbstractTableModel>

namespace pdlb::gui {

/// One server-sent event as it came.
struct StreamEvent {
    Monotonic at{0}; ///< since the request began
    QByteArray data; ///< without "data:"; at most EventModel::mostBytes
    qint64 bytes = 0; ///< as sent, with all fields
    QString text; ///< what it adds to the answer
    bool isDone = false;
};

/// The events of a stream, as rows. Bounded.
class EventModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { NumberColumn, TimeColumn, DeltaColumn, BytesColumn, TextColumn, ColumnCount };
    enum Role { DataRole = Qt::UserRole }; ///< the event's data, QByteArray

    static constexpr size_t most = 50'000;
    static constexpr qsizetype mostBytes = 64 * 1024;
    static constexpr qsizetype mostText = qsizetype(4) * 1024 * 1024; ///< characters of text()

    using QAbstractTableModel::QAbstractTableModel;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    void clear();
    /// Of a record: its answer as it was kept.
    void setAnswer(const trace::Timeline &timeline);
    void append(std::vector<StreamEvent> events);
    const std::vector<StreamEvent> &events() const { return m_events; }
    qint64 total() const { return m_total; } ///< with those that are not kept
    const QString &text() const { return m_text; }
    /// Milliseconds between neighbours.
    std::vector<double> gaps() const;
    /// A line of JSON for each.
    QByteArray toJsonLines() const;

private:
    std::vector<StreamEvent> m_events;
    QString m_text;
    qint64 m_total = 0;
};

/// Cuts what comes into events with their times.
class EventReader
{
public:
    /// `at`: when these bytes came.
    std::vector<StreamEvent> feed(QByteArrayView bytes, Monotonic at);

private:
    http::SseSplitter m_splitter;
    std::vector<QString> m_accumulated; ///< by index, of streams that repeat what was said
};

} // namespace pdlb::gui
