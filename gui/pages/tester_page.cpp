// SPDX-License-Identifier: Apache-2.0
#include "pages/tester_page.h"

#include "client/curl_command.h"
#include "client/trace_lookup.h"
#include "models/trace_text.h"
#include "session/session.h"
#include "theme/theme.h"
#include "widgets/answer_view.h"
#include "widgets/file_dialogs.h"
#include "widgets/message_banner.h"
#include "widgets/repeat_panel.h"
#include "widgets/request_form.h"

#include <QAction>
#include <QClipboard>
#include <QFile>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QJsonDocument>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QSplitter>
#include <QStyle>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

TesterPage::TesterPage(const QString &historyFile, QWidget *parent)
    : QWidget(parent), m_history(historyFile), m_banner(new MessageBanner(this)), m_splitter(new QSplitter(this)), m_right(new QSplitter(Qt::Vertical, this)),
      m_form(new RequestForm(this)), m_answer(new AnswerView(this)), m_repeat(new RepeatPanel(this)), m_send(new QPushButton(this)), m_historyMenu(new QMenu(this))
{
    setObjectName(u"testerPage"_s);
    auto *left = new QWidget(this);
    auto *leftLayout = new QVBoxLayout(left);
    leftLayout->setContentsMargins(0, 0, 0, 12);
    auto *scroll = new QScrollArea(left);
    scroll->setWidget(m_form);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setMinimumWidth(fontMetrics().averageCharWidth() * 48);
    leftLayout->addWidget(scroll, 1);
    m_send->setObjectName(u"sendButton"_s);
    m_send->setProperty("primary", true);
    auto *copyButton = new QPushButton(tr("Copy as"), left);
    auto *copyMenu = new QMenu(copyButton);
    connect(copyMenu->addAction(tr("cURL")), &QAction::triggered, this, [this] { copy(false); });
    connect(copyMenu->addAction(tr("Python (requests)")), &QAction::triggered, this, [this] { copy(true); });
    copyButton->setMenu(copyMenu);
    auto *more = new QPushButton(tr("Presets"), left);
    auto *moreMenu = new QMenu(more);
    connect(moreMenu->addAction(tr("Open…")), &QAction::triggered, this, &TesterPage::loadPreset);
    connect(moreMenu->addAction(tr("Save…")), &QAction::triggered, this, &TesterPage::savePreset);
    connect(moreMenu->addAction(tr("Paste a cURL command")), &QAction::triggered, this, &TesterPage::pasteCurl);
    moreMenu->addSeparator();
    m_historyMenu->setTitle(tr("History"));
    moreMenu->addMenu(m_historyMenu);
    connect(m_historyMenu, &QMenu::aboutToShow, this, &TesterPage::fillHistory);
    more->setMenu(moreMenu);
    auto *buttons = new QHBoxLayout;
    buttons->setContentsMargins(16, 0, 16, 0);
    buttons->addWidget(m_send, 1);
    buttons->addWidget(copyButton);
    buttons->addWidget(more);
    leftLayout->addLayout(buttons);

    m_right->addWidget(m_answer);
    m_right->addWidget(m_repeat);
    m_right->setStretchFactor(0, 3);
    m_right->setStretchFactor(1, 2);
    m_right->setChildrenCollapsible(false);
    m_splitter->addWidget(left);
    m_splitter->addWidget(m_right);
    m_splitter->setStretchFactor(0, 0);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setChildrenCollapsible(false);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_banner);
    layout->addWidget(m_splitter, 1);

    makeActions();
    const auto showState = [this] {
        const bool runs = m_answer->isRunning();
        m_send->setText(runs ? tr("Stop   Esc") : tr("Send   Ctrl+Enter"));
        m_send->setProperty("primary", !runs);
        m_send->style()->unpolish(m_send);
        m_send->style()->polish(m_send);
    };
    showState();
    connect(m_send, &QPushButton::clicked, this, [this] { m_answer->isRunning() ? stop() : send(); });
    connect(m_answer, &AnswerView::started, this, showState);
    connect(m_answer, &AnswerView::ended, this, showState);
    connect(m_answer, &AnswerView::ended, this, &TesterPage::ended);
    connect(m_answer, &AnswerView::traceWanted, this, &TesterPage::traceWanted);
    connect(m_repeat, &RepeatPanel::runWanted, this, &TesterPage::repeat);
    connect(m_repeat, &RepeatPanel::problem, this, [this](const QString &text) { m_banner->show(MessageBanner::Kind::Warning, text); });
}

