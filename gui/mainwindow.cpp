// SPDX-License-Identifier: Apache-2.0
#include "mainwindow.h"

#include "models/config_draft.h"
#include "models/trace_text.h"
#include "pages/first_run_page.h"
#include "pages/log_page.h"
#include "pages/metrics_page.h"
#include "pages/pairs_page.h"
#include "pages/tester_page.h"
#include "pages/traces_page.h"
#include "session/local_session.h"
#include "session/mock_engines.h"
#include "session/remote_session.h"
#include "session/trace_feed.h"
#include "theme/icons.h"
#include "theme/theme.h"
#include "trace/kept_bodies.h"
#include "widgets/message_banner.h"
#include "widgets/top_bar.h"

#include <QButtonGroup>
#include <QCloseEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QStatusBar>
#include <QToolButton>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr int stateVersion = 1;

std::unique_ptr<QSettings> openSettings(const QString &file)
{
    if (!file.isEmpty())
        return std::make_unique<QSettings>(file, QSettings::IniFormat);
    return std::make_unique<QSettings>(QSettings::IniFormat, QSettings::UserScope, u"pdlb"_s, u"pdlb-gui"_s);
}

} // namespace

MainWindow::MainWindow(const Options &options, QWidget *parent)
    : QMainWindow(parent), m_options(options), m_settings(openSettings(options.settingsFile)), m_feed(new TraceFeed(this)), m_stack(new QStackedWidget(this)),
      m_topBar(new TopBar(*m_feed, this)), m_banner(new MessageBanner(this)), m_firstRun(new FirstRunPage(this)), m_traces(new TracesPage(*m_feed, this)),
      m_pairs(new PairsPage(*m_feed, this)), m_tester(new TesterPage(options.historyFile, this)), m_metrics(new MetricsPage(*m_feed, this)),
      m_log(new LogPage(this)), m_rail(new QButtonGroup(this)), m_attach(nullptr), m_counts(new QLabel(this)), m_memory(new QLabel(this)),
      m_trouble(new QLabel(this)), m_startAction(nullptr)
{
    setWindowTitle(u"pdlb"_s);
    setWindowIcon(QIcon(u":/icons/io.github.pdlb.Pdlb.svg"_s));
    resize(1280, 800);
    auto *center = new QWidget(this);
    auto *layout = new QHBoxLayout(center);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeRail());
    auto *column = new QVBoxLayout;
    column->setSpacing(0);
    column->addWidget(m_topBar);
    column->addWidget(m_banner);
    column->addWidget(m_stack, 1);
    layout->addLayout(column, 1);
    setCentralWidget(center);
    for (QWidget *page : std::initializer_list<QWidget *>{m_traces, m_pairs, m_tester, m_metrics, m_log, m_firstRun})
        m_stack->addWidget(page);
    for (QLabel *label : {m_counts, m_memory})
        statusBar()->addWidget(label);
    m_trouble->setObjectName(u"troubleLabel"_s);
    m_trouble->setTextFormat(Qt::PlainText);
    m_trouble->setProperty("tone", u"bad"_s);
    statusBar()->addPermanentWidget(m_trouble);
    statusBar()->setSizeGripEnabled(false);
    statusBar()->setContentsMargins(12, 0, 12, 0);
    makeMenus();

    connect(m_topBar, &TopBar::startClicked, this, &MainWindow::toggleRunning);
    connect(m_topBar, &TopBar::healthClicked, this, [this] { showPage(Pairs); });
    connect(m_topBar, &TopBar::copied, this, [this](const QString &url) { m_banner->show(MessageBanner::Kind::Information, tr("Copied: %1").arg(url)); });
    connect(m_firstRun, &FirstRunPage::mocksWanted, this, &MainWindow::startWithMocks);
    connect(m_firstRun, &FirstRunPage::urlsWanted, this, [this] {
        m_leftFirstRun = true;
        showPage(Pairs);
        m_pairs->addServer(Role::Prefill);
    });
    connect(m_firstRun, &FirstRunPage::attachWanted, this, &MainWindow::openAttachDialog);
    connect(m_traces, &TracesPage::testWanted, this, [this] {
        showPage(Tester);
        m_tester->send();
    });
    connect(m_traces, &TracesPage::openInTester, this, [this](const trace::TimelinePtr &timeline) {
        showPage(Tester);
        m_tester->openTimeline(*timeline);
    });
    connect(m_traces, &TracesPage::countsChanged, this, &MainWindow::updateStatus);
    connect(m_pairs, &PairsPage::filterWanted, this, [this](const QString &filter) {
        m_traces->setFilter(filter);
        showPage(Traces);
    });
    connect(m_pairs, &PairsPage::pairPinned, this, [this](const QByteArray &pair) {
        m_tester->setPair(pair);
        showPage(Tester);
    });
    connect(m_tester, &TesterPage::traceWanted, this, [this](const QByteArray &requestId) {
        showPage(Traces);
        m_traces->awaitRequest(requestId);
    });
    connect(m_stack, &QStackedWidget::currentChanged, this, &MainWindow::updateAttention);

    if (options.attach.isEmpty()) {
        detach();
        if (options.start)
            toggleRunning();
    } else {
        attach(options.attach, options.adminKey);
    }
    restoreState();
    showPage(isFirstRun() ? Traces : Page(std::clamp(m_settings->value("window/page", 0).toInt(), 0, int(PageCount) - 1)));
    if (!options.problem.isEmpty())
        m_banner->show(MessageBanner::Kind::Error, options.problem);
    updateStatus();
}

