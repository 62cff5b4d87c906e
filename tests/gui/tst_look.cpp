// SPDX-License-Identifier: Apache-2.0

// Colours, geometry, and what people who cannot see or use a mouse get.
#include "rig.h"

#include "delegates/waterfall.h"
#include "models/trace_model.h"
#include "theme/theme.h"
#include "trace/server_times.h"
#include "widgets/filter_edit.h"
#include "widgets/histogram_plot.h"
#include "widgets/message_banner.h"
#include "widgets/plain_edit.h"
#include "widgets/timing_view.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QComboBox>
#include <QCompleter>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPlainTextEdit>
#include <QTextEdit>

#include <cmath>

using namespace Qt::StringLiterals;
using namespace pdlb;
using namespace pdlb::gui;
using namespace pdlb::guitest;
using namespace std::chrono_literals;

namespace {

/// WCAG 2.1, "relative luminance" and "contrast ratio".
double luminance(const QColor &color)
{
    const auto part = [](double c) { return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return 0.2126 * part(color.redF()) + 0.7152 * part(color.greenF()) + 0.0722 * part(color.blueF());
}

double contrast(const QColor &a, const QColor &b)
{
    const double x = luminance(a) + 0.05;
    const double y = luminance(b) + 0.05;
    return std::max(x, y) / std::min(x, y);
}

QList<BarKind> kinds(const Bar &bar)
{
    QList<BarKind> list;
    for (const BarSpan &span : bar.spans)
        list += span.kind;
    return list;
}

} // namespace

class TstLook final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void contrasts_data();
    void contrasts();
    void bars();
    void barsHaveNoGaps();
    void barTellsTransferWhereTheEngineDoes();
    void scales();
    void axis();
    void histogramBins();
    void timingInWords();
    void longWords();
    void filterOffersAndExplains();
    void bannersComeAndGo();
    void everythingHasAName();
    void everyActionIsInAMenu();
    void noKeyMeansTwoThings();
    void themeChangesWhileItRuns();
};

void TstLook::contrasts_data()
{
    QTest::addColumn<int>("text");
    QTest::addColumn<int>("background");
    QTest::addColumn<bool>("dark");
    for (const bool dark : {false, true}) {
        for (const Tone text : {Tone::Text, Tone::Muted, Tone::Accent, Tone::Ok, Tone::Warn, Tone::Bad, Tone::Running}) {
            for (const Tone background : {Tone::Surface, Tone::Raised, Tone::Selection})
                QTest::addRow("%d on %d%s", int(text), int(background), dark ? ", dark" : "") << int(text) << int(background) << dark;
        }
        for (const auto &[text, background] : {std::pair(Tone::OnAccent, Tone::Accent), {Tone::Ok, Tone::OkTint}, {Tone::Warn, Tone::WarnTint}, {Tone::Bad, Tone::BadTint},
                                               {Tone::Text, Tone::OkTint}, {Tone::Text, Tone::WarnTint}, {Tone::Text, Tone::BadTint}, {Tone::Muted, Tone::OkTint}, {Tone::Muted, Tone::WarnTint}})
            QTest::addRow("%d on %d%s", int(text), int(background), dark ? ", dark" : "") << int(text) << int(background) << dark;
    }
}

void TstLook::contrasts()
{
    QFETCH(int, text);
    QFETCH(int, background);
    QFETCH(bool, dark);
    const double ratio = contrast(toneColor(Tone(text), dark), toneColor(Tone(background), dark));
    QVERIFY2(ratio >= 4.5, qPrintable(QString::number(ratio)));
}

