// SPDX-License-Identifier: Apache-2.0
#include "models/trace_model.h"

#include "models/trace_columns.h"
#include "models/trace_text.h"
#include "trace/trace_store.h"

#include <algorithm>
#include <unordered_set>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

Monotonic axisOffset{0}; ///< there is one balancer at a time

void prefetch(const trace::Timeline &timeline)
{
    constexpr size_t line = 64;
    const auto *bytes = reinterpret_cast<const char *>(&timeline);
    for (size_t at = 0; at < sizeof(timeline); at += line)
        __builtin_prefetch(bytes + at);
}

} // namespace

struct TraceModel::Row {
    trace::TimelinePtr timeline;
    quint64 number = 0;
    qint64 bytes = 0;
    int missed = 0; ///< so often it was not among the running ones any more
    bool running = false;
    bool shown = false;
    bool gone = false;
};

TraceModel::TraceModel(QObject *parent) : QAbstractTableModel(parent) {}
TraceModel::~TraceModel() = default;

Monotonic TraceModel::now()
{
    return SteadyClock::instance().now() + axisOffset;
}

void TraceModel::setAxisOffset(Monotonic offset)
{
    axisOffset = offset;
}

int TraceModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_shown.size());
}

int TraceModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant TraceModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row &row = *m_shown[size_t(index.row())];
    switch (role) {
    case Qt::DisplayRole: return index.column() == WaterfallColumn ? QVariant() : TraceColumns::text(*row.timeline, row.number, index.column());
    case Qt::ToolTipRole: return TraceColumns::toolTip(*row.timeline, row.number, index.column());
    case Qt::AccessibleTextRole:
        if (index.column() == StateColumn)
            return TraceText::stateInWords(*row.timeline);
        return index.column() == WaterfallColumn ? TraceColumns::toolTip(*row.timeline, row.number, index.column()) : TraceColumns::text(*row.timeline, row.number, index.column());
    case Qt::TextAlignmentRole:
        switch (index.column()) {
        case NumberColumn:
        case TtftColumn:
        case TotalColumn:
        case QueueColumn:
        case PrefillColumn:
        case ItlColumn:
        case TokensInColumn:
        case TokensOutColumn:
        case BytesColumn:
        case EventsColumn:
        case AttemptsColumn: return int(Qt::AlignRight | Qt::AlignVCenter);
        default: return int(Qt::AlignLeft | Qt::AlignVCenter);
        }
    case Qt::ForegroundRole:
        if (index.column() == StateColumn)
            return color(TraceText::tone(stateOf(*row.timeline)));
        if (index.column() == NumberColumn || index.column() == TimeColumn || index.column() == ModelColumn)
            return color(Tone::Muted);
        return {};
    case TimelineRole: return QVariant::fromValue(row.timeline);
    case NumberRole: return row.number;
    default: return {};
    }
}

QVariant TraceModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return section == NumberColumn || section == TtftColumn || section == TotalColumn ? int(Qt::AlignRight | Qt::AlignVCenter) : int(Qt::AlignLeft | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole) {
        switch (section) {
        case TtftColumn: return tr("Time to first token: from the request's last byte to the first byte of decode's good answer");
        case TotalColumn: return tr("From the request's last byte to its end");
        case QueueColumn: return tr("Until a pair was picked");
        case PrefillColumn: return tr("Prefill leg, from sent to answered: compute and KV transfer");
        case ItlColumn: return tr("Mean time between two pieces of decode's stream");
        default: return {};
        }
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case NumberColumn: return tr("#", "number of a request");
    case TimeColumn: return tr("Time");
    case StateColumn: return tr("State");
    case PairColumn: return tr("Pair");
    case ModelColumn: return tr("Model");
    case TtftColumn: return tr("TTFT");
    case TotalColumn: return tr("Total");
    case EndpointColumn: return tr("Endpoint");
    case QueueColumn: return tr("Queue");
    case PrefillColumn: return tr("Prefill");
    case ItlColumn: return tr("ITL");
    case TokensInColumn: return tr("Tokens in");
    case TokensOutColumn: return tr("Tokens out");
    case BytesColumn: return tr("Bytes");
    case EventsColumn: return tr("Events");
    case FinishColumn: return tr("Finish");
    case EndColumn: return tr("End");
    case ErrorColumn: return tr("What happened");
    case PolicyColumn: return tr("Policy");
    case AttemptsColumn: return tr("Attempts");
    case IdColumn: return tr("Request id");
    case CommentColumn: return tr("Comment");
    case WaterfallColumn: return tr("Waterfall");
    default: return {};
    }
}