MainWindow::~MainWindow()
{
    // Pages look at the session until they are gone; nobody must hear of its end.
    m_session->disconnect();
    m_feed->setSession(nullptr);
    for (const auto &[page, actions] : std::as_const(m_pageActions)) {
        for (QAction *action : actions)
            action->disconnect(this);
    }
    m_traces->setSession(nullptr);
    m_pairs->setSession(nullptr);
    m_tester->setSession(nullptr);
    m_metrics->setSession(nullptr);
    m_topBar->setSession(nullptr);
}

QWidget *MainWindow::makeRail()
{
    auto *rail = new QFrame(this);
    rail->setObjectName(u"rail"_s);
    auto *layout = new QVBoxLayout(rail);
    layout->setContentsMargins(0, 8, 0, 8);
    layout->setSpacing(2);
    const auto button = [&](const QString &name, const QString &text, const QString &tip) {
        auto *made = new QToolButton(rail);
        made->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
        made->setIcon(icon(name));
        made->setIconSize({20, 20});
        made->setText(text);
        made->setToolTip(tip);
        made->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        made->setMinimumWidth(fontMetrics().averageCharWidth() * 12);
        layout->addWidget(made);
        return made;
    };
    const std::array<std::pair<const char *, QString>, PageCount> pages{{{"traces", tr("Traces")}, {"pairs", tr("Pairs")}, {"tester", tr("Tester")}, {"metrics", tr("Metrics")}, {"log", tr("Log")}}};
    for (int page = 0; page < PageCount; ++page) {
        QToolButton *made = button(QString::fromLatin1(pages[size_t(page)].first), pages[size_t(page)].second, tr("%1 (Ctrl+%2)").arg(pages[size_t(page)].second).arg(page + 1));
        made->setObjectName(u"rail/"_s + QLatin1StringView(pages[size_t(page)].first));
        made->setCheckable(true);
        m_rail->addButton(made, page);
    }
    layout->addStretch(1);
    QToolButton *attachButton = button(u"attach"_s, tr("Attach…"), tr("Shows a pdlb that runs elsewhere (Ctrl+T)"));
    connect(attachButton, &QToolButton::clicked, this, &MainWindow::openAttachDialog);
    connect(m_rail, &QButtonGroup::idClicked, this, [this](int page) {
        m_leftFirstRun = true;
        showPage(Page(page));
    });
    const auto paint = [rail] {
        rail->setStyleSheet(Theme::instance().fill(u"#rail { background: %raised%; border: none; border-right: 1px solid %border%; }"
            "#rail QToolButton { border: none; border-radius: 0; padding: 8px 4px; color: %muted%; background: transparent; }"
            "#rail QToolButton:hover, #rail QToolButton:focus { color: %text%; background: %selection%; }"
            "#rail QToolButton:checked { color: %accent%; background: %selection%; font-weight: 600; }"_s));
    };
    paint();
    connect(&Theme::instance(), &Theme::changed, rail, paint);
    return rail;
}

void MainWindow::useSession(std::unique_ptr<Session> session)
{
    Session *now = session.get();
    m_feed->setSession(now);
    m_traces->setSession(now);
    m_pairs->setSession(now);
    m_tester->setSession(now);
    m_metrics->setSession(now);
    m_topBar->setSession(now);
    m_session.swap(session); // the one before ends when all have let go of it
    connect(now, &Session::stateChanged, this, &MainWindow::stateChanged);
    connect(now, &Session::configChanged, this, &MainWindow::updateFirstRun);
    connect(now, &Session::fleetChanged, this, &MainWindow::updateStatus);
    connect(now, &Session::happened, m_log, &LogPage::add);
    setWindowTitle(now->isLocal() ? tr("pdlb: local balancer") : tr("pdlb: %1").arg(static_cast<RemoteSession *>(now)->adminUrl().toString()));
    stateChanged();
}

