// SPDX-License-Identifier: Apache-2.0
#include "pages/pairs_page.h"

#include "models/matrix_model.h"
#include "models/server_model.h"
#include "models/trace_text.h"
#include "session/session.h"
#include "session/trace_feed.h"
#include "theme/theme.h"
#include "widgets/import_dialog.h"
#include "widgets/message_banner.h"

#include <QAction>
#include <QComboBox>
#include <QHeaderView>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QSettings>
#include <QSpinBox>
#include <QSplitter>
#include <QStyle>
#include <QTableView>
#include <QVBoxLayout>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

PairsPage::PairsPage(TraceFeed &feed, QWidget *parent)
    : QWidget(parent), m_feed(feed), m_draft(new ConfigDraft(this)), m_servers(new ServerModel(*m_draft, this)),
      m_matrix(new MatrixModel(*m_draft, feed.stats(), this)), m_doctor(new DoctorRun(this)), m_banner(new MessageBanner(this)), m_splitter(new QSplitter(this))
{
    setObjectName(u"pairsPage"_s);
    m_splitter->addWidget(makeServersSide());
    m_splitter->addWidget(makeMatrixSide());
    m_splitter->setStretchFactor(0, 1);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setChildrenCollapsible(false);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_banner);
    layout->addWidget(m_splitter, 1);
    layout->addWidget(makeBar());
    makeActions();

    connect(m_draft, &ConfigDraft::changed, this, &PairsPage::draftChanged);
    connect(m_doctor, &DoctorRun::progress, this, [this](int done, int total, const QString &what) {
        m_doctorBar->setRange(0, total);
        m_doctorBar->setValue(done);
        m_doctorLine->setText(what);
    });
    connect(m_doctor, &DoctorRun::finished, this, &PairsPage::doctorFinished);
    connect(m_doctor, &DoctorRun::failed, this, [this](const QString &why) {
        doctorFinished({});
        m_banner->show(MessageBanner::Kind::Error, tr("The doctor cannot begin: %1").arg(why));
    });
    connect(m_servers, &ServerModel::editRefused, this, [this](const QString &why) { m_banner->show(MessageBanner::Kind::Error, why); });
    connect(m_servers, &ServerModel::textDropped, this, &PairsPage::openImport);
    connect(m_matrix, &QAbstractItemModel::dataChanged, this, &PairsPage::showCell);
    connect(m_matrix, &QAbstractItemModel::modelReset, this, &PairsPage::showCell);
    draftChanged();
    showCell();
}

void PairsPage::setSession(Session *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    m_doctor->stop();
    doctorFinished({});
    m_servers->setSession(session);
    m_matrix->setSession(session);
    if (!session)
        return;
    connect(session, &Session::configChanged, this, [this] { m_draft->setBase(m_session->config()); });
    connect(session, &Session::stateChanged, this, &PairsPage::draftChanged);
    m_draft->markApplied(session->config());
    m_draft->undoStack().clear();
    m_draft->setBase(session->config());
    if (m_draft->isChanged())
        m_draft->change(tr("Another balancer"), [&](Config &config) { config = session->config(); });
    m_draft->undoStack().clear();
}