void TstLook::bars()
{
    const Monotonic now = 100s;
    const Bar good = barOf(*madeUp(1, now), now);
    QCOMPARE(kinds(good), QList<BarKind>({BarKind::Queue, BarKind::Connect, BarKind::Prefill, BarKind::DecodeWait, BarKind::Stream}));
    QVERIFY(!good.failed && !good.running);
    QVERIFY(good.ticks.size() >= 10);
    QVERIFY(good.ticks.front() >= good.spans[4].from && good.ticks.back() <= good.end);
    const Bar refused = barOf(*madeUp(3, now), now);
    QVERIFY(refused.failed);
    const Bar gone = barOf(*madeUp(5, now), now);
    QVERIFY(!gone.failed); // nobody's failure
    const Bar running = barOf(*madeUp(2, now, true), now + 10s);
    QVERIFY(running.running);
    QCOMPARE(running.end, Monotonic(10s));
    QCOMPARE(running.spans.back().to, Monotonic(10s));
    trace::Timeline queued;
    queued.received = now;
    QCOMPARE(kinds(barOf(queued, now + 1s)), QList<BarKind>({BarKind::Queue}));
    QCOMPARE(barOf(queued, now - 1s).end, Monotonic(0)); // clocks of others
}

void TstLook::barsHaveNoGaps()
{
    for (quint64 serial = 1; serial < 500; ++serial) {
        const Bar bar = barOf(*madeUp(serial, 50s, serial % 4 == 0), 51s);
        Monotonic at{0};
        for (const BarSpan &span : bar.spans) {
            QCOMPARE(span.from, at);
            QVERIFY(span.to > span.from);
            at = span.to;
        }
        QCOMPARE(at, bar.end);
    }
}

void TstLook::barTellsTransferWhereTheEngineDoes()
{
    auto timeline = std::make_shared<trace::Timeline>(*madeUp(1, 100s));
    trace::LegTimeline &prefill = timeline->legs[0];
    const double began = double(timeline->startedAt.toMSecsSinceEpoch()) / 1000;
    const double sent = began + double((*prefill.sent - timeline->received).count()) / 1e9;
    const double ended = began + double((*prefill.ended - timeline->received).count()) / 1e9;
    prefill.facts.serverReceived = sent + 0.001;
    prefill.facts.serverFinished = ended - 0.05;
    if (!trace::serverTimes(*timeline, prefill))
        QFAIL("the engine's times are not used");
    QVERIFY(kinds(barOf(*timeline, 200s)).contains(BarKind::Transfer));
}

void TstLook::scales()
{
    const TimeScale scale{10ms, 100ms, 1000};
    QCOMPARE(scale.x(10ms), 0.0);
    QCOMPARE(scale.x(60ms), 500.0);
    QCOMPARE(scale.time(500), Monotonic(60ms));
    QCOMPARE(tickStep(scale, 100), Monotonic(10ms));
    QCOMPARE(tickStep(scale, 101), Monotonic(20ms));
    QCOMPARE(tickStep(scale, 201), Monotonic(50ms));
    QCOMPARE(niceSpan(101ms), Monotonic(150ms));
    QCOMPARE(niceSpan(100ms), Monotonic(100ms));
    QCOMPARE(niceSpan(81ms), Monotonic(100ms));
    QCOMPARE(tickLabel(200ms, 50ms), u"200 ms"_s);
    QCOMPARE(tickLabel(1500ms, 500ms), u"1.5 s"_s);
    QCOMPARE(tickLabel(0ms, 1s), u"0"_s);
}

void TstLook::axis()
{
    WaterfallAxis axis;
    axis.fit(300ms);
    QCOMPARE(axis.span(), Monotonic(400ms));
    axis.fit(250ms); // a little less: no change
    QCOMPARE(axis.span(), Monotonic(400ms));
    axis.fit(20ms);
    QCOMPARE(axis.span(), Monotonic(30ms));
    axis.zoom(0.5, 10ms);
    QVERIFY(!axis.isAutomatic());
    QCOMPARE(axis.span(), Monotonic(15ms));
    QCOMPARE(axis.begin(), Monotonic(5ms)); // what is at 10 ms stays where it was
    axis.fit(5s);
    QCOMPARE(axis.span(), Monotonic(15ms));
    axis.pan(-1h);
    QCOMPARE(axis.begin(), Monotonic(0));
    for (int i = 0; i < 200; ++i)
        axis.zoom(0.5, 0ms);
    QCOMPARE(axis.span(), WaterfallAxis::shortest);
    axis.setAutomatic();
    axis.fit(2s);
    QCOMPARE(axis.span(), Monotonic(3s));
}

