// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "pages/first_run_page.h"
#include "theme/theme.h"
#include "util/random.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractScrollArea>
#include <QDir>
#include <QFontDatabase>
#include <QLabel>
#include <QLayout>
#include <QNetworkAccessManager>
#include <QNetworkProxy>
#include <QNetworkReply>
#include <QPushButton>
#include <QSignalSpy>
#include <QSplitterHandle>

using namespace Qt::StringLiterals;

namespace pdlb::guitest {

Rig::Rig(gui::MainWindow::Options options)
{
    reopen(std::move(options));
}

Rig::~Rig() = default;

void Rig::reopen(gui::MainWindow::Options options)
{
    m_window.reset();
    // An interface font where there is one, at the size of a desktop: pictures look everywhere alike.
    static const bool once = [] {
        QFont font = QApplication::font();
        if (QFontDatabase::hasFamily(u"Inter"_s))
            font.setFamily(u"Inter"_s);
        font.setPointSizeF(9.75);
        QApplication::setFont(font);
        QApplication::setStyle(u"Fusion"_s);
        return true;
    }();
    Q_UNUSED(once)
    if (options.settingsFile.isEmpty())
        options.settingsFile = path(u"settings.ini"_s);
    if (options.config.port == Config().port)
        options.config.port = 0;
    options.config.workers = 1;
    m_window = std::make_unique<gui::MainWindow>(options);
    m_window->resize(1280, 720);
    m_window->show();
    if (!QTest::qWaitForWindowExposed(m_window.get()))
        qFatal("the window is not shown");
}

void Rig::click(QWidget *widget)
{
    if (!widget->isVisible() || !widget->isEnabled())
        qFatal("%s cannot be clicked", qUtf8Printable(widget->objectName()));
    QTest::mouseClick(widget, Qt::LeftButton, {}, widget->rect().center());
}

bool Rig::startMocks()
{
    click(find<QPushButton>("beginMocks"));
    return QTest::qWaitFor([this] { return m_window->session().state() == gui::Session::State::Running && m_window->session().servers().size() == 2; }, 15'000);
}

int Rig::send(const QByteArray &body, const QByteArray &target)
{
    QNetworkAccessManager manager;
    manager.setProxy(QNetworkProxy::NoProxy);
    QUrl url = m_window->session().url();
    url.setPath(QString::fromUtf8(target));
    QNetworkRequest request(url);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    const QByteArray usual = R"({"model":"mock-model","messages":[{"role":"user","content":"hello"}],"max_tokens":5,"stream":true})";
    QNetworkReply *reply = manager.post(request, body.isEmpty() ? usual : body);
    if (!QTest::qWaitFor([reply] { return reply->isFinished(); }, 15'000))
        return -1;
    return reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
}

QString pictureFolder()
{
    const QString folder = qEnvironmentVariable("PDLB_PICTURES", u"pictures"_s);
    QDir().mkpath(folder);
    return folder;
}

namespace {

QString nameOf(const QWidget &widget)
{
    QString text = QString::fromLatin1(widget.metaObject()->className()) + u' ' + widget.objectName();
    if (const auto *button = qobject_cast<const QAbstractButton *>(&widget))
        text += u" \""_s + button->text() + u'"';
    if (const auto *label = qobject_cast<const QLabel *>(&widget))
        text += u" \""_s + label->text().left(40) + u'"';
    return text;
}

/// Its parts are the style's own business.
bool isOpaqueToUs(const QWidget &widget)
{
    return qobject_cast<const QAbstractItemView *>(&widget) || widget.inherits("QComboBox") || widget.inherits("QAbstractSpinBox") || widget.inherits("QLineEdit")
        || widget.inherits("QTabBar") || widget.inherits("QMenuBar") || widget.inherits("QMenu") || widget.inherits("QCustomPlot") || widget.inherits("QTextEdit")
        || widget.inherits("QPlainTextEdit");
}

void look(const QWidget &parent, QStringList &problems)
{
    QList<const QWidget *> children;
    for (const QObject *child : parent.children()) {
        const auto *widget = qobject_cast<const QWidget *>(child);
        if (widget && widget->isVisible() && !widget->isWindow() && !widget->testAttribute(Qt::WA_TransparentForMouseEvents))
            children += widget;
    }
    const bool scrolls = parent.parentWidget() && qobject_cast<const QAbstractScrollArea *>(parent.parentWidget());
    for (const QWidget *child : children) {
        const QRect rect = child->geometry();
        const bool isOverlay = child->objectName() == "newPill"_L1;
        if (!scrolls && !isOverlay && !parent.rect().adjusted(-1, -1, 1, 1).contains(rect))
            problems += u"%1 sticks out of %2"_s.arg(nameOf(*child), nameOf(parent));
        for (const QWidget *other : std::as_const(children)) {
            if (other <= child || isOverlay || other->objectName() == "newPill"_L1 || qobject_cast<const QSplitterHandle *>(other) || qobject_cast<const QSplitterHandle *>(child))
                continue;
            const QRect shared = rect.intersected(other->geometry());
            if (shared.width() > 1 && shared.height() > 1 && parent.layout())
                problems += u"%1 lies over %2"_s.arg(nameOf(*child), nameOf(*other));
        }
        // Words that are cut.
        if (const auto *button = qobject_cast<const QAbstractButton *>(child)) {
            const QString text = button->text().remove(u'&');
            if (!text.isEmpty() && button->fontMetrics().horizontalAdvance(text) > rect.width())
                problems += u"%1 is cut"_s.arg(nameOf(*child));
        }
        if (const auto *label = qobject_cast<const QLabel *>(child); label && !label->wordWrap() && label->pixmap().isNull()) {
            const bool mayBeCut = label->sizePolicy().horizontalPolicy() == QSizePolicy::Ignored;
            if (!mayBeCut && label->sizeHint().width() > rect.width() + 1)
                problems += u"%1 is cut"_s.arg(nameOf(*child));
        }
        if (const auto *label = qobject_cast<const QLabel *>(child); label && label->wordWrap() && label->heightForWidth(rect.width()) > rect.height() + 2)
            problems += u"%1 is cut below"_s.arg(nameOf(*child));
        if (!isOpaqueToUs(*child))
            look(*child, problems);
    }
}

} // namespace

QStringList layoutProblems(const QWidget &window)
{
    QStringList problems;
    look(window, problems);
    problems.removeDuplicates();
    return problems;
}

trace::TimelinePtr madeUp(quint64 serial, Monotonic received, bool running)
{
    using namespace std::chrono_literals;
    SeededRandom random(quint32(serial * 2654435761u + 7));
    auto t = std::make_shared<trace::Timeline>();
    t->serial = serial;
    t->requestId = "req-" + QByteArray::number(serial);
    t->rid = "rid-" + QByteArray::number(serial);
    t->rooms = {serial * 7919};
    t->peer = "127.0.0.1";
    t->endpoint = t->target = "/v1/chat/completions";
    t->model = serial % 3 ? "llama-3.1-8b" : "qwen2.5-72b";
    t->stream = true;
    t->policy = "least_in_flight";
    t->attempts = 1;
    t->startedAt = QDateTime(QDate(2026, 11, 25), QTime(15, 2, 10)).addMSecs(qint64(serial * 137 % 3'600'000));
    t->received = received;
    t->requestBytes = 900 + qint64(random.below(4000));
    const auto ms = [&random](int least, int most) { return Monotonic(std::chrono::microseconds(least * 1000 + qint64(random.below(quint64(most - least) * 1000 + 1)))); };
    Monotonic at = received + (serial % 7 == 0 ? ms(40, 90) : ms(0, 2));
    t->picked = at;
    trace::LegTimeline prefill{.prefill = true, .server = serial % 2 ? "p1" : "p2", .serverId = 1, .url = "http://10.0.0.1:30000"};
    trace::LegTimeline decode{.prefill = false, .server = serial % 5 < 3 ? "d1" : "d2", .serverId = 2, .url = "http://10.0.0.3:30000"};
    for (trace::LegTimeline *leg : {&prefill, &decode}) {
        leg->opened = at;
        leg->ready = at + ms(0, 3);
        leg->sent = *leg->ready + ms(0, 1);
        leg->reused = serial % 3 == 0;
    }
    if (serial % 11 == 3) { // refused
        decode.ready.reset();
        decode.sent.reset();
        prefill.sent.reset();
        decode.ended = at + ms(1, 2);
        decode.error = u"refused the connection (10.0.0.3:30000)"_s;
        t->legs = {prefill, decode};
        t->ended = decode.ended;
        t->status = 502;
        t->end = trace::EndReason::DecodeConn;
        t->error = u"decode d1 refused the connection (10.0.0.3:30000)"_s;
    } else {
        const Monotonic prefillEnd = *prefill.sent + ms(120, 330);
        if (!running || serial % 2) {
            prefill.head = prefill.firstByte = prefill.ended = prefillEnd;
            prefill.status = 200;
            prefill.bytes = 220;
        }
        if (!running) {
            at = prefillEnd + ms(10, 40);
            decode.head = decode.firstByte = t->clientHead = at;
            decode.status = t->status = 200;
            const int events = 10 + int(random.below(60));
            for (int i = 0; i < events; ++i) {
                at += ms(3, 11);
                decode.times.add(at);
            }
            decode.events = events;
            decode.bytes = t->answerBytes = events * 190;
            decode.ended = t->ended = at;
            if (serial % 13 == 5) {
                t->end = trace::EndReason::ClientGone;
                decode.cancelled = true;
            }
            t->facts = {.promptTokens = 512 + qint64(random.below(900)), .completionTokens = events, .cachedTokens = 64, .finishReason = "stop", .model = t->model};
        }
        t->legs = {prefill, decode};
    }
    t->searchText.clear();
    return t;
}

} // namespace pdlb::guitest
