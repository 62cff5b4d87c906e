// SPDX-License-Identifier: Apache-2.0
#include "widgets/trace_detail.h"

#include "models/trace_model.h"
#include "models/trace_text.h"
#include "session/session.h"
#include "theme/theme.h"
#include "trace/timeline_json.h"
#include "widgets/body_view.h"
#include "widgets/events_view.h"
#include "widgets/file_dialogs.h"
#include "widgets/find_bar.h"
#include "widgets/timing_view.h"
#include "widgets/trace_html.h"

#include <QHBoxLayout>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QTabWidget>
#include <QTextBrowser>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

QTextBrowser *browser(const QString &name, QWidget *parent)
{
    auto *view = new QTextBrowser(parent);
    view->setOpenLinks(false);
    view->setFrameShape(QFrame::NoFrame);
    view->setStyleSheet(u"QTextBrowser { border: none; }"_s);
    view->setAccessibleName(name);
    view->setTabChangesFocus(true);
    return view;
}

} // namespace

TraceDetail::TraceDetail(QWidget *parent)
    : QWidget(parent), m_title(new QLabel(this)), m_subtitle(new QLabel(this)), m_explain(new QPushButton(tr("Explain again"), this)),
      m_abort(new QPushButton(tr("Abort request"), this)), m_tester(new QPushButton(tr("Open in tester"), this)), m_tabs(new QTabWidget(this)),
      m_overview(browser(tr("Overview"), this)), m_timing(new TimingView(this)), m_phases(browser(tr("Phases"), this)), m_request(browser(tr("Request headers"), this)),
      m_requestBody(new BodyView(this)), m_prefill(browser(tr("Prefill leg"), this)), m_prefillBody(new BodyView(this)),
      m_decode(browser(tr("Decode leg"), this)), m_decodeBody(new BodyView(this)), m_events(new EventsView(this)), m_error(browser(tr("Error"), this)),
      m_raw(new BodyView(this)), m_find(new FindBar(m_tabs, this))
{
    setObjectName(u"traceDetail"_s);
    m_title->setObjectName(u"traceSentence"_s);
    m_title->setFont(Theme::scaled(font(), 1.35, true));
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    m_title->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_subtitle->setObjectName(u"traceAdvice"_s);
    m_subtitle->setProperty("tone", u"muted"_s);
    m_subtitle->setTextFormat(Qt::PlainText);
    m_subtitle->setWordWrap(true);
    m_subtitle->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_abort->setToolTip(tr("Ends the request: both engines are told to stop, the client gets an error"));
    m_explain->setToolTip(tr("Asks both engines and the bootstrap server where the request is"));

    auto *head = new QHBoxLayout;
    auto *words = new QVBoxLayout;
    words->setSpacing(2);
    words->addWidget(m_title);
    words->addWidget(m_subtitle);
    head->addLayout(words, 1);
    for (QPushButton *button : {m_explain, m_abort, m_tester})
        head->addWidget(button, 0, Qt::AlignTop);

    m_tabs->setDocumentMode(true);
    m_tabs->setMinimumSize(280, fontMetrics().height() * 8); // whatever its pages would like: they scroll
    m_tabs->setObjectName(u"detailTabs"_s);
    m_tabs->addTab(m_overview, tr("Overview"));
    auto *timing = new QWidget(this);
    auto *timingLayout = new QVBoxLayout(timing);
    timingLayout->setContentsMargins(0, 8, 0, 0);
    timingLayout->addWidget(m_timing);
    timingLayout->addWidget(m_phases, 1);
    m_phases->setMinimumHeight(60);
    auto *scroll = new QScrollArea(this);
    scroll->setWidget(timing);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    m_tabs->addTab(scroll, tr("Timing"));
    addBodyTab(Request, tr("Request"), m_request, m_requestBody);
    addBodyTab(PrefillLeg, tr("Prefill leg"), m_prefill, m_prefillBody);
    addBodyTab(DecodeLeg, tr("Decode leg"), m_decode, m_decodeBody);
    m_tabs->addTab(m_events, tr("Events"));
    m_tabs->addTab(m_error, tr("Error"));
    m_raw->setAccessibleName(tr("The record as JSON"));
    m_tabs->addTab(m_raw, tr("Raw"));

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 8);
    layout->addLayout(head);
    layout->addWidget(m_tabs, 1);
    layout->addWidget(m_find);

    connect(m_explain, &QPushButton::clicked, this, &TraceDetail::explain);
    connect(m_abort, &QPushButton::clicked, this, &TraceDetail::abort);
    connect(m_tester, &QPushButton::clicked, this, [this] { Q_EMIT openInTester(m_timeline); });
    connect(m_tabs, &QTabWidget::currentChanged, this, &TraceDetail::showTab);
    connect(m_find, &FindBar::everywhere, this, &TraceDetail::searchEverywhere);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        std::fill(std::begin(m_shown), std::end(m_shown), nullptr);
        showTab();
    });
    setTimeline(0, nullptr);
}