void PairsPage::draftChanged()
{
    const Config &config = m_draft->config();
    m_filling = true;
    if (!m_host->hasFocus() || !m_host->isModified())
        m_host->setText(config.host);
    m_port->setValue(config.port);
    if (m_policy->findText(config.policy) < 0)
        m_policy->addItem(config.policy);
    m_policy->setCurrentText(config.policy);
    m_pairing->setCurrentIndex(int(config.pairing));
    m_filling = false;
    const bool groups = config.pairing == Pairing::Group;
    m_serverTable->setColumnHidden(ServerModel::GroupColumn, !groups);
    m_serverTable->setColumnHidden(ServerModel::WeightColumn, config.policy != "weighted"_L1);

    const QStringList changes = m_draft->changes();
    const ConfigProblems &problems = m_draft->problems();
    const bool isChanged = !changes.isEmpty();
    m_discard->setEnabled(isChanged);
    m_apply->setEnabled(isChanged && problems.isEmpty());
    QString tone = u"muted"_s;
    if (!isChanged && (!problems.isEmpty() && m_draft->count() > 0)) {
        tone = u"bad"_s;
        m_changes->setText(problems.first().message);
    } else if (!isChanged) {
        m_changes->setText(m_session && m_session->state() == Session::State::Running ? tr("This is in force.") : tr("No changes."));
    } else if (!problems.isEmpty()) {
        tone = u"bad"_s;
        m_changes->setText(tr("Cannot be applied: %1").arg(problems.first().message));
    } else {
        tone = QString();
        m_changes->setText(tr("%n changes not applied: %1", nullptr, int(changes.size())).arg(changes.join(u" · "_s)));
    }
    m_changes->setToolTip(tip((problems.isEmpty() ? changes.join(u'\n') : problems.first().message)));
    m_changes->setProperty("tone", tone);
    m_changes->style()->unpolish(m_changes);
    m_changes->style()->polish(m_changes);
}

QList<int> PairsPage::chosenRows() const
{
    QList<int> rows;
    const QModelIndexList selected = m_serverTable->selectionModel()->selectedRows();
    for (const QModelIndex &index : selected)
        rows += index.row();
    return rows;
}

QPair<QString, QString> PairsPage::chosenPair() const
{
    const MatrixModel::Cell *cell = m_matrix->cell(m_matrixTable->currentIndex());
    return cell ? QPair(cell->prefill, cell->decode) : QPair<QString, QString>();
}

void PairsPage::addServer(Role role)
{
    const int row = m_servers->add(role);
    const QModelIndex index = m_servers->index(row, ServerModel::UrlColumn);
    m_serverTable->setCurrentIndex(index);
    m_serverTable->edit(index);
}

void PairsPage::openImport(const QString &text)
{
    auto *dialog = new ImportDialog(m_draft->config(), text, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ImportDialog::taken, this, [this](const Config &config) {
        m_draft->change(tr("Paste servers"), [&](Config &draft) { draft = config; });
    });
    dialog->open();
}

void PairsPage::apply()
{
    if (!m_session || !m_draft->isChanged())
        return;
    if (!m_draft->problems().isEmpty()) {
        m_banner->show(MessageBanner::Kind::Error, m_draft->problems().first().message);
        return;
    }
    m_apply->setEnabled(false);
    const Config config = m_draft->config();
    m_session->apply(config, this, [this, config](const Result<QStringList> &applied) {
        if (!applied) {
            m_banner->show(MessageBanner::Kind::Error, tr("Not applied: %1").arg(applied.error().message));
            draftChanged();
            return;
        }
        m_draft->markApplied(config);
        if (applied->isEmpty())
            m_banner->show(MessageBanner::Kind::Information, m_session->state() == Session::State::Running
                                                                 ? tr("In force. Running requests end on the servers they began on.")
                                                                 : tr("Kept for the next start."));
        else
            m_banner->show(MessageBanner::Kind::Warning, tr("In force, but for what needs a restart: %1").arg(applied->join(u", "_s)));
    });
}

void PairsPage::togglePair()
{
    const auto [prefill, decode] = chosenPair();
    if (!prefill.isEmpty())
        m_draft->setPaired(prefill, decode, !ConfigDraft::isPaired(m_draft->config(), prefill, decode));
}

void PairsPage::runDoctor(const QList<std::pair<QString, QString>> &pairs)
{
    if (!m_session || m_doctor->isRunning())
        return;
    m_doctorBar->setRange(0, 0);
    m_doctorBar->show();
    m_doctorButton->setText(tr("Stop doctor"));
    m_doctor->start(*m_session, m_draft->config(), pairs);
}

