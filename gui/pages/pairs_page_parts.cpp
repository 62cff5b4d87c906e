// SPDX-License-Identifier: Apache-2.0

// What the page of pairs is made of.
#include "pages/pairs_page.h"

#include "config/config_fields.h"
#include "config/config_file.h"
#include "delegates/server_delegates.h"
#include "fleet/policy_registry.h"
#include "models/matrix_model.h"
#include "models/server_import.h"
#include "models/server_model.h"
#include "session/trace_feed.h"
#include "theme/theme.h"
#include "widgets/file_dialogs.h"
#include "widgets/message_banner.h"

#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QSplitter>
#include <QTableView>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

QWidget *PairsPage::makeServersSide()
{
    auto *side = new QWidget(this);
    auto *layout = new QVBoxLayout(side);
    layout->setContentsMargins(16, 12, 16, 8);
    auto *title = new QLabel(tr("Servers"), side);
    title->setFont(Theme::scaled(font(), 1.2, true));
    auto *head = new QHBoxLayout;
    head->addWidget(title, 1);
    auto *add = new QPushButton(tr("Add"), side);
    add->setObjectName(u"addServer"_s);
    auto *addMenu = new QMenu(add);
    connect(addMenu->addAction(tr("Prefill server")), &QAction::triggered, this, [this] { addServer(Role::Prefill); });
    connect(addMenu->addAction(tr("Decode server")), &QAction::triggered, this, [this] { addServer(Role::Decode); });
    add->setMenu(addMenu);
    auto *paste = new QPushButton(tr("Paste…"), side);
    paste->setObjectName(u"pasteServers"_s);
    paste->setToolTip(tr("Flags, URLs, JSON or a configuration file (Ctrl+V in the table)"));
    connect(paste, &QPushButton::clicked, this, [this] { openImport(); });
    auto *exporting = new QPushButton(tr("Export"), side);
    exportMenu(exporting);
    for (QPushButton *button : {add, paste, exporting})
        head->addWidget(button);
    layout->addLayout(head);

    m_host = new QLineEdit(side);
    m_host->setObjectName(u"hostEdit"_s);
    m_host->setAccessibleName(tr("Listen address"));
    m_host->setMaximumWidth(fontMetrics().averageCharWidth() * 20);
    m_port = new QSpinBox(side);
    m_port->setObjectName(u"portEdit"_s);
    m_port->setRange(0, 65535);
    m_port->setGroupSeparatorShown(false);
    m_port->setSpecialValueText(tr("any"));
    m_port->setAccessibleName(tr("Listen port"));
    m_policy = new QComboBox(side);
    m_policy->setObjectName(u"policyCombo"_s);
    m_policy->addItems(fleet::policyNames());
    m_policy->setAccessibleName(tr("Policy"));
    m_pairing = new QComboBox(side);
    for (const char *word : wordsOf(Pairing::Any))
        m_pairing->addItem(QString::fromLatin1(word));
    m_pairing->setAccessibleName(tr("Pairing"));
    m_pairing->setToolTip(tr("Which prefills and decodes may serve a request together: any, those of the same group, or only listed pairs"));
    auto *settings = new QHBoxLayout;
    const auto labelled = [&](const QString &text, QWidget *widget) {
        auto *label = new QLabel(text, side);
        label->setProperty("tone", u"muted"_s);
        label->setBuddy(widget);
        settings->addWidget(label);
        settings->addWidget(widget);
    };
    labelled(tr("Listen"), m_host);
    settings->addWidget(m_port);
    labelled(tr("Policy"), m_policy);
    labelled(tr("Pairing"), m_pairing);
    settings->addStretch(1);
    layout->addLayout(settings);
    connect(m_host, &QLineEdit::editingFinished, this, [this] {
        if (!m_filling && m_host->text() != m_draft->config().host)
            m_draft->change(tr("Listen address"), [this](Config &config) { config.host = m_host->text().trimmed(); });
    });
    connect(m_port, &QSpinBox::editingFinished, this, [this] {
        if (!m_filling && m_port->value() != m_draft->config().port)
            m_draft->change(tr("Listen port"), [this](Config &config) { config.port = quint16(m_port->value()); });
    });
    connect(m_policy, &QComboBox::textActivated, this, [this](const QString &name) {
        m_draft->change(tr("Policy %1").arg(name), [&](Config &config) { config.policy = name; });
    });
    connect(m_pairing, &QComboBox::activated, this, [this](int index) {
        m_draft->change(tr("Pairing"), [index](Config &config) { config.pairing = Pairing(index); });
    });

    m_serverTable = new QTableView(side);
    m_serverTable->setObjectName(u"serverTable"_s);
    m_serverTable->setAccessibleName(tr("Servers"));
    m_serverTable->setModel(m_servers);
    m_serverTable->setItemDelegate(new ServerDelegate(m_serverTable));
    m_serverTable->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_serverTable->setShowGrid(false);
    m_serverTable->setDragEnabled(true);
    m_serverTable->setAcceptDrops(true);
    m_serverTable->setDropIndicatorShown(true);
    m_serverTable->setDragDropOverwriteMode(false);
    m_serverTable->setDragDropMode(QAbstractItemView::DragDrop);
    m_serverTable->setDefaultDropAction(Qt::MoveAction);
    m_serverTable->setContextMenuPolicy(Qt::CustomContextMenu);
    m_serverTable->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed | QAbstractItemView::AnyKeyPressed);
    m_serverTable->verticalHeader()->hide();
    m_serverTable->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_serverTable->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 16);
    m_serverTable->horizontalHeader()->setHighlightSections(false);
    m_serverTable->horizontalHeader()->setStretchLastSection(true);
    const int digit = fontMetrics().horizontalAdvance(u'0');
    for (const auto &[column, digits] : {std::pair(0, 5), {1, 8}, {2, 7}, {3, 23}, {4, 13}, {5, 8}, {6, 8}, {7, 16}, {8, 11}})
        m_serverTable->setColumnWidth(column, digits * digit);
    m_serverTable->setColumnHidden(ServerModel::GroupColumn, true);
    connect(m_serverTable, &QWidget::customContextMenuRequested, this, &PairsPage::serverMenu);
    layout->addWidget(m_serverTable, 1);
    return side;
}

