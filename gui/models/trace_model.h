// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/filter.h"
#include "trace/timeline.h"

#include <QAbstractTableModel>

#include <deque>
#include <memory>
#include <unordered_map>

namespace pdlb::trace {
struct BodyBudget;
}

namespace pdlb::gui {

/// Requests as rows: those that run and the newest finished ones, bounded by number and bytes. Filters and sorts by itself:
/// a proxy's live sorting costs too much. What comes in is given at most some times a second. Pinned rows stay.
class TraceModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column {
        NumberColumn, TimeColumn, StateColumn, PairColumn, ModelColumn, TtftColumn, TotalColumn,
        EndpointColumn, QueueColumn, PrefillColumn, ItlColumn, TokensInColumn, TokensOutColumn, BytesColumn, EventsColumn, FinishColumn,
        EndColumn, ErrorColumn, PolicyColumn, AttemptsColumn, IdColumn, CommentColumn,
        WaterfallColumn, ///< always the last one
        ColumnCount
    };
    enum Role {
        TimelineRole = Qt::UserRole, ///< trace::TimelinePtr
        NumberRole, ///< quint64, stays with the request
    };

    struct Limits {
        size_t rows = 5000;
        qint64 bytes = qint64(64) * 1024 * 1024; ///< of records, without their bodies
    };

    explicit TraceModel(QObject *parent = nullptr);
    ~TraceModel() override;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    /// Of what is there; what comes later is held back until resume(). Column -1: as resume().
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

    /// Finished requests, the oldest first.
    void add(const std::vector<trace::TimelinePtr> &finished);
    /// All that run now, the newest first; those that ran before and are missing have ended or are unknown.
    void setRunning(const std::vector<trace::TimelinePtr> &running);
    void setFilter(const trace::Filter &filter);
    /// Rows in their order of arrival, with those that were held back.
    void resume();
    bool isSorted() const { return m_sortColumn >= 0; }
    /// Forgets all but what is pinned or runs.
    void clear();
    void setLimits(const Limits &limits);
    const Limits &limits() const { return m_limits; }
    /// When the budget is nearly used up, the oldest rows give their bodies back.
    void setBodyBudget(std::shared_ptr<trace::BodyBudget> budget) { m_budget = std::move(budget); }

    size_t total() const { return m_all.size(); }
    qint64 bytes() const { return m_bytes; }
    /// Requests that match and are held back while rows are sorted.
    qint64 heldBack() const { return m_heldBack; }
    trace::TimelinePtr timeline(int row) const;
    quint64 number(int row) const;
    /// -1: it is not shown.
    int rowOf(quint64 number) const;
    int rowOfRequest(const QByteArray &requestId) const;
    /// It is there, shown or not.
    trace::TimelinePtr find(quint64 number) const;
    trace::TimelinePtr findRequest(const QByteArray &requestId) const;
    void setPinned(int row, bool pinned);
    void setComment(int row, const QString &comment);
    /// Now, on the axis of running requests: of this program, or of the balancer that is shown.
    static Monotonic now();
    /// How much that axis is ahead of this program's clock; 0 for the balancer inside.
    static void setAxisOffset(Monotonic offset);

Q_SIGNALS:
    /// total(), bytes() or heldBack().
    void countsChanged();

private:
    struct Row;
    using RowPtr = std::unique_ptr<Row>;

    bool matches(const Row &row) const;
    Row *append(const trace::TimelinePtr &timeline, bool running);
    void replace(Row &row, trace::TimelinePtr timeline);
    void store(Row &row, trace::TimelinePtr timeline);
    void show(const std::vector<Row *> &rows);
    void dropGone();
    void evict();
    void giveBodiesBack();
    void changed(const std::vector<const Row *> &rows);
    int shownPosition(const Row &row) const;

    std::deque<RowPtr> m_all; ///< by number
    std::vector<Row *> m_shown; ///< by number, unless sorted
    std::unordered_map<quint64, Row *> m_running; ///< by serial
    trace::Filter m_filter;
    Limits m_limits;
    std::shared_ptr<trace::BodyBudget> m_budget;
    qint64 m_bytes = 0;
    qint64 m_heldBack = 0;
    quint64 m_nextNumber = 1;
    int m_sortColumn = -1;
};

} // namespace pdlb::gui