void PairsPage::doctorFinished(const DoctorVerdicts &verdicts)
{
    m_doctorBar->hide();
    m_doctorButton->setText(tr("Run doctor"));
    m_matrix->setVerdicts(verdicts);
    const DoctorVerdicts &all = m_matrix->verdicts();
    const auto fine = std::count_if(all.begin(), all.end(), [](const DoctorVerdict &v) { return v.verdict == "works"_L1; });
    m_doctorLine->setText(all.isEmpty() ? QString() : tr("doctor: %1 of %2 fine").arg(fine).arg(all.size()));
    // The first one that fails is what people want to see.
    if (!verdicts.isEmpty() && !m_matrixTable->currentIndex().isValid()) {
        for (int row = 0; row < m_matrix->rowCount(); ++row) {
            for (int column = 0; column < m_matrix->columnCount(); ++column) {
                const MatrixModel::Cell *cell = m_matrix->cell(m_matrix->index(row, column));
                if (cell->verdict == "fails"_L1 && !m_matrixTable->currentIndex().isValid())
                    m_matrixTable->setCurrentIndex(m_matrix->index(row, column));
            }
        }
    }
    showCell();
}

void PairsPage::showCell()
{
    const MatrixModel::Cell *cell = m_matrix->cell(m_matrixTable->currentIndex());
    m_cellButtons->setVisible(cell);
    if (!cell) {
        m_cellTitle->setText(m_matrix->rowCount() > 0 && m_matrix->columnCount() > 0 ? tr("Select a pair") : tr("No pairs yet"));
        m_cellTitle->setProperty("tone", u"muted"_s);
        m_cellText->setText((m_matrix->rowCount() > 0 && m_matrix->columnCount() > 0
                                 ? tr("Each cell is a prefill and a decode server that may serve a request together.")
                                 : tr("Add at least one prefill and one decode server, or paste a router's flags.")).toHtmlEscaped());
    } else {
        const DoctorVerdict verdict = m_matrix->verdicts().value({cell->prefill, cell->decode});
        const QString pair = u"%1 → %2"_s.arg(cell->prefill, cell->decode);
        QString tone = cell->state == MatrixModel::CellState::Bad ? u"bad"_s : cell->state == MatrixModel::CellState::Slow ? u"warn"_s : QString();
        m_cellTitle->setText(cell->paired && verdict.verdict == "fails"_L1 ? tr("%1 cannot work: %2").arg(pair, cell->word) : tr("%1: %2").arg(pair, cell->word));
        m_cellTitle->setProperty("tone", tone);
        QString html;
        if (verdict.prefillMs || verdict.decodeMs) {
            html += u"<p>%1</p>"_s.arg(tr("The doctor's one-token request: prefill %1, decode %2.")
                .arg(verdict.prefillMs ? TraceText::duration(*verdict.prefillMs) : u"–"_s, verdict.decodeMs ? TraceText::duration(*verdict.decodeMs) : u"–"_s).toHtmlEscaped());
        }
        if (!verdict.notTried.isEmpty())
            html += u"<p>%1</p>"_s.arg(tr("No request was sent: %1").arg(verdict.notTried).toHtmlEscaped());
        for (const DoctorFinding &finding : verdict.findings) {
            const Tone colour = finding.severity == "error"_L1 ? Tone::Bad : finding.severity == "warning"_L1 ? Tone::Warn : Tone::Muted;
            html += u"<p><b style=\"color:%1\">%2</b><br>%3<br>→ %4</p>"_s.arg(color(colour).name(), finding.what.toHtmlEscaped(), finding.cause.toHtmlEscaped(), finding.fix.toHtmlEscaped());
        }
        for (const QString &name : {cell->prefill, cell->decode}) {
            const ServerView *server = m_session ? m_session->server(name) : nullptr;
            if (server && server->status != "up"_L1 && !server->reason.isEmpty())
                html += u"<p>%1</p>"_s.arg(tr("%1: %2").arg(name, server->reason).toHtmlEscaped());
        }
        if (html.isEmpty())
            html = tr("Nothing is wrong with it as far as is known. The doctor looks deeper.").toHtmlEscaped();
        m_cellText->setText(html);
        const bool paired = ConfigDraft::isPaired(m_draft->config(), cell->prefill, cell->decode);
        m_cellToggle->setText(paired ? tr("Disable pair") : tr("Enable pair"));
    }
    m_cellTitle->style()->unpolish(m_cellTitle);
    m_cellTitle->style()->polish(m_cellTitle);
}