QWidget *PairsPage::makeMatrixSide()
{
    auto *side = new QWidget(this);
    auto *layout = new QVBoxLayout(side);
    layout->setContentsMargins(16, 12, 16, 8);
    auto *title = new QLabel(tr("Pairs"), side);
    title->setFont(Theme::scaled(font(), 1.2, true));
    m_doctorLine = new QLabel(side);
    m_doctorLine->setObjectName(u"doctorLine"_s);
    m_doctorLine->setProperty("tone", u"muted"_s);
    m_doctorLine->setTextFormat(Qt::PlainText);
    m_doctorLine->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_doctorButton = new QPushButton(tr("Run doctor"), side);
    m_doctorButton->setObjectName(u"doctorButton"_s);
    m_doctorButton->setToolTip(tr("Examines every server and sends a one-token request through each pair that can be expected to work"));
    connect(m_doctorButton, &QPushButton::clicked, this, [this] {
        if (m_doctor->isRunning()) {
            m_doctor->stop();
            doctorFinished({});
        } else {
            runDoctor({});
        }
    });
    auto *head = new QHBoxLayout;
    head->addWidget(title);
    head->addSpacing(8);
    head->addWidget(m_doctorLine, 1);
    head->addWidget(m_doctorButton);
    layout->addLayout(head);
    m_doctorBar = new QProgressBar(side);
    m_doctorBar->setTextVisible(false);
    m_doctorBar->setMaximumHeight(4);
    m_doctorBar->setAccessibleName(tr("Progress of the doctor"));
    auto policy = m_doctorBar->sizePolicy();
    policy.setRetainSizeWhenHidden(true);
    m_doctorBar->setSizePolicy(policy);
    m_doctorBar->hide();
    layout->addWidget(m_doctorBar);

    m_matrixTable = new QTableView(side);
    m_matrixTable->setObjectName(u"matrixTable"_s);
    m_matrixTable->setAccessibleName(tr("Pair matrix: prefills in rows, decodes in columns"));
    m_matrixTable->setModel(m_matrix);
    m_matrixTable->setItemDelegate(new MatrixDelegate(m_matrixTable));
    m_matrixTable->setShowGrid(false);
    m_matrixTable->setFrameShape(QFrame::NoFrame);
    const auto paintHeaders = [this] {
        m_matrixTable->setStyleSheet(Theme::instance().fill(u"QHeaderView, QHeaderView::section, QTableCornerButton::section { background: %surface%; border: none; }"_s));
    };
    paintHeaders();
    connect(&Theme::instance(), &Theme::changed, m_matrixTable, paintHeaders);
    m_matrixTable->setSelectionMode(QAbstractItemView::SingleSelection);
    m_matrixTable->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_matrixTable->setContextMenuPolicy(Qt::CustomContextMenu);
    m_matrixTable->setCornerButtonEnabled(false);
    m_matrixTable->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_matrixTable->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_matrixTable->horizontalHeader()->setHighlightSections(false);
    m_matrixTable->verticalHeader()->setHighlightSections(false);
    m_matrixTable->horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_matrixTable->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_matrixTable->horizontalHeader()->setDefaultSectionSize(fontMetrics().averageCharWidth() * 21);
    m_matrixTable->verticalHeader()->setDefaultSectionSize(fontMetrics().height() * 5);
    connect(m_matrixTable, &QWidget::customContextMenuRequested, this, &PairsPage::cellMenu);
    connect(m_matrixTable->selectionModel(), &QItemSelectionModel::selectionChanged, this, &PairsPage::showCell);
    connect(m_matrixTable, &QAbstractItemView::doubleClicked, this, &PairsPage::togglePair);
    layout->addWidget(m_matrixTable, 3);

    m_cellTitle = new QLabel(side);
    m_cellTitle->setObjectName(u"cellTitle"_s);
    m_cellTitle->setFont(Theme::scaled(font(), 1.15, true));
    m_cellTitle->setTextFormat(Qt::PlainText);
    m_cellTitle->setWordWrap(true);
    m_cellText = new QLabel(side);
    m_cellText->setObjectName(u"cellText"_s);
    m_cellText->setTextFormat(Qt::RichText);
    m_cellText->setWordWrap(true);
    m_cellText->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_cellText->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addWidget(m_cellTitle);
    layout->addWidget(m_cellText, 1);
    m_cellButtons = new QWidget(side);
    auto *buttons = new QHBoxLayout(m_cellButtons);
    buttons->setContentsMargins(0, 0, 0, 0);
    m_cellToggle = new QPushButton(tr("Disable pair"), m_cellButtons);
    connect(m_cellToggle, &QPushButton::clicked, this, &PairsPage::togglePair);
    auto *test = new QPushButton(tr("Test pair"), m_cellButtons);
    connect(test, &QPushButton::clicked, this, [this] { runDoctor({{chosenPair().first, chosenPair().second}}); });
    auto *traces = new QPushButton(tr("Show its requests"), m_cellButtons);
    connect(traces, &QPushButton::clicked, this, [this] { Q_EMIT filterWanted(u"pair:%1/%2"_s.arg(chosenPair().first, chosenPair().second)); });
    auto *pin = new QPushButton(tr("Use in tester"), m_cellButtons);
    connect(pin, &QPushButton::clicked, this, [this] { Q_EMIT pairPinned(u"%1/%2"_s.arg(chosenPair().first, chosenPair().second).toUtf8()); });
    for (QPushButton *button : {test, traces, pin, m_cellToggle})
        buttons->addWidget(button);
    buttons->addStretch(1);
    layout->addWidget(m_cellButtons);
    return side;
}