void TesterPage::makeActions()
{
    const auto add = [this](const QString &text, const QList<QKeySequence> &keys, const auto &act) {
        auto *action = new QAction(text, this);
        action->setShortcuts(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, act);
        addAction(action);
        m_actions += action;
    };
    add(tr("Send"), {QKeySequence(Qt::CTRL | Qt::Key_Return), QKeySequence(Qt::CTRL | Qt::Key_Enter)}, [this] { send(); });
    add(tr("Stop"), {QKeySequence(Qt::Key_Escape)}, [this] { stop(); });
    add(tr("Run repeat"), {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Return)}, [this] { repeat(); });
    add(tr("Paste a cURL command"), {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_V)}, [this] { pasteCurl(); });
    add(tr("Copy as cURL"), {QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_C)}, [this] { copy(false); });
    add(tr("Copy as Python"), {QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_P)}, [this] { copy(true); });
    add(tr("Open preset…"), {QKeySequence::Open}, [this] { loadPreset(); });
    add(tr("Save preset…"), {QKeySequence::Save}, [this] { savePreset(); });
}

void TesterPage::setSession(Session *session)
{
    m_session = session;
    m_form->setSession(session);
}

void TesterPage::setPair(const QByteArray &pair)
{
    m_form->setPair(pair);
}

void TesterPage::openTimeline(const trace::Timeline &timeline)
{
    const auto endpoint = client::endpointOf(timeline.endpoint);
    if (!endpoint || !timeline.bodies) {
        m_banner->show(MessageBanner::Kind::Error, timeline.ended ? tr("The request's body was not kept: it cannot be opened.")
                                                                 : tr("Its body is known when the request has ended."));
        return;
    }
    const QJsonDocument body = QJsonDocument::fromJson(timeline.bodies->request.bytes);
    if (!body.isObject()) {
        m_banner->show(MessageBanner::Kind::Error, tr("Only a part of the request's body was kept: it cannot be opened."));
        return;
    }
    TesterRequest request;
    request.spec = client::specOfBody(*endpoint, body.object());
    m_form->setRequest(request);
    m_banner->show(MessageBanner::Kind::Information, tr("Taken from request %1.").arg(TraceText::foreign(timeline.requestId)));
}

/// What stands in the form, ready to be sent; nothing when it cannot be, which is said.
std::optional<std::pair<TesterRequest, upstream::Origin>> TesterPage::readyRequest()
{
    const auto request = m_form->request();
    if (!request) {
        m_banner->show(MessageBanner::Kind::Error, request.error().message);
        return {};
    }
    const auto origin = upstream::parseOrigin(*m_form->urlOf(request->target));
    if (!origin) {
        m_banner->show(MessageBanner::Kind::Error, origin.error().message);
        return {};
    }
    m_banner->clear();
    return std::pair(*request, *origin);
}

void TesterPage::send()
{
    if (m_answer->isRunning())
        return;
    const auto ready = readyRequest();
    if (!ready)
        return;
    m_sent = ready->first;
    m_stopped = false;
    m_answer->send(ready->second, m_sent.spec.toBytes());
}

void TesterPage::stop()
{
    if (!m_answer->isRunning()) {
        if (m_repeat->isRunning())
            m_repeat->stop();
        return;
    }
    m_stopped = true;
    m_answer->stop();
}

void TesterPage::ended()
{
    const client::RequestResult &result = m_answer->result();
    m_sent.sentAt = QDateTime::currentDateTime();
    m_sent.outcome = result.aborted ? tr("stopped") : result.status == 0 ? tr("failed")
        : u"%1, %2"_s.arg(result.status).arg(TraceText::duration(result.duration()));
    m_history.add(m_sent);
    if (m_stopped) {
        tellStopped();
        return;
    }
    if (!result.error.isEmpty())
        m_banner->show(MessageBanner::Kind::Error, result.error.left(1000));
    // What only the balancer knows of it.
    const bool toBalancer = m_sent.target.kind == TesterTarget::Kind::Balancer || m_sent.target.kind == TesterTarget::Kind::Pair;
    if (!m_session || !toBalancer || result.requestId.isEmpty())
        return;
    m_session->ask("GET", "/admin/v1/traces/" + result.requestId.toPercentEncoding(), {}, this, [this, id = result.requestId](const AdminAnswer &answer) {
        if (!answer.isGood() || m_answer->isRunning() || m_answer->result().requestId != id)
            return;
        const client::ServerView view = client::serverView(answer.json());
        QStringList parts;
        const auto part = [&parts](const QString &text, const std::optional<double> &ms) {
            if (ms)
                parts += text.arg(TraceText::duration(*ms));
        };
        part(tr("queue %1"), view.queue);
        part(tr("prefill with KV transfer %1"), view.prefill);
        part(tr("then decode's first byte after %1"), view.decodeFirst);
        if (!parts.isEmpty())
            m_answer->setRemark(tr("In the balancer: %1").arg(parts.join(u", "_s)));
    });
}