void PairsPage::cellMenu(const QPoint &where)
{
    const QModelIndex index = m_matrixTable->indexAt(where);
    if (!index.isValid())
        return;
    m_matrixTable->setCurrentIndex(index);
    const auto [prefill, decode] = chosenPair();
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    connect(menu->addAction(tr("Test %1 → %2").arg(prefill, decode)), &QAction::triggered, this, [this, pair = std::pair(prefill, decode)] { runDoctor({pair}); });
    connect(menu->addAction(tr("Use in tester")), &QAction::triggered, this, [this, pair = u"%1/%2"_s.arg(prefill, decode)] { Q_EMIT pairPinned(pair.toUtf8()); });
    connect(menu->addAction(tr("Show its requests")), &QAction::triggered, this, [this, pair = u"pair:%1/%2"_s.arg(prefill, decode)] { Q_EMIT filterWanted(pair); });
    menu->addSeparator();
    const bool paired = ConfigDraft::isPaired(m_draft->config(), prefill, decode);
    connect(menu->addAction(paired ? tr("Disable pair") : tr("Enable pair")), &QAction::triggered, this, &PairsPage::togglePair);
    menu->popup(m_matrixTable->viewport()->mapToGlobal(where));
}

void PairsPage::serverMenu(const QPoint &where)
{
    const QList<int> rows = chosenRows();
    if (rows.isEmpty())
        return;
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const auto add = [&](const QString &text, const auto &act) { connect(menu->addAction(text), &QAction::triggered, this, act); };
    add(tr("Enable"), [this, rows] { m_servers->setMany(rows, ServerModel::EnabledColumn, int(Qt::Checked)); });
    add(tr("Disable"), [this, rows] { m_servers->setMany(rows, ServerModel::EnabledColumn, int(Qt::Unchecked)); });
    const auto ask = [this, rows](const QString &title, ServerModel::Column column, bool number) {
        auto *dialog = new QInputDialog(this);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setWindowTitle(title);
        dialog->setLabelText(tr("For %n servers:", nullptr, int(rows.size())));
        if (number) {
            dialog->setInputMode(QInputDialog::IntInput);
            dialog->setIntRange(1, 1000);
            connect(dialog, &QInputDialog::intValueSelected, this, [this, rows, column](int value) { m_servers->setMany(rows, column, value); });
        } else {
            connect(dialog, &QInputDialog::textValueSelected, this, [this, rows, column](const QString &value) { m_servers->setMany(rows, column, value); });
        }
        dialog->open();
    };
    add(tr("Set weight…"), [ask] { ask(tr("Weight"), ServerModel::WeightColumn, true); });
    add(tr("Set group…"), [ask] { ask(tr("Group"), ServerModel::GroupColumn, false); });
    menu->addSeparator();
    add(tr("Duplicate"), [this, rows] { m_servers->duplicate(rows); });
    add(tr("Remove"), [this, rows] { m_servers->remove(rows); });
    if (rows.size() == 1) {
        const QString name = m_draft->server(rows.first()).name;
        add(tr("Show its requests"), [this, name, role = m_draft->roleOf(rows.first())] {
            Q_EMIT filterWanted((role == Role::Prefill ? u"prefill:%1"_s : u"decode:%1"_s).arg(name));
        });
    }
    menu->popup(m_serverTable->viewport()->mapToGlobal(where));
}

void PairsPage::save(QSettings &settings) const
{
    settings.setValue("pairs/columns", m_serverTable->horizontalHeader()->saveState());
    settings.setValue("pairs/splitter", m_splitter->saveState());
}

void PairsPage::restore(QSettings &settings)
{
    m_serverTable->horizontalHeader()->restoreState(settings.value("pairs/columns").toByteArray());
    m_splitter->restoreState(settings.value("pairs/splitter").toByteArray());
    draftChanged();
}

} // namespace pdlb::gui