QWidget *PairsPage::makeBar()
{
    auto *bar = new QFrame(this);
    bar->setObjectName(u"changesBar"_s);
    const auto paint = [bar] { bar->setStyleSheet(Theme::instance().fill(u"#changesBar { background: %raised%; border: none; border-top: 1px solid %border%; }"_s)); };
    paint();
    connect(&Theme::instance(), &Theme::changed, bar, paint);
    auto *layout = new QHBoxLayout(bar);
    layout->setContentsMargins(16, 8, 16, 8);
    m_changes = new QLabel(bar);
    m_changes->setObjectName(u"changesLabel"_s);
    m_changes->setTextFormat(Qt::PlainText);
    m_changes->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    layout->addWidget(m_changes, 1);
    auto *undo = new QPushButton(tr("Undo"), bar);
    auto *redo = new QPushButton(tr("Redo"), bar);
    undo->setEnabled(false);
    redo->setEnabled(false);
    connect(undo, &QPushButton::clicked, &m_draft->undoStack(), &QUndoStack::undo);
    connect(redo, &QPushButton::clicked, &m_draft->undoStack(), &QUndoStack::redo);
    connect(&m_draft->undoStack(), &QUndoStack::canUndoChanged, undo, &QWidget::setEnabled);
    connect(&m_draft->undoStack(), &QUndoStack::canRedoChanged, redo, &QWidget::setEnabled);
    connect(&m_draft->undoStack(), &QUndoStack::undoTextChanged, undo, [undo](const QString &text) { undo->setToolTip(text.isEmpty() ? QString() : tr("Undo: %1").arg(text)); });
    m_discard = new QPushButton(tr("Discard"), bar);
    connect(m_discard, &QPushButton::clicked, m_draft, &ConfigDraft::discard);
    m_apply = new QPushButton(tr("Apply"), bar);
    m_apply->setObjectName(u"applyButton"_s);
    m_apply->setProperty("primary", true);
    connect(m_apply, &QPushButton::clicked, this, &PairsPage::apply);
    for (QPushButton *button : {undo, redo, m_discard, m_apply})
        layout->addWidget(button);
    return bar;
}

