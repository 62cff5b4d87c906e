// SPDX-License-Identifier: Apache-2.0
#include "widgets/top_bar.h"

#include "models/trace_text.h"
#include "session/session.h"
#include "session/trace_feed.h"
#include "theme/icons.h"
#include "theme/theme.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStyle>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

TopBar::TopBar(TraceFeed &feed, QWidget *parent)
    : QFrame(parent), m_feed(feed), m_start(new QPushButton(this)), m_url(new QPushButton(this)), m_health(new QPushButton(this)), m_state(new QLabel(this)),
      m_figures(new QLabel(this))
{
    setObjectName(u"topBar"_s);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(16, 8, 16, 8);
    layout->setSpacing(12);
    m_start->setObjectName(u"startButton"_s);
    m_start->setMinimumWidth(fontMetrics().averageCharWidth() * 14);
    m_url->setObjectName(u"urlButton"_s);
    m_url->setProperty("flat", true);
    m_url->setFont(Theme::scaled(font(), 1.0, true));
    m_url->setToolTip(tr("Copies the address that clients send to"));
    m_health->setObjectName(u"healthButton"_s);
    m_health->setProperty("flat", true);
    m_health->setToolTip(tr("Shows the servers"));
    m_state->setObjectName(u"stateLabel"_s);
    m_state->setTextFormat(Qt::PlainText);
    m_figures->setObjectName(u"figuresLabel"_s);
    layout->addWidget(m_start);
    layout->addWidget(m_state);
    layout->addWidget(m_url);
    layout->addWidget(m_health);
    layout->addStretch(1);
    layout->addWidget(m_figures);
    connect(m_start, &QPushButton::clicked, this, &TopBar::startClicked);
    connect(m_health, &QPushButton::clicked, this, &TopBar::healthClicked);
    connect(m_url, &QPushButton::clicked, this, [this] {
        const QString url = m_session ? m_session->url().toString() : QString();
        QGuiApplication::clipboard()->setText(url);
        Q_EMIT copied(url);
    });
    const auto paint = [this] {
        setStyleSheet(Theme::instance().fill(u"#topBar { border: none; border-bottom: 1px solid %border%; background: %surface%; }"_s));
        refresh();
    };
    connect(&Theme::instance(), &Theme::changed, this, paint);
    connect(&feed, &TraceFeed::ticked, this, &TopBar::refreshFigures);
    paint();
}

void TopBar::setSession(Session *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    if (session) {
        connect(session, &Session::stateChanged, this, &TopBar::refresh);
        connect(session, &Session::fleetChanged, this, &TopBar::refresh);
    }
    refresh();
}

void TopBar::refresh()
{
    const auto state = m_session ? m_session->state() : Session::State::Stopped;
    const bool isLocal = !m_session || m_session->isLocal();
    const bool isOff = state == Session::State::Stopped;
    m_start->setVisible(isLocal);
    m_start->setText(isOff ? tr("Start") : state == Session::State::Draining ? tr("Stop now") : tr("Stop"));
    m_start->setIcon(icon(isOff ? u"start"_s : u"stop"_s));
    m_start->setToolTip(isOff ? tr("Starts the balancer (F9)") : tr("No new requests; running ones end first (F9)"));
    m_start->setProperty("primary", false);
    QString words;
    QString tone = u"muted"_s;
    switch (state) {
    case Session::State::Stopped: words = u"○ "_s + (isLocal ? tr("stopped") : tr("not attached")); break;
    case Session::State::Starting: words = u"⟳ "_s + (isLocal ? tr("starting") : tr("connecting")); break;
    case Session::State::Running:
        words = u"● "_s + (isLocal ? tr("running") : tr("attached"));
        tone = u"ok"_s;
        break;
    case Session::State::Draining:
        words = u"▲ "_s + tr("draining");
        tone = u"warn"_s;
        break;
    case Session::State::Lost:
        words = u"✖ "_s + tr("not reached, trying again");
        tone = u"bad"_s;
        break;
    }
    m_state->setText(words);
    m_state->setToolTip(m_session ? tip(m_session->problem()) : QString());
    m_state->setProperty("tone", tone);
    m_state->style()->unpolish(m_state);
    m_state->style()->polish(m_state);
    const QUrl url = m_session ? m_session->url() : QUrl();
    m_url->setVisible(!url.isEmpty());
    m_url->setText(url.toString());
    m_url->setIcon(icon(u"copy"_s));
    m_url->setAccessibleName(tr("Copy %1").arg(url.toString()));
    int up = 0;
    int bad = 0;
    int others = 0;
    const QList<ServerView> servers = m_session ? m_session->servers() : QList<ServerView>();
    for (const ServerView &server : servers)
        ++(server.status == "up"_L1 ? up : server.status == "down"_L1 ? bad : others);
    m_health->setVisible(!servers.isEmpty());
    QStringList parts;
    if (up > 0)
        parts += u"● "_s + tr("%n up", nullptr, up);
    if (others > 0)
        parts += u"▲ "_s + tr("%n other", nullptr, others);
    if (bad > 0)
        parts += u"✖ "_s + tr("%n down", nullptr, bad);
    m_health->setText(parts.join(u"  "_s));
    m_health->setStyleSheet(Theme::instance().fill(bad > 0 ? u"color: %bad%"_s : others > 0 ? u"color: %warn%"_s : u"color: %ok%"_s));
    m_shown = 0;
    refreshFigures();
}

void TopBar::refreshFigures()
{
    const qint64 now = TraceFeed::second();
    if (m_shown == now)
        return;
    m_shown = now;
    const double rate = m_feed.stats().rate(now, 5);
    const auto ttft = m_feed.stats().ttftP50(now, 60);
    QStringList parts{tr("%1 in flight").arg(m_session ? m_session->inFlight() : 0), tr("%1 req/s").arg(QLocale().toString(rate, 'f', rate < 10 ? 1 : 0))};
    if (ttft)
        parts += tr("TTFT p50 %1").arg(TraceText::duration(*ttft));
    m_figures->setText(parts.join(u"    "_s));
}

} // namespace pdlb::gui