bool TraceModel::matches(const Row &row) const
{
    return m_filter.matches(*row.timeline, now());
}

TraceModel::Row *TraceModel::append(const trace::TimelinePtr &timeline, bool running)
{
    auto row = std::make_unique<Row>();
    row->timeline = timeline;
    row->number = m_nextNumber++;
    row->running = running;
    row->bytes = trace::TraceStore::bytesOf(*timeline);
    m_bytes += row->bytes;
    m_all.push_back(std::move(row));
    return m_all.back().get();
}

/// The same request as it is known now; what people added to it stays.
void TraceModel::replace(Row &row, trace::TimelinePtr timeline)
{
    const trace::Timeline &before = *row.timeline;
    if (before.serial == timeline->serial && timeline != row.timeline && (before.pinned || !before.comment.isEmpty())) {
        auto own = std::make_shared<trace::Timeline>(*timeline);
        own->pinned = before.pinned;
        own->comment = before.comment;
        timeline = std::move(own);
    }
    store(row, std::move(timeline));
}

void TraceModel::store(Row &row, trace::TimelinePtr timeline)
{
    m_bytes -= row.bytes;
    row.timeline = std::move(timeline);
    row.bytes = trace::TraceStore::bytesOf(*row.timeline);
    m_bytes += row.bytes;
}

void TraceModel::add(const std::vector<trace::TimelinePtr> &finished)
{
    std::vector<Row *> fresh;
    std::vector<const Row *> touched;
    for (const trace::TimelinePtr &timeline : finished) {
        if (const auto running = m_running.find(timeline->serial); running != m_running.end()) {
            Row &row = *running->second;
            replace(row, timeline);
            row.running = false;
            m_running.erase(running);
            if (row.shown)
                touched.push_back(&row);
            else if (matches(row))
                fresh.push_back(&row);
            continue;
        }
        Row *row = append(timeline, false);
        if (matches(*row))
            fresh.push_back(row);
    }
    changed(touched);
    show(fresh);
    evict();
    giveBodiesBack();
    Q_EMIT countsChanged();
}

void TraceModel::setRunning(const std::vector<trace::TimelinePtr> &running)
{
    std::vector<Row *> fresh;
    std::vector<const Row *> touched;
    std::unordered_set<quint64> seen;
    for (auto it = running.rbegin(); it != running.rend(); ++it) {
        const trace::TimelinePtr &timeline = *it;
        seen.insert(timeline->serial);
        const auto known = m_running.find(timeline->serial);
        if (known == m_running.end()) {
            Row *row = append(timeline, true);
            m_running.emplace(timeline->serial, row);
            if (matches(*row))
                fresh.push_back(row);
            continue;
        }
        Row &row = *known->second;
        if (row.timeline != timeline) {
            replace(row, timeline);
            if (row.shown)
                touched.push_back(&row);
        }
        if (!row.shown && !isSorted() && matches(row)) // durations have grown
            fresh.push_back(&row);
    }
    // What ran and is not told any more has ended: its record comes by add(). Where none comes, since nothing was captured, the row goes.
    constexpr int mostMissed = 10;
    bool anyGone = false;
    for (auto it = m_running.begin(); it != m_running.end();) {
        Row &row = *it->second;
        row.missed = seen.contains(it->first) ? 0 : row.missed + 1;
        if (row.missed < mostMissed) {
            ++it;
            continue;
        }
        row.running = false;
        row.gone = anyGone = true;
        it = m_running.erase(it);
    }
    changed(touched);
    show(fresh);
    if (anyGone)
        dropGone();
    Q_EMIT countsChanged();
}

/// Puts rows where their number belongs: nearly always at the end.
void TraceModel::show(const std::vector<Row *> &rows)
{
    if (rows.empty())
        return;
    if (isSorted()) {
        m_heldBack += qint64(rows.size());
        return;
    }
    std::vector<Row *> last;
    for (Row *row : rows) {
        if (m_shown.empty() || row->number > m_shown.back()->number) {
            last.push_back(row);
            continue;
        }
        const auto place = std::lower_bound(m_shown.begin(), m_shown.end(), row->number, [](const Row *a, quint64 number) { return a->number < number; });
        const int at = int(place - m_shown.begin());
        beginInsertRows({}, at, at);
        m_shown.insert(place, row);
        row->shown = true;
        endInsertRows();
    }
    if (last.empty())
        return;
    std::sort(last.begin(), last.end(), [](const Row *a, const Row *b) { return a->number < b->number; });
    beginInsertRows({}, int(m_shown.size()), int(m_shown.size() + last.size()) - 1);
    for (Row *row : last) {
        row->shown = true;
        m_shown.push_back(row);
    }
    endInsertRows();
}