void MainWindow::detach()
{
    if (m_session && m_session->isLocal())
        return;
    auto local = std::make_unique<LocalSession>(m_options.config, nullptr);
    local->setConfigFile(m_options.configFile);
    useSession(std::move(local));
}

void MainWindow::attach(const QUrl &url, const QByteArray &adminKey)
{
    if (m_session && m_session->isLocal() && m_session->state() != Session::State::Stopped) {
        m_banner->show(MessageBanner::Kind::Warning, tr("The balancer in this program is running. Stop it before you attach to another one."), tr("Stop it"),
                       [this] { m_session->stop(true); });
        return;
    }
    auto remote = std::make_unique<RemoteSession>(url, adminKey, nullptr);
    RemoteSession *session = remote.get();
    m_leftFirstRun = true;
    useSession(std::move(remote));
    session->connectNow();
    m_settings->setValue("attach/url", url.toString());
    showPage(page());
}

void MainWindow::startWithMocks()
{
    if (!m_session->isLocal())
        detach();
    if (m_session->state() != Session::State::Stopped) {
        m_banner->show(MessageBanner::Kind::Information, tr("The balancer is running already."));
        return;
    }
    m_leftFirstRun = true;
    m_mocks = std::make_unique<MockEngines>(nullptr);
    connect(m_mocks.get(), &MockEngines::failed, this, [this](const QString &why) { m_banner->show(MessageBanner::Kind::Error, tr("The mock engines did not start: %1").arg(why)); });
    connect(m_mocks.get(), &MockEngines::started, this, [this](const QList<ServerConfig> &prefill, const QList<ServerConfig> &decode) {
        auto *local = static_cast<LocalSession *>(m_session.get());
        local->setConfigFile({}); // engines that are gone with this program are not worth saving
        Config config = local->config();
        config.prefill = prefill;
        config.decode = decode;
        config.pairs.clear();
        local->apply(config, this, [this](const Result<QStringList> &applied) {
            if (!applied)
                m_banner->show(MessageBanner::Kind::Error, applied.error().message);
            else
                m_session->start();
        });
        showPage(Traces);
    });
    m_mocks->start(1, 1);
}

void MainWindow::toggleRunning()
{
    if (!m_session->isLocal())
        return;
    switch (m_session->state()) {
    case Session::State::Stopped:
        if (m_pairs->draft().isChanged() && m_pairs->draft().problems().isEmpty())
            m_pairs->apply(); // what stands there is what people expect to run
        QMetaObject::invokeMethod(this, [this] { m_session->start(); }, Qt::QueuedConnection);
        break;
    case Session::State::Draining: m_session->stop(false); break;
    default: m_session->stop(true); break;
    }
}

void MainWindow::stateChanged()
{
    const bool isStopped = m_session->state() == Session::State::Stopped;
    m_startAction->setEnabled(m_session->isLocal());
    if (isStopped && !m_session->problem().isEmpty()) {
        const bool isPort = m_session->problem().contains("in use"_L1);
        if (isPort) {
            m_banner->show(MessageBanner::Kind::Error, m_session->problem(), tr("Use any free port"), [this] {
                Config config = m_session->config();
                config.port = 0;
                m_session->apply(config, this, [this](const Result<QStringList> &) { m_session->start(); });
            });
        } else {
            m_banner->show(MessageBanner::Kind::Error, m_session->problem(), tr("Show servers"), [this] { showPage(Pairs); });
        }
    } else if (m_session->state() == Session::State::Lost) {
        m_banner->show(MessageBanner::Kind::Error, tr("The balancer cannot be reached: %1. It is tried again every two seconds.").arg(m_session->problem()),
                       tr("Detach"), [this] { detach(); });
    } else if (m_session->state() == Session::State::Running && m_banner->kind() == MessageBanner::Kind::Error) {
        m_banner->clear();
    }
    if (m_closing && isStopped)
        close();
    updateFirstRun();
    updateStatus();
}

bool MainWindow::isFirstRun() const
{
    return !m_leftFirstRun && m_session->isLocal() && m_session->state() == Session::State::Stopped && m_session->config().prefill.isEmpty()
        && m_session->config().decode.isEmpty();
}

void MainWindow::updateFirstRun()
{
    if (m_stack->currentWidget() == m_firstRun && !isFirstRun())
        showPage(page());
}