void TraceDetail::addBodyTab(Tab tab, const QString &title, QTextBrowser *head, BodyView *body)
{
    auto *splitter = new QSplitter(Qt::Horizontal, this);
    splitter->addWidget(head);
    splitter->addWidget(body);
    splitter->setChildrenCollapsible(false);
    splitter->setStretchFactor(0, 2);
    splitter->setStretchFactor(1, 3);
    body->setAccessibleName(tr("%1: body").arg(title));
    m_tabs->insertTab(tab, splitter, title);
}

void TraceDetail::setSession(Session *session)
{
    m_session = session;
}

QString TraceDetail::sentence() const
{
    return m_title->text();
}

void TraceDetail::setTimeline(quint64 number, const trace::TimelinePtr &timeline)
{
    if (number == m_number && timeline == m_timeline && !m_evicted)
        return;
    const bool isOther = number != m_number;
    if (isOther || !timeline) {
        m_explained.clear();
        m_advice.clear();
    }
    if (isOther || !m_fetched || !timeline || !timeline->ended || (m_timeline && !m_timeline->ended))
        m_fetched = false;
    else
        return; // only pinned or commented: the fetched record has more
    m_number = number;
    m_timeline = timeline;
    m_evicted = false;
    showTimeline();
    if (isOther && timeline && !timeline->ended && timeline->observations && !timeline->observations->isExplained()
        && totalOf(*timeline, TraceModel::now()) > std::chrono::seconds(2))
        explain();
    if (timeline && timeline->ended && m_session && !m_session->hasFullRecords())
        fetchWhole();
}

void TraceDetail::fetchWhole()
{
    m_session->fetch(m_timeline->requestId, this, [this, number = m_number](const trace::TimelinePtr &whole) {
        if (!whole || number != m_number)
            return;
        m_fetched = true;
        m_timeline = whole;
        showTimeline();
    });
}

void TraceDetail::setEvicted()
{
    if (!m_timeline || m_evicted)
        return;
    m_evicted = true;
    showSentence();
}

void TraceDetail::showTimeline()
{
    const bool has = m_timeline != nullptr;
    m_tabs->setVisible(has);
    m_tester->setVisible(has);
    const bool runs = has && !m_timeline->ended;
    m_explain->setVisible(runs);
    m_abort->setVisible(runs);
    if (!has)
        m_find->hide();
    showSentence();
    if (has) {
        const trace::LegTimeline *decode = m_timeline->leg(false);
        const qint64 events = decode ? decode->events : 0;
        m_tabs->setTabText(Events, events > 0 ? tr("Events %1").arg(QLocale().toString(events)) : tr("Events"));
        const bool failed = m_timeline->ended && (!m_timeline->error.isEmpty() || m_timeline->end != trace::EndReason::Ok);
        m_tabs->setTabText(Error, failed ? tr("Error ✖") : tr("Error"));
    }
    showTab();
}