void TesterPage::tellStopped()
{
    const QByteArray id = m_answer->result().requestId;
    m_answer->setRemark(tr("Stopped: the connection was closed."));
    const bool toBalancer = m_sent.target.kind == TesterTarget::Kind::Balancer || m_sent.target.kind == TesterTarget::Kind::Pair;
    if (!m_session || !toBalancer || id.isEmpty())
        return;
    // Its record is there when the aborts are on their way.
    constexpr std::chrono::milliseconds moment{300};
    QTimer::singleShot(moment, this, [this, id] {
        m_session->ask("GET", "/admin/v1/traces/" + id.toPercentEncoding(), {}, this, [this, id](const AdminAnswer &answer) {
            if (!answer.isGood() || m_answer->isRunning() || m_answer->result().requestId != id)
                return;
            const client::ServerView view = client::serverView(answer.json());
            QString text = tr("Stopped.");
            if (!view.told.isEmpty())
                text += u' ' + tr("Aborted on: %1.").arg(view.told.join(u", "_s));
            else if (!view.cancelled.isEmpty())
                text += u' ' + tr("Closed: %1.").arg(view.cancelled.join(u", "_s));
            if (!view.finished.isEmpty())
                text += u' ' + tr("Had finished already: %1.").arg(view.finished.join(u", "_s));
            m_answer->setRemark(text);
        });
    });
}

void TesterPage::repeat()
{
    if (const auto ready = readyRequest())
        m_repeat->run(ready->second, ready->first.spec);
}

void TesterPage::copy(bool python)
{
    const auto request = m_form->request();
    if (!request) {
        m_banner->show(MessageBanner::Kind::Error, request.error().message);
        return;
    }
    const QString url = *m_form->urlOf(request->target);
    QGuiApplication::clipboard()->setText(python ? client::toPython(url, request->spec) : client::toCurl(url, request->spec));
    m_banner->show(MessageBanner::Kind::Information, request->spec.apiKey.isEmpty() ? tr("Copied.") : tr("Copied; the key is taken from $OPENAI_API_KEY."));
}

void TesterPage::pasteCurl()
{
    const QString problem = m_form->pasteCurl(QGuiApplication::clipboard()->text());
    if (problem.isEmpty())
        m_banner->show(MessageBanner::Kind::Information, tr("Taken from the cURL command."));
    else
        m_banner->show(MessageBanner::Kind::Error, tr("The clipboard's text cannot be used: %1").arg(problem));
}

void TesterPage::savePreset()
{
    const auto request = m_form->request();
    if (!request) {
        m_banner->show(MessageBanner::Kind::Error, request.error().message);
        return;
    }
    saveBytes(this, tr("Save preset"), u"request.json"_s, [json = request->toJson()] { return QJsonDocument(json).toJson(); });
}

void TesterPage::loadPreset()
{
    askOpenName(this, tr("Open preset"), tr("Requests (*.json);;All files (*)"), [this](const QString &path) {
        QFile file(path);
        constexpr qint64 most = qint64(64) * 1024 * 1024;
        if (!file.open(QIODevice::ReadOnly)) {
            m_banner->show(MessageBanner::Kind::Error, tr("%1 cannot be read: %2").arg(path, file.errorString()));
            return;
        }
        const auto request = TesterRequest::fromJson(QJsonDocument::fromJson(file.read(most)).object());
        if (!request) {
            m_banner->show(MessageBanner::Kind::Error, tr("%1: %2").arg(path, request.error().message));
            return;
        }
        m_form->setRequest(*request);
    });
}

void TesterPage::fillHistory()
{
    m_historyMenu->clear();
    for (const TesterRequest &request : m_history.list()) {
        QString title = request.title();
        title.replace(u'&', u"&&"_s);
        QAction *action = m_historyMenu->addAction(u"%1  %2  %3"_s.arg(request.sentAt.toLocalTime().toString(u"dd.MM. HH:mm:ss"_s), request.outcome, title));
        connect(action, &QAction::triggered, this, [this, request] { m_form->setRequest(request); });
    }
    if (m_historyMenu->isEmpty())
        m_historyMenu->addAction(tr("Nothing was sent yet"))->setEnabled(false);
}

void TesterPage::save(QSettings &settings) const
{
    settings.setValue("tester/splitter", m_splitter->saveState());
    settings.setValue("tester/right", m_right->saveState());
}

void TesterPage::restore(QSettings &settings)
{
    m_splitter->restoreState(settings.value("tester/splitter").toByteArray());
    m_right->restoreState(settings.value("tester/right").toByteArray());
}

} // namespace pdlb::gui
