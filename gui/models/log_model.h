// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractTableModel>
#include <QDateTime>

#include <deque>
#include <mutex>

namespace pdlb::gui {

struct LogEntry {
    enum class Level { Debug, Info, Warning, Error };
    QDateTime at;
    Level level = Level::Info;
    QString category;
    QString text;
};

/// Where messages of all threads wait for the window. Thread-safe; holds the newest `most`.
class LogMailbox
{
public:
    static constexpr size_t most = 5000;
    static LogMailbox &instance();
    /// Takes what Qt's logging tells from now on, beside whoever had it before.
    void install();
    void add(LogEntry entry);
    std::deque<LogEntry> take();

private:
    std::mutex m_mutex;
    std::deque<LogEntry> m_waiting;
};

/// The newest messages, the oldest first. Bounded: what goes leaves before what comes is put in.
class LogModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { TimeColumn, LevelColumn, CategoryColumn, TextColumn, ColumnCount };
    enum Role { LevelRole = Qt::UserRole };
    static constexpr size_t most = 20'000;

    using QAbstractTableModel::QAbstractTableModel;
    void add(std::deque<LogEntry> entries);
    void clear();

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::deque<LogEntry> m_entries;
};

} // namespace pdlb::gui