void TraceModel::evict()
{
    if (m_all.size() <= m_limits.rows && m_bytes <= m_limits.bytes)
        return;
    // Some more than needed, so that it is not done for each row.
    const size_t rows = m_limits.rows - m_limits.rows / 20;
    const qint64 bytes = m_limits.bytes - m_limits.bytes / 20;
    size_t left = m_all.size();
    qint64 leftBytes = m_bytes;
    for (const RowPtr &row : m_all) {
        if (left <= rows && leftBytes <= bytes)
            break;
        if (row->timeline->pinned || row->running)
            continue;
        row->gone = true;
        --left;
        leftBytes -= row->bytes;
    }
    dropGone();
}

void TraceModel::dropGone()
{
    // Each stretch at once, the last ones first.
    for (int end = int(m_shown.size()); end > 0;) {
        if (!m_shown[size_t(end - 1)]->gone) {
            --end;
            continue;
        }
        int begin = end - 1;
        while (begin > 0 && m_shown[size_t(begin - 1)]->gone)
            --begin;
        beginRemoveRows({}, begin, end - 1);
        m_shown.erase(m_shown.begin() + begin, m_shown.begin() + end);
        endRemoveRows();
        end = begin;
    }
    std::erase_if(m_all, [this](const RowPtr &row) {
        if (row->gone)
            m_bytes -= row->bytes;
        return row->gone;
    });
}

void TraceModel::giveBodiesBack()
{
    // A little earlier than the balancer's own store does. What that one holds too would not be freed by us.
    if (!m_budget || m_budget->memory.limit() <= 0)
        return;
    const qint64 most = m_budget->memory.limit() / 16 * 13;
    qint64 used = m_budget->memory.used();
    for (auto it = m_all.begin(); it != m_all.end() && used > most; ++it) {
        Row &row = **it;
        if (!row.timeline->bodies || row.timeline->pinned || row.timeline.use_count() > 1)
            continue;
        used -= row.timeline->bodies->bytes();
        auto without = std::make_shared<trace::Timeline>(*row.timeline);
        without->bodies.reset();
        row.timeline = std::move(without);
    }
}

void TraceModel::changed(const std::vector<const Row *> &rows)
{
    if (rows.empty())
        return;
    std::vector<int> positions;
    positions.reserve(rows.size());
    for (const Row *row : rows) {
        if (const int position = shownPosition(*row); position >= 0)
            positions.push_back(position);
    }
    std::sort(positions.begin(), positions.end());
    for (size_t i = 0; i < positions.size();) {
        size_t end = i + 1;
        while (end < positions.size() && positions[end] - positions[end - 1] <= 8) // few repaints rather than exact ones
            ++end;
        Q_EMIT dataChanged(index(positions[i], 0), index(positions[end - 1], ColumnCount - 1));
        i = end;
    }
}

int TraceModel::shownPosition(const Row &row) const
{
    if (!isSorted()) {
        const auto found = std::lower_bound(m_shown.begin(), m_shown.end(), row.number, [](const Row *a, quint64 number) { return a->number < number; });
        return found != m_shown.end() && *found == &row ? int(found - m_shown.begin()) : -1;
    }
    const auto found = std::find(m_shown.begin(), m_shown.end(), &row);
    return found == m_shown.end() ? -1 : int(found - m_shown.begin());
}

void TraceModel::setFilter(const trace::Filter &filter)
{
    beginResetModel();
    m_filter = filter;
    m_sortColumn = -1;
    m_heldBack = 0;
    m_shown.clear();
    const Monotonic at = now();
    // Records lie anywhere in memory: waiting for each of them would be most of the time.
    constexpr size_t ahead = 8;
    const size_t count = m_all.size();
    for (size_t i = 0; i < count; ++i) {
        if (i + 3 * ahead < count)
            __builtin_prefetch(m_all[i + 3 * ahead].get());
        if (i + 2 * ahead < count)
            prefetch(*m_all[i + 2 * ahead]->timeline);
        if (i + ahead < count)
            __builtin_prefetch(m_all[i + ahead]->timeline->searchText.constData());
        Row &row = *m_all[i];
        row.shown = m_filter.matches(*row.timeline, at);
        if (row.shown)
            m_shown.push_back(&row);
    }
    endResetModel();
    Q_EMIT countsChanged();
}

