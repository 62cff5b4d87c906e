// SPDX-License-Identifier: Apache-2.0
#include "models/matrix_model.h"

#include "models/health_text.h"
#include "models/trace_text.h"
#include "session/session.h"
#include "theme/theme.h"

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

/// What fits in a cell.
QString shortName(const DoctorFinding &finding)
{
    QString name = finding.name;
    return name.isEmpty() ? finding.what : name.replace(u'_', u' ');
}

} // namespace

MatrixModel::MatrixModel(ConfigDraft &draft, const trace::RecentStats &stats, QObject *parent) : QAbstractTableModel(parent), m_draft(draft), m_stats(stats)
{
    connect(&draft, &ConfigDraft::changed, this, &MatrixModel::refresh);
    refresh();
}

void MatrixModel::setSession(Session *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    m_verdicts.clear();
    m_running.clear();
    if (session) {
        connect(session, &Session::fleetChanged, this, &MatrixModel::refresh);
        connect(session, &Session::runningTold, this, &MatrixModel::setRunning);
    }
    refresh();
}

void MatrixModel::setVerdicts(const DoctorVerdicts &verdicts)
{
    // One pair examined again leaves what is known of the others.
    for (auto it = verdicts.begin(); it != verdicts.end(); ++it)
        m_verdicts.insert(it.key(), it.value());
    refresh();
}

void MatrixModel::setRunning(const std::vector<trace::TimelinePtr> &running)
{
    m_running.clear();
    for (const trace::TimelinePtr &timeline : running) {
        const trace::LegTimeline *prefill = timeline->leg(true);
        const trace::LegTimeline *decode = timeline->leg(false);
        if (prefill && decode)
            ++m_running[{QString::fromUtf8(prefill->server), QString::fromUtf8(decode->server)}];
    }
}

QString MatrixModel::symbol(CellState state)
{
    switch (state) {
    case CellState::Good: return u"●"_s;
    case CellState::Slow: return u"▲"_s;
    case CellState::Bad: return u"✖"_s;
    case CellState::Off:
    case CellState::Unknown: return u"○"_s;
    }
    return {};
}

MatrixModel::Cell MatrixModel::look(const ServerConfig &prefill, const ServerConfig &decode) const
{
    Cell cell{.prefill = prefill.name, .decode = decode.name};
    const bool together = ConfigDraft::isPaired(m_draft.config(), prefill.name, decode.name);
    cell.paired = together && prefill.enabled && decode.enabled;
    cell.inFlight = m_running.value({prefill.name, decode.name});
    cell.ttftP50 = m_stats.pair(prefill.name.toUtf8(), decode.name.toUtf8()).ttftP50;
    const DoctorVerdict verdict = m_verdicts.value({prefill.name, decode.name});
    cell.verdict = verdict.verdict;
    if (!cell.paired) {
        cell.state = CellState::Off;
        cell.word = !prefill.enabled ? tr("%1 disabled").arg(prefill.name) : !decode.enabled ? tr("%1 disabled").arg(decode.name)
            : !together && m_draft.config().pairing != Pairing::Any ? tr("not paired") : tr("disabled");
        return cell;
    }
    for (const QString &name : {prefill.name, decode.name}) {
        const ServerView *server = m_session ? m_session->server(name) : nullptr;
        if (!server) {
            if (m_session && m_session->state() == Session::State::Running && verdict.verdict.isEmpty()) {
                cell.state = CellState::Unknown;
                cell.word = tr("%1 not applied").arg(name);
                return cell;
            }
            continue;
        }
        if (server->status == "down"_L1) {
            cell.state = CellState::Bad;
            cell.word = tr("%1 down").arg(name);
            return cell;
        }
        if (server->status == "degraded"_L1 || server->status == "starting"_L1) {
            cell.state = CellState::Slow;
            cell.word = tr("%1 %2", "server and its state").arg(name, HealthText::word(server->status));
        } else if (server->status == "up"_L1 && cell.state == CellState::Unknown) {
            cell.state = CellState::Good;
        }
    }
    if (verdict.verdict == "fails"_L1) {
        cell.state = CellState::Bad;
        const auto error = std::find_if(verdict.findings.begin(), verdict.findings.end(), [](const DoctorFinding &f) { return f.severity == "error"_L1; });
        cell.word = error == verdict.findings.end() ? tr("fails") : shortName(*error);
    } else if (verdict.verdict == "suspect"_L1 && cell.state != CellState::Bad) {
        cell.state = CellState::Slow;
        cell.word = verdict.findings.isEmpty() ? tr("suspect") : shortName(verdict.findings.first());
    } else if (verdict.verdict == "works"_L1 && cell.state == CellState::Unknown) {
        cell.state = CellState::Good;
    }
    if (cell.word.isEmpty())
        cell.word = cell.inFlight > 0 ? tr("%n in flight", nullptr, int(cell.inFlight)) : verdict.verdict == "works"_L1 ? tr("works") : tr("idle");
    return cell;
}

void MatrixModel::refresh()
{
    const Config &config = m_draft.config();
    std::vector<std::vector<Cell>> cells;
    QStringList prefills;
    QStringList decodes;
    for (const ServerConfig &decode : config.decode)
        decodes += decode.name;
    for (const ServerConfig &prefill : config.prefill) {
        prefills += prefill.name;
        std::vector<Cell> &row = cells.emplace_back();
        for (const ServerConfig &decode : config.decode)
            row.push_back(look(prefill, decode));
    }
    if (prefills != m_prefills || decodes != m_decodes) {
        beginResetModel();
        m_cells = std::move(cells);
        m_prefills = prefills;
        m_decodes = decodes;
        endResetModel();
        return;
    }
    if (cells == m_cells)
        return;
    m_cells = std::move(cells);
    if (rowCount() > 0 && columnCount() > 0)
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

int MatrixModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_prefills.size());
}

int MatrixModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_decodes.size());
}

const MatrixModel::Cell *MatrixModel::cell(const QModelIndex &index) const
{
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount())
        return nullptr;
    return &m_cells[size_t(index.row())][size_t(index.column())];
}

QVariant MatrixModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Cell &cell = *this->cell(index);
    switch (role) {
    case Qt::DisplayRole: return cell.word;
    case Qt::AccessibleTextRole:
    case Qt::ToolTipRole: {
        QString text = u"%1 → %2: %3"_s.arg(cell.prefill, cell.decode, cell.word);
        if (cell.ttftP50)
            text += u"; "_s + tr("median TTFT %1").arg(TraceText::duration(*cell.ttftP50));
        return role == Qt::ToolTipRole ? tip(text) : text;
    }
    case PrefillRole: return cell.prefill;
    case DecodeRole: return cell.decode;
    default: return {};
    }
}

QVariant MatrixModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (role != Qt::DisplayRole)
        return role == Qt::TextAlignmentRole ? QVariant(int(Qt::AlignCenter)) : QVariant();
    return orientation == Qt::Horizontal ? m_decodes.value(section) : m_prefills.value(section);
}

} // namespace pdlb::gui
