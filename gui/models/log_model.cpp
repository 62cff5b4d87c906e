// SPDX-License-Identifier: Apache-2.0
#include "models/log_model.h"

#include "theme/theme.h"
#include "util/escape.h"

#include <QColor>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

QtMessageHandler before = nullptr;

void takeMessage(QtMsgType type, const QMessageLogContext &context, const QString &text)
{
    const auto level = type == QtDebugMsg ? LogEntry::Level::Debug : type == QtInfoMsg ? LogEntry::Level::Info
        : type == QtWarningMsg ? LogEntry::Level::Warning : LogEntry::Level::Error;
    LogMailbox::instance().add({QDateTime::currentDateTime(), level, QString::fromUtf8(context.category), text});
    if (before)
        before(type, context, text);
}

} // namespace

LogMailbox &LogMailbox::instance()
{
    static LogMailbox mailbox;
    return mailbox;
}

void LogMailbox::install()
{
    before = qInstallMessageHandler(takeMessage);
    if (before == takeMessage) // twice
        before = nullptr;
}

void LogMailbox::add(LogEntry entry)
{
    const std::scoped_lock lock(m_mutex);
    m_waiting.push_back(std::move(entry));
    if (m_waiting.size() > most)
        m_waiting.pop_front();
}

std::deque<LogEntry> LogMailbox::take()
{
    const std::scoped_lock lock(m_mutex);
    return std::exchange(m_waiting, {});
}

void LogModel::add(std::deque<LogEntry> entries)
{
    while (entries.size() > most)
        entries.pop_front();
    if (entries.empty())
        return;
    if (const size_t sum = m_entries.size() + entries.size(); sum > most) {
        const size_t gone = std::min(sum - most, m_entries.size());
        beginRemoveRows({}, 0, int(gone) - 1);
        m_entries.erase(m_entries.begin(), m_entries.begin() + qsizetype(gone));
        endRemoveRows();
    }
    beginInsertRows({}, int(m_entries.size()), int(m_entries.size() + entries.size()) - 1);
    m_entries.insert(m_entries.end(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
    endInsertRows();
}

void LogModel::clear()
{
    beginResetModel();
    m_entries.clear();
    endResetModel();
}

int LogModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_entries.size());
}

int LogModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant LogModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const LogEntry &entry = m_entries[size_t(index.row())];
    if (role == LevelRole)
        return int(entry.level);
    if (role == Qt::ForegroundRole) {
        if (index.column() == TextColumn && entry.level == LogEntry::Level::Info)
            return {};
        return color(entry.level == LogEntry::Level::Error ? Tone::Bad : entry.level == LogEntry::Level::Warning ? Tone::Warn : Tone::Muted);
    }
    if (role == Qt::ToolTipRole && index.column() == TextColumn)
        return tip(entry.text.left(2000));
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case TimeColumn: return entry.at.toString(u"HH:mm:ss.zzz"_s);
    case LevelColumn:
        switch (entry.level) {
        case LogEntry::Level::Debug: return tr("debug");
        case LogEntry::Level::Info: return tr("info");
        case LogEntry::Level::Warning: return u"▲ "_s + tr("warning");
        case LogEntry::Level::Error: return u"✖ "_s + tr("error");
        }
        return {};
    case CategoryColumn: return entry.category;
    case TextColumn: return escapeControls(entry.text.left(4000));
    default: return {};
    }
}

QVariant LogModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return role == Qt::TextAlignmentRole ? QVariant(int(Qt::AlignLeft | Qt::AlignVCenter)) : QVariant();
    switch (section) {
    case TimeColumn: return tr("Time");
    case LevelColumn: return tr("Level");
    case CategoryColumn: return tr("Part");
    case TextColumn: return tr("Message");
    default: return {};
    }
}

} // namespace pdlb::gui