void PairsPage::makeActions()
{
    const auto add = [this](const QString &text, const QKeySequence &key, const auto &act) {
        auto *action = new QAction(text, this);
        action->setShortcut(key);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, act);
        addAction(action);
        m_actions += action;
        return action;
    };
    add(tr("Undo"), QKeySequence::Undo, [this] { m_draft->undoStack().undo(); });
    add(tr("Redo"), QKeySequence::Redo, [this] { m_draft->undoStack().redo(); });
    add(tr("Add prefill server"), QKeySequence(Qt::CTRL | Qt::Key_N), [this] { addServer(Role::Prefill); });
    add(tr("Add decode server"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_N), [this] { addServer(Role::Decode); });
    add(tr("Duplicate"), QKeySequence(Qt::CTRL | Qt::Key_D), [this] { m_servers->duplicate(chosenRows()); });
    add(tr("Remove"), QKeySequence::Delete, [this] {
        if (!chosenRows().isEmpty())
            m_servers->remove(chosenRows());
    });
    add(tr("Paste servers…"), QKeySequence::Paste, [this] { openImport(QGuiApplication::clipboard()->text()); });
    add(tr("Copy as flags"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C), [this] { QGuiApplication::clipboard()->setText(flagsOf(m_draft->config())); });
    add(tr("Run doctor"), QKeySequence(Qt::Key_F5), [this] { runDoctor({}); });
    add(tr("Enable or disable pair"), QKeySequence(Qt::CTRL | Qt::Key_Space), [this] { togglePair(); });
    add(tr("Apply"), QKeySequence(Qt::CTRL | Qt::Key_Return), [this] { apply(); });
}

void PairsPage::exportMenu(QPushButton *button)
{
    auto *menu = new QMenu(button);
    connect(menu->addAction(tr("Copy as flags")), &QAction::triggered, this, [this] {
        QGuiApplication::clipboard()->setText(flagsOf(m_draft->config()));
        m_banner->show(MessageBanner::Kind::Information, tr("Copied: flags for pdlb serve and SGLang's router."));
    });
    connect(menu->addAction(tr("Copy as JSON")), &QAction::triggered, this, [this] {
        QGuiApplication::clipboard()->setText(QString::fromUtf8(QJsonDocument(configToJson(m_draft->config(), WriteFields::Changed)).toJson()));
        m_banner->show(MessageBanner::Kind::Information, tr("Copied: a configuration file, without keys."));
    });
    connect(menu->addAction(tr("Copy URLs")), &QAction::triggered, this, [this] {
        QStringList lines;
        for (qsizetype row = 0; row < m_draft->count(); ++row) {
            const ServerConfig &server = m_draft->server(row);
            QString line = QLatin1StringView(roleName(m_draft->roleOf(row))) + u' ' + server.url;
            if (m_draft->roleOf(row) == Role::Prefill && server.bootstrapPort.kind != BootstrapPort::Kind::Discover)
                line += u' ' + server.bootstrapPort.toString();
            lines += line;
        }
        QGuiApplication::clipboard()->setText(lines.join(u'\n'));
        m_banner->show(MessageBanner::Kind::Information, tr("Copied: a line for each server."));
    });
    menu->addSeparator();
    connect(menu->addAction(tr("Save configuration file…")), &QAction::triggered, this, [this] {
        askSaveName(this, tr("Save configuration"), u"pdlb.json"_s, [this](const QString &path) {
            if (const auto saved = saveConfigFile(path, m_draft->config()); !saved)
                m_banner->show(MessageBanner::Kind::Error, saved.error().message);
            else
                m_banner->show(MessageBanner::Kind::Information, tr("Written: %1. Start it anywhere with: pdlb serve --config %1").arg(path));
        });
    });
    button->setMenu(menu);
}

} // namespace pdlb::gui