void TstLook::histogramBins()
{
    QVERIFY(HistogramPlot::binsOf({}, 40).empty());
    QCOMPARE(HistogramPlot::binsOf({5}, 40).size(), 1u);
    std::vector<double> values;
    for (int i = 0; i < 1000; ++i)
        values.push_back(100 + i % 50);
    values.push_back(1e9); // an outlier does not make one bar of all others
    const auto bins = HistogramPlot::binsOf(values, 40);
    int sum = 0;
    for (const auto &bin : bins)
        sum += bin.count;
    QCOMPARE(sum, 1001);
    QVERIFY(bins.size() > 10 && bins.size() <= 41);
}

void TstLook::timingInWords()
{
    TimingView view;
    view.resize(600, 200);
    view.setTimeline(madeUp(1, 10s));
    const QStringList lines = view.lines();
    QCOMPARE(lines.size(), 3);
    QVERIFY(lines[0].startsWith(u"client: queue"_s));
    QVERIFY(lines[1].startsWith(u"prefill p1: connect"_s) && lines[1].contains(u"compute + KV"_s));
    QVERIFY(lines[2].contains(u"first token"_s));
    QVERIFY(view.accessibleDescription().contains(u"decode d1"_s));
    view.grab(); // paints without a window
}

void TstLook::longWords()
{
    PlainEdit edit;
    edit.resize(300, 200);
    edit.show();
    edit.setText(u"some words"_s);
    QCOMPARE(edit.lineWrapMode(), QPlainTextEdit::WidgetWidth);
    edit.setText(QString(1'000'000, u'x'));
    QCOMPARE(edit.lineWrapMode(), QPlainTextEdit::NoWrap);
    edit.setText(u"short"_s);
    QCOMPARE(edit.lineWrapMode(), QPlainTextEdit::WidgetWidth);
    edit.clear();
    for (int i = 0; i < 100; ++i)
        edit.appendText(QString(100, u'y')); // a word that grows
    QCOMPARE(edit.lineWrapMode(), QPlainTextEdit::NoWrap);
    edit.clear();
    for (int i = 0; i < 1000; ++i)
        edit.appendText(u"word "_s);
    QCOMPARE(edit.lineWrapMode(), QPlainTextEdit::WidgetWidth);
}

void TstLook::filterOffersAndExplains()
{
    FilterEdit edit;
    edit.show();
    edit.setFocus();
    QCOMPARE(edit.state(), FilterEdit::State::Empty);
    QTest::keyClicks(&edit, u"stat"_s);
    auto *popup = edit.findChild<QCompleter *>()->popup();
    QTRY_VERIFY(popup->isVisible());
    QCOMPARE(popup->model()->index(0, 0).data(Qt::UserRole).toString().left(6), u"status"_s);
    QTest::keyClick(&edit, Qt::Key_Tab);
    QVERIFY(edit.text().startsWith(u"status"_s));
    edit.setFilterText(u"ttft>abc"_s);
    QCOMPARE(edit.state(), FilterEdit::State::Invalid);
    QVERIFY(edit.accessibleDescription().contains(u"duration"_s));
    edit.setFilterText(u"a or b"_s);
    QCOMPARE(edit.state(), FilterEdit::State::Busy);
    edit.setMatches(0);
    QCOMPARE(edit.state(), FilterEdit::State::NoMatch);
    edit.setMatches(3);
    QCOMPARE(edit.state(), FilterEdit::State::Valid);
    edit.addTerm(u"-is:ok"_s);
    QCOMPARE(edit.text(), u"(a or b) -is:ok"_s);
}

void TstLook::bannersComeAndGo()
{
    MessageBanner banner;
    banner.show(MessageBanner::Kind::Error, u"<b>bad</b>"_s);
    QCOMPARE(banner.text(), u"<b>bad</b>"_s); // no markup
    bool acted = false;
    banner.show(MessageBanner::Kind::Warning, u"do?"_s, u"Do"_s, [&acted] { acted = true; });
    const auto buttons = banner.findChildren<QAbstractButton *>();
    for (QAbstractButton *button : buttons) {
        if (button->text() == u"Do"_s)
            button->click();
    }
    QVERIFY(acted);
    QVERIFY(banner.text().isEmpty());
}

