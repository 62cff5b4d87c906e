// SPDX-License-Identifier: Apache-2.0
#include "widgets/answer_view.h"

#include "models/trace_text.h"
#include "theme/theme.h"
#include "widgets/events_view.h"
#include "widgets/plain_edit.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStyle>
#include <QTabWidget>
#include <QTextBrowser>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr std::chrono::milliseconds drawing{66};

PlainEdit *textView(const QString &name, QWidget *parent)
{
    auto *view = new PlainEdit(parent);
    view->setReadOnly(true);
    view->setUndoRedoEnabled(false);
    view->setFrameShape(QFrame::NoFrame);
    view->setAccessibleName(name);
    return view;
}

} // namespace

AnswerView::AnswerView(QWidget *parent)
    : QWidget(parent), m_state(new QLabel(this)), m_remark(new QLabel(this)), m_tabs(new QTabWidget(this)), m_textView(textView(tr("Generated text"), this)),
      m_events(new EventsView(this)), m_raw(textView(tr("The answer's bytes"), this)), m_markdown(new QTextBrowser(this)),
      m_trace(new QPushButton(tr("Show trace"), this))
{
    setObjectName(u"answerView"_s);
    auto *figures = new QHBoxLayout;
    figures->setSpacing(24);
    m_ttft = addFigure(figures, tr("TTFT"), tr("Time to first token: from the start to the first chunk with content or reasoning; a role alone does not count"));
    m_itl = addFigure(figures, tr("ITL mean"), tr("Inter-token latency: (last content − first content) / (completion tokens − 1); needs a usage block and two tokens"));
    m_rate = addFigure(figures, tr("tok/s"), tr("Completion tokens per second from the first to the last content; while it streams: chunks with content"));
    m_tokens = addFigure(figures, tr("tokens"), tr("Completion tokens of the usage block; while it streams: chunks with content. A chunk may hold several tokens"));
    m_total = addFigure(figures, tr("total"), tr("From the start to the answer's last byte"));
    m_pair = addFigure(figures, tr("pair"), tr("The servers that the balancer picked"));
    figures->addStretch(1);
    m_state->setObjectName(u"answerState"_s);
    m_state->setTextFormat(Qt::PlainText);
    figures->addWidget(m_state, 0, Qt::AlignTop);
    m_remark->setObjectName(u"answerRemark"_s);
    m_remark->setTextFormat(Qt::PlainText);
    m_remark->setWordWrap(true);
    m_remark->hide();

    m_textView->setObjectName(u"answerText"_s);
    m_raw->setFont(Theme::monospace(font()));
    m_markdown->setOpenLinks(false);
    m_markdown->setFrameShape(QFrame::NoFrame);
    m_markdown->setAccessibleName(tr("The text as Markdown"));
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(m_textView, tr("Text"));
    m_tabs->addTab(m_events, tr("Events"));
    m_tabs->addTab(m_raw, tr("Raw"));
    m_tabs->addTab(m_markdown, tr("Markdown"));
    m_trace->setProperty("flat", true);
    m_trace->setObjectName(u"showTrace"_s);
    m_trace->setEnabled(false);
    m_tabs->setCornerWidget(m_trace);
    connect(m_trace, &QPushButton::clicked, this, [this] { Q_EMIT traceWanted(m_result.requestId); });
    connect(m_tabs, &QTabWidget::currentChanged, this, &AnswerView::showMarkdown);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 8);
    layout->addLayout(figures);
    layout->addWidget(m_remark);
    layout->addWidget(m_tabs, 1);
    m_timer.setInterval(drawing);
    connect(&m_timer, &QTimer::timeout, this, &AnswerView::tick);
    m_textView->setPlaceholderText(tr("The answer appears here, token by token."));
    showFigures();
}

AnswerView::~AnswerView() = default;

AnswerView::Figure AnswerView::addFigure(QHBoxLayout *layout, const QString &name, const QString &definition)
{
    auto *column = new QVBoxLayout;
    column->setSpacing(0);
    Figure figure{new QLabel(u"–"_s, this), new QLabel(name, this)};
    figure.value->setFont(Theme::scaled(font(), 1.35, true));
    figure.value->setTextFormat(Qt::PlainText);
    figure.value->setToolTip(tip(definition));
    figure.value->setAccessibleName(name);
    figure.name->setProperty("tone", u"muted"_s);
    figure.name->setFont(Theme::scaled(font(), 0.9));
    figure.name->setToolTip(tip(definition));
    column->addWidget(figure.value);
    column->addWidget(figure.name);
    layout->addLayout(column);
    return figure;
}

void AnswerView::send(const upstream::Origin &origin, const client::RequestBytes &request)
{
    stop();
    m_result = {};
    m_reader = {};
    m_pendingEvents.clear();
    m_pendingText.clear();
    m_pendingRaw.clear();
    m_text.clear();
    m_rawShown = 0;
    m_textView->clear();
    m_raw->clear();
    m_markdown->clear();
    m_events->model().clear();
    m_events->setRemark(request.stream ? QString() : tr("The answer is no stream: there are no events."));
    setRemark({});
    upstream::UpstreamTransport &transport = origin.tls ? static_cast<upstream::UpstreamTransport &>(m_qnam) : m_direct;
    m_run = new client::RequestRun(transport, origin, request, SteadyClock::instance(), this, {.keepText = true, .keepRaw = true});
    connect(m_run, &client::RequestRun::text, this, [this](const QByteArray &content, const QByteArray &reasoning) { m_pendingText += reasoning + content; });
    connect(m_run, &client::RequestRun::raw, this, [this, isStream = request.stream](QByteArrayView bytes) {
        if (m_rawShown + m_pendingRaw.size() < mostShown)
            m_pendingRaw += bytes.first(std::min(bytes.size(), qsizetype(mostShown - m_rawShown - m_pendingRaw.size())));
        if (!isStream)
            return;
        for (StreamEvent &event : m_reader.feed(bytes, SteadyClock::instance().now() - m_start))
            m_pendingEvents.push_back(std::move(event));
    });
    connect(m_run, &client::RequestRun::finished, this, &AnswerView::finished);
    m_start = SteadyClock::instance().now();
    m_timer.start();
    m_trace->setEnabled(false);
    Q_EMIT started();
    m_run->start();
    showFigures();
}