void TraceModel::resume()
{
    setFilter(m_filter);
}

void TraceModel::sort(int column, Qt::SortOrder order)
{
    if (column < 0) {
        if (isSorted())
            resume();
        return;
    }
    Q_EMIT layoutAboutToBeChanged({}, VerticalSortHint);
    const QModelIndexList before = persistentIndexList();
    std::vector<Row *> rows;
    for (const QModelIndex &index : before)
        rows.push_back(m_shown[size_t(index.row())]);
    std::vector<std::pair<QVariant, Row *>> keyed;
    keyed.reserve(m_shown.size());
    for (Row *row : m_shown)
        keyed.emplace_back(TraceColumns::sortKey(*row->timeline, row->number, column), row);
    std::stable_sort(keyed.begin(), keyed.end(), [order](const auto &a, const auto &b) {
        const QPartialOrdering less = QVariant::compare(a.first, b.first);
        return order == Qt::AscendingOrder ? less == QPartialOrdering::Less : less == QPartialOrdering::Greater;
    });
    std::unordered_map<const Row *, int> places;
    for (size_t i = 0; i < keyed.size(); ++i) {
        m_shown[i] = keyed[i].second;
        places.emplace(m_shown[i], int(i));
    }
    m_sortColumn = column;
    QModelIndexList after;
    for (qsizetype i = 0; i < before.size(); ++i)
        after += index(places.at(rows[size_t(i)]), before[i].column());
    changePersistentIndexList(before, after);
    Q_EMIT layoutChanged({}, VerticalSortHint);
}

void TraceModel::clear()
{
    beginResetModel();
    std::erase_if(m_all, [this](const RowPtr &row) {
        const bool goes = !row->timeline->pinned && !row->running;
        if (goes)
            m_bytes -= row->bytes;
        return goes;
    });
    m_shown.clear();
    for (const RowPtr &row : m_all) {
        row->shown = matches(*row);
        if (row->shown)
            m_shown.push_back(row.get());
    }
    m_sortColumn = -1;
    m_heldBack = 0;
    endResetModel();
    Q_EMIT countsChanged();
}

void TraceModel::setLimits(const Limits &limits)
{
    m_limits = limits;
    evict();
    Q_EMIT countsChanged();
}

trace::TimelinePtr TraceModel::timeline(int row) const
{
    return row >= 0 && size_t(row) < m_shown.size() ? m_shown[size_t(row)]->timeline : nullptr;
}

quint64 TraceModel::number(int row) const
{
    return row >= 0 && size_t(row) < m_shown.size() ? m_shown[size_t(row)]->number : 0;
}

int TraceModel::rowOf(quint64 number) const
{
    const auto found = std::find_if(m_shown.begin(), m_shown.end(), [number](const Row *row) { return row->number == number; });
    return found == m_shown.end() ? -1 : int(found - m_shown.begin());
}

int TraceModel::rowOfRequest(const QByteArray &requestId) const
{
    const auto found = std::find_if(m_shown.rbegin(), m_shown.rend(), [&](const Row *row) { return row->timeline->requestId == requestId; });
    return found == m_shown.rend() ? -1 : int(m_shown.rend() - found) - 1;
}

trace::TimelinePtr TraceModel::find(quint64 number) const
{
    const auto found = std::lower_bound(m_all.begin(), m_all.end(), number, [](const RowPtr &row, quint64 n) { return row->number < n; });
    return found != m_all.end() && (*found)->number == number ? (*found)->timeline : nullptr;
}

trace::TimelinePtr TraceModel::findRequest(const QByteArray &requestId) const
{
    const auto found = std::find_if(m_all.rbegin(), m_all.rend(), [&](const RowPtr &row) { return row->timeline->requestId == requestId; });
    return found == m_all.rend() ? nullptr : (*found)->timeline;
}

void TraceModel::setPinned(int row, bool pinned)
{
    auto copy = std::make_shared<trace::Timeline>(*m_shown[size_t(row)]->timeline);
    copy->pinned = pinned;
    store(*m_shown[size_t(row)], std::move(copy));
    Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
}

void TraceModel::setComment(int row, const QString &comment)
{
    auto copy = std::make_shared<trace::Timeline>(*m_shown[size_t(row)]->timeline);
    copy->comment = comment;
    store(*m_shown[size_t(row)], std::move(copy));
    Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
}

} // namespace pdlb::gui
