// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/config_draft.h"
#include "session/doctor_run.h"
#include "trace/recent_stats.h"

#include <QAbstractTableModel>
#include <QPointer>

namespace pdlb::gui {

class Session;

/// Prefills as rows, decodes as columns; a cell is what is known of that pair.
class MatrixModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum class CellState { Good, Slow, Bad, Off, Unknown };
    struct Cell {
        QString prefill;
        QString decode;
        bool paired = false; ///< both enabled and put together
        CellState state = CellState::Unknown;
        QString word; ///< "page size differs", "3 in flight", "disabled"
        qint64 inFlight = 0;
        std::optional<double> ttftP50; ///< milliseconds
        QString verdict; ///< the doctor's, see DoctorVerdict

        bool operator==(const Cell &) const = default;
    };
    enum Role { PrefillRole = Qt::UserRole, DecodeRole };

    MatrixModel(ConfigDraft &draft, const trace::RecentStats &stats, QObject *parent);
    void setSession(Session *session);
    void setVerdicts(const DoctorVerdicts &verdicts);
    const DoctorVerdicts &verdicts() const { return m_verdicts; }
    /// How many requests run on which pair.
    void setRunning(const std::vector<trace::TimelinePtr> &running);
    /// Looks at everything anew.
    void refresh();

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    const Cell *cell(const QModelIndex &index) const;
    static QString symbol(CellState state);

private:
    Cell look(const ServerConfig &prefill, const ServerConfig &decode) const;

    ConfigDraft &m_draft;
    const trace::RecentStats &m_stats;
    QPointer<Session> m_session;
    DoctorVerdicts m_verdicts;
    QHash<std::pair<QString, QString>, qint64> m_running;
    std::vector<std::vector<Cell>> m_cells; ///< by row and column
    QStringList m_prefills;
    QStringList m_decodes;
};

} // namespace pdlb::gui