void MainWindow::showPage(Page page)
{
    m_rail->button(page)->setChecked(true);
    m_stack->setCurrentIndex(isFirstRun() ? int(PageCount) : int(page));
    updateAttention();
}

MainWindow::Page MainWindow::page() const
{
    return Page(std::max(m_rail->checkedId(), 0));
}

void MainWindow::updateAttention()
{
    const bool isHidden = !isVisible() || isMinimized();
    const bool wantsRunning = m_stack->currentWidget() == m_traces || m_stack->currentWidget() == m_pairs;
    m_feed->setAttention(isHidden ? TraceFeed::Attention::None : wantsRunning ? TraceFeed::Attention::Full : TraceFeed::Attention::Some);
    if (m_session)
        m_session->setHidden(isHidden);
    for (const auto &[page, actions] : std::as_const(m_pageActions)) {
        for (QAction *action : actions)
            action->setEnabled(m_stack->currentIndex() == page);
    }
}

void MainWindow::updateStatus()
{
    m_counts->setText(m_traces->counts());
    if (const auto budget = m_session->bodyBudget()) {
        m_memory->setText(tr("%1 of %2").arg(TraceText::bytes(budget->memory.used()), TraceText::bytes(budget->memory.limit())));
        m_memory->setToolTip(tr("Memory of the requests' and answers' bodies; the oldest requests give theirs back when it is used up"));
    } else {
        m_memory->setText(TraceText::bytes(m_feed->model().bytes()));
        m_memory->setToolTip(tr("Memory of the requests' records"));
    }
    QString trouble;
    for (const ServerView &server : m_session->servers()) {
        if (server.status == "down"_L1 || (trouble.isEmpty() && server.status == "degraded"_L1))
            trouble = (server.status == "down"_L1 ? u"✖ "_s : u"▲ "_s) + (server.reason.isEmpty() ? server.name : tr("%1: %2").arg(server.name, server.reason));
    }
    m_trouble->setText(fontMetrics().elidedText(trouble, Qt::ElideRight, width() / 2));
    m_trouble->setToolTip(tip(trouble));
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    if (!m_pairs->draft().isChanged())
        m_draftMayGo = false;
    const bool runs = m_session->isLocal() && m_session->state() != Session::State::Stopped;
    if (runs && m_session->inFlight() > 0 && !(m_closing && m_session->state() == Session::State::Stopped)) {
        // Nobody's request is cut without being asked for.
        m_closing = true;
        event->ignore();
        m_banner->show(MessageBanner::Kind::Warning, tr("%n requests still run; the window closes when they have ended.", nullptr, int(m_session->inFlight())),
                       tr("End them now"), [this] { m_session->stop(false); });
        m_session->stop(true);
        return;
    }
    if (m_pairs->draft().isChanged() && !std::exchange(m_draftMayGo, true)) {
        event->ignore();
        showPage(Pairs);
        m_banner->show(MessageBanner::Kind::Warning, tr("Changes of servers and pairs are not applied yet. Apply them, or close once more to lose them."), tr("Close without them"),
                       [this] { close(); });
        return;
    }
    saveState();
    event->accept();
}

void MainWindow::changeEvent(QEvent *event)
{
    QMainWindow::changeEvent(event);
    if (event->type() == QEvent::WindowStateChange)
        updateAttention();
}

void MainWindow::showEvent(QShowEvent *event)
{
    QMainWindow::showEvent(event);
    updateAttention();
}

void MainWindow::hideEvent(QHideEvent *event)
{
    QMainWindow::hideEvent(event);
    updateAttention();
}

void MainWindow::saveState()
{
    m_settings->setValue("window/geometry", saveGeometry());
    m_settings->setValue("window/state", QMainWindow::saveState(stateVersion));
    m_settings->setValue("window/page", page());
    if (m_defaultState.isEmpty()) {
        m_traces->save(*m_settings);
        m_pairs->save(*m_settings);
        m_tester->save(*m_settings);
    }
    m_metrics->save(*m_settings);
    m_settings->sync();
}

void MainWindow::restoreState()
{
    Theme::instance().setMode(Theme::Mode(std::clamp(m_settings->value("theme").toInt(), 0, 2)));
    restoreGeometry(m_settings->value("window/geometry").toByteArray());
    QMainWindow::restoreState(m_settings->value("window/state").toByteArray(), stateVersion);
    m_traces->restore(*m_settings);
    keepRows(std::clamp<qsizetype>(m_settings->value("traces/rows", 5000).toLongLong(), 100, 1'000'000));
    m_pairs->restore(*m_settings);
    m_tester->restore(*m_settings);
    m_metrics->restore(*m_settings);
}

} // namespace pdlb::gui