void TstLook::everythingHasAName()
{
    Rig rig;
    QVERIFY(rig.startMocks());
    QStringList nameless;
    const auto widgets = rig.window().findChildren<QWidget *>();
    for (const QWidget *widget : widgets) {
        const auto *button = qobject_cast<const QAbstractButton *>(widget);
        const bool isPart = widget->parentWidget() && (qobject_cast<const QAbstractItemView *>(widget->parentWidget()) || qobject_cast<const QComboBox *>(widget->parentWidget())
            || widget->parentWidget()->inherits("QAbstractSpinBox") || widget->parentWidget()->inherits("QLineEdit") || widget->parentWidget()->inherits("QTabBar")
            || widget->inherits("QTableCornerButton") || widget->objectName().startsWith(u"qt_"_s) || widget->parentWidget()->inherits("QComboBoxPrivateContainer"));
        if (isPart)
            continue;
        const bool isNameless = widget->accessibleName().isEmpty();
        bool hasLabel = false;
        if (const QWidget *window = widget->window()) {
            const auto labels = window->findChildren<QLabel *>();
            hasLabel = std::any_of(labels.begin(), labels.end(), [widget](const QLabel *label) { return label->buddy() == widget; });
        }
        const bool isInput = qobject_cast<const QLineEdit *>(widget) || qobject_cast<const QComboBox *>(widget) || widget->inherits("QAbstractSpinBox")
            || qobject_cast<const QPlainTextEdit *>(widget) || qobject_cast<const QTextEdit *>(widget) || qobject_cast<const QAbstractItemView *>(widget);
        const bool isButton = button && button->text().isEmpty() && !button->isHidden();
        if ((isButton || (isInput && !hasLabel)) && isNameless && !widget->inherits("QMenu") && !widget->inherits("QHeaderView"))
            nameless += QString::fromLatin1(widget->metaObject()->className()) + u' ' + widget->objectName() + u" in "_s
                + QString::fromLatin1(widget->parentWidget() ? widget->parentWidget()->metaObject()->className() : "");
    }
    QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(u'\n')));
}

void TstLook::everyActionIsInAMenu()
{
    Rig rig;
    QSet<QString> texts;
    const auto menus = rig.window().menuBar()->findChildren<QMenu *>();
    for (const QMenu *menu : menus) {
        for (const QAction *action : menu->actions())
            texts += action->text();
    }
    const auto actions = rig.window().findChildren<QAction *>();
    for (const QAction *action : actions) {
        if (!action->shortcut().isEmpty())
            QVERIFY2(texts.contains(action->text()), qPrintable(action->text()));
    }
}

/// Among what is active at the same time.
void TstLook::noKeyMeansTwoThings()
{
    Rig rig;
    for (int page = 0; page < MainWindow::PageCount; ++page) {
        rig.window().showPage(MainWindow::Page(page));
        QHash<QString, QString> keys;
        const auto actions = rig.window().findChildren<QAction *>();
        for (const QAction *action : actions) {
            if (!action->isEnabled())
                continue;
            for (const QKeySequence &key : action->shortcuts()) {
                const QString before = keys.value(key.toString());
                QVERIFY2(before.isEmpty() || before == action->text(), qPrintable(u"%1: %2 and %3"_s.arg(key.toString(), before, action->text())));
                keys[key.toString()] = action->text();
            }
        }
        QVERIFY(keys.size() > 8);
    }
}

void TstLook::themeChangesWhileItRuns()
{
    Rig rig;
    for (const Theme::Mode mode : {Theme::Mode::Dark, Theme::Mode::Light}) {
        Theme::instance().setMode(mode);
        QCoreApplication::processEvents();
        const QImage picture = rig.window().grab().toImage();
        const QColor corner = picture.pixelColor(picture.width() / 2, picture.height() - 60);
        QCOMPARE(corner.lightness() < 128, mode == Theme::Mode::Dark);
    }
}

QTEST_MAIN(TstLook)

#include "tst_look.moc"