void TraceDetail::showSentence()
{
    if (!m_timeline) {
        m_title->setText(tr("No request is selected"));
        m_subtitle->setText(tr("Select a row to see where its time went, on which engine, and why."));
        return;
    }
    const trace::Timeline &t = *m_timeline;
    if (!t.ended && t.observations && t.observations->isExplained()) {
        const trace::Explanation newest = t.observations->explanations().back();
        m_explained = newest.sentence;
        m_advice = newest.advice;
    }
    QString title;
    QString subtitle;
    if (!t.ended) {
        title = m_explained.isEmpty() ? tr("#%1 is running: %2").arg(m_number).arg(TraceText::summary(t)) : tr("#%1: %2").arg(m_number).arg(m_explained);
        subtitle = m_advice;
    } else if (t.end == trace::EndReason::Ok && t.status < 400) {
        title = tr("#%1 took %2: first token after %3").arg(m_number).arg(TraceText::duration(*t.ended - t.received), TraceText::duration(ttftOf(t)));
        if (!ttftOf(t))
            title = tr("#%1 took %2").arg(m_number).arg(TraceText::duration(*t.ended - t.received));
        const QString finish = TraceText::foreign(t.facts.finishReason.isEmpty() ? QByteArray(endReasonName(t.end)) : t.facts.finishReason);
        subtitle = t.facts.promptTokens || t.facts.completionTokens
            ? tr("%1 · %2 tokens in, %3 out · %4").arg(TraceText::pair(t), TraceText::count(t.facts.promptTokens), TraceText::count(t.facts.completionTokens), finish)
            : tr("%1 · %2").arg(TraceText::pair(t), finish);
    } else {
        title = tr("#%1 failed: %2").arg(m_number).arg(t.error.isEmpty() ? TraceText::stateInWords(t) : t.error.left(300));
        if (t.end == trace::EndReason::ClientGone)
            title = tr("#%1: the client has left after %2").arg(m_number).arg(TraceText::duration(*t.ended - t.received));
        subtitle = TraceHtml::advice(t.end);
    }
    if (m_evicted)
        subtitle += (subtitle.isEmpty() ? QString() : u" "_s) + tr("(It is not in the table any more; pin requests to keep them.)");
    m_title->setText(title);
    m_subtitle->setText(subtitle);
    m_subtitle->setVisible(!subtitle.isEmpty());
}

void TraceDetail::showTab()
{
    if (!m_timeline)
        return;
    const int tab = m_tabs->currentIndex();
    if (tab < 0 || tab >= TabCount || m_shown[tab] == m_timeline)
        return;
    m_shown[tab] = m_timeline;
    const trace::Timeline &t = *m_timeline;
    const QString notKept = t.ended ? tr("The body was not kept.") : tr("Bodies are shown when the request has ended.");
    const auto show = [&](BodyView *view, const trace::KeptBody *body) {
        if (body)
            view->setBody(body->bytes);
        else
            view->setLines(notKept);
    };
    switch (tab) {
    case Overview: m_overview->setHtml(TraceHtml::overview(t)); break;
    case Timing:
        m_timing->setTimeline(m_timeline);
        m_phases->setHtml(TraceHtml::phases(t));
        break;
    case Request:
        m_request->setHtml(TraceHtml::request(t));
        show(m_requestBody, t.bodies ? &t.bodies->request : nullptr);
        break;
    case PrefillLeg:
        m_prefill->setHtml(TraceHtml::leg(t, true));
        show(m_prefillBody, t.bodies ? &t.bodies->prefill : nullptr);
        break;
    case DecodeLeg:
        m_decode->setHtml(TraceHtml::leg(t, false));
        show(m_decodeBody, t.bodies ? &t.bodies->answer : nullptr);
        break;
    case Events: m_events->setTimeline(t); break;
    case Error: m_error->setHtml(TraceHtml::error(t)); break;
    case Raw: m_raw->setBody(trace::timelineJson(t, {.times = false, .bodies = false})); break;
    default: break;
    }
}

void TraceDetail::explain()
{
    if (!m_session || !m_timeline)
        return;
    m_session->ask("GET", "/admin/v1/traces/" + m_timeline->requestId.toPercentEncoding() + "/explanation", {}, this,
                   [this, number = m_number](const AdminAnswer &answer) {
        if (number != m_number)
            return;
        const QJsonArray list = answer.json()["explanations"_L1].toArray();
        if (!answer.isGood()) {
            tellNear(this, tr("It cannot be explained: %1").arg(answer.error), true);
            return;
        }
        if (list.isEmpty())
            return;
        const QJsonObject newest = list.last().toObject();
        m_explained = newest["sentence"_L1].toString();
        m_advice = newest["advice"_L1].toString();
        showSentence();
    });
}

void TraceDetail::abort()
{
    if (!m_session || !m_timeline)
        return;
    m_session->ask("POST", "/admin/v1/traces/" + m_timeline->requestId.toPercentEncoding() + "/abort", {}, this, [this](const AdminAnswer &answer) {
        if (!answer.isGood())
            tellNear(this, tr("It was not aborted: %1").arg(answer.error), true);
    });
}

} // namespace pdlb::gui