void AnswerView::stop()
{
    if (m_run)
        m_run->abort(); // finished() follows at once
}

qint64 AnswerView::events() const
{
    return m_events->model().total() + qint64(m_pendingEvents.size());
}

QString AnswerView::text() const
{
    return QString::fromUtf8(m_text + m_pendingText);
}

void AnswerView::setRemark(const QString &remark)
{
    m_remark->setText(remark);
    m_remark->setVisible(!remark.isEmpty());
}

void AnswerView::tick()
{
    if (m_run)
        m_result = m_run->result();
    flush();
    showFigures();
}

void AnswerView::flush()
{
    if (!m_pendingText.isEmpty()) {
        const QByteArray text = std::exchange(m_pendingText, {});
        if (m_text.size() < mostShown) {
            m_text += text.left(mostShown - m_text.size());
            m_textView->appendText(QString::fromUtf8(text));
        }
    }
    if (!m_pendingRaw.isEmpty()) {
        const QByteArray raw = std::exchange(m_pendingRaw, {});
        m_rawShown += raw.size();
        m_raw->appendText(QString::fromUtf8(raw));
    }
    if (!m_pendingEvents.empty()) {
        m_events->model().append(std::exchange(m_pendingEvents, {}));
        if (m_events->isVisible() || !m_run)
            m_events->refresh();
        m_tabs->setTabText(1, tr("Events %1").arg(QLocale().toString(m_events->model().total())));
    }
}

void AnswerView::finished()
{
    m_result = m_run->result();
    m_run->deleteLater();
    m_run = nullptr;
    m_timer.stop();
    flush();
    m_events->refresh();
    if (m_result.bytes > mostShown)
        setRemark(tr("Only the first %1 of %2 are shown.").arg(TraceText::bytes(mostShown), TraceText::bytes(m_result.bytes)));
    if (m_events->model().total() == 0)
        m_tabs->setTabText(1, tr("Events"));
    m_trace->setEnabled(!m_result.requestId.isEmpty());
    showFigures();
    showMarkdown();
    Q_EMIT ended();
}

void AnswerView::showMarkdown()
{
    constexpr qsizetype most = qsizetype(512) * 1024; // laying it out takes its time
    if (m_tabs->currentWidget() != m_markdown || m_run)
        return;
    const QString text = QString::fromUtf8(m_text.left(most));
    if (PlainEdit::longestWord(text) > PlainEdit::longestWrapped)
        m_markdown->setPlainText(tr("There are words in it that are too long to be laid out; see Text."));
    else
        m_markdown->setMarkdown(text);
}

void AnswerView::showFigures()
{
    const client::RequestResult &r = m_result;
    const auto ms = [](const std::optional<double> &value) { return value ? TraceText::duration(*value) : u"–"_s; };
    m_ttft.value->setText(ms(r.ttft()));
    m_itl.value->setText(ms(r.itl()));
    const Monotonic now = SteadyClock::instance().now();
    auto rate = r.tokensPerSecond();
    if (!rate && r.firstContent && r.lastContent && r.chunks > 1 && *r.lastContent > *r.firstContent)
        rate = double(r.chunks - 1) / (double((*r.lastContent - *r.firstContent).count()) / 1e9);
    m_rate.value->setText(rate ? QLocale().toString(*rate, 'f', 1) : u"–"_s);
    m_tokens.value->setText(r.facts.completionTokens ? TraceText::count(r.facts.completionTokens) : r.chunks > 0 ? QLocale().toString(r.chunks) : u"–"_s);
    m_total.value->setText(m_run ? TraceText::duration(now - m_start) : r.end.count() > 0 ? TraceText::duration(r.duration()) : u"–"_s);
    m_pair.value->setText(r.prefill.isEmpty() ? u"–"_s : TraceText::foreign(r.prefill, 40) + u" → "_s + TraceText::foreign(r.decode, 40));
    QString tone = u"muted"_s;
    QString state;
    if (m_run) {
        tone = u"accent"_s;
        state = r.status == 0 ? u"⟳ "_s + tr("waiting") : u"⟳ "_s + tr("%1, streaming").arg(r.status);
    } else if (r.aborted) {
        state = u"⊘ "_s + tr("stopped");
    } else if (!r.error.isEmpty()) {
        tone = u"bad"_s;
        state = u"✖ "_s + (r.status > 0 ? QString::number(r.status) : tr("failed"));
    } else if (r.status > 0) {
        tone = u"ok"_s;
        state = u"✔ "_s + QString::number(r.status) + (r.facts.finishReason.isEmpty() ? QString() : u", "_s + TraceText::foreign(r.facts.finishReason, 40));
    }
    if (m_state->text() == state)
        return;
    m_state->setText(state);
    m_state->setProperty("tone", tone);
    m_state->style()->unpolish(m_state);
    m_state->style()->polish(m_state);
}

} // namespace pdlb::gui
