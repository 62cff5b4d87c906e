// SPDX-License-Identifier: Apache-2.0

// Every page as a picture, in all the ways it is looked at; nothing may stick out, lie over its neighbour, or be cut.
#include "rig.h"

#include "client/request_result.h"
#include "models/config_draft.h"
#include "models/matrix_model.h"
#include "models/trace_model.h"
#include "pages/metrics_page.h"
#include "pages/pairs_page.h"
#include "pages/tester_page.h"
#include "pages/traces_page.h"
#include "session/trace_feed.h"
#include "theme/theme.h"
#include "widgets/answer_view.h"
#include "widgets/repeat_panel.h"

#include <QDialog>
#include <QDir>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTableView>
#include <QTabWidget>

using namespace Qt::StringLiterals;
using namespace pdlb;
using namespace pdlb::guitest;

class TstPictures final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void pages_data();
    void pages();
    void firstRun();
};

void TstPictures::pages_data()
{
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    QTest::addColumn<double>("text");
    QTest::addColumn<bool>("chinese");
    for (const bool dark : {false, true}) {
        const char *scheme = dark ? "dark" : "light";
        QTest::addRow("720-%s", scheme) << QSize(1280, 720) << dark << 1.0 << false;
        QTest::addRow("1080-%s", scheme) << QSize(1920, 1080) << dark << 1.0 << false;
    }
    QTest::addRow("150%%-light") << QSize(1920, 1080) << false << 1.5 << false;
    QTest::addRow("720-chinese") << QSize(1280, 720) << false << 1.0 << true;
}

void TstPictures::pages()
{
    QLocale::setDefault(QLocale::c());
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    QFETCH(double, text);
    QFETCH(bool, chinese);
    Rig().window().close(); // which sets the usual font
    const QFont usual = QApplication::font();
    QFont font = usual;
    font.setPointSizeF(usual.pointSizeF() * text);
    QApplication::setFont(font);
    QTranslator translator;
    if (chinese) {
        QVERIFY(translator.load(u":/i18n/pdlb_zh_CN.qm"_s));
        QCoreApplication::installTranslator(&translator);
    }
    {
        Rig rig;
        gui::Theme::instance().setMode(dark ? gui::Theme::Mode::Dark : gui::Theme::Mode::Light);
        rig.window().resize(size);
        QVERIFY(rig.startMocks());
        for (int i = 0; i < 4; ++i)
            QCOMPARE(rig.send(), 200);
        // A history that tells something.
        std::vector<trace::TimelinePtr> past;
        const Monotonic now = gui::TraceModel::now();
        for (quint64 i = 0; i < 40; ++i)
            past.push_back(madeUp(1'000'000 + i, now - std::chrono::seconds(60 - int(i))));
        rig.window().feed().model().add(past);
        rig.window().pairs().draft().change(u"more"_s, [](Config &config) {
            config.prefill += ServerConfig{.url = u"http://127.0.0.1:9"_s, .name = u"p2"_s};
            config.decode += ServerConfig{.url = u"http://127.0.0.1:11"_s, .name = u"d2"_s, .enabled = false};
        });

        const auto grab = [&](const QString &name) {
            QTest::qWait(150); // some turns of the feed; what is drawn depends on no time
            QCOMPARE(rig.window().size(), size);
            const QString file = u"%1/%2-%3.png"_s.arg(pictureFolder(), name, QString::fromLatin1(QTest::currentDataTag()).replace(u'%', u""_s));
            QVERIFY(rig.window().grab().save(file));
            const QStringList problems = layoutProblems(rig.window());
            QVERIFY2(problems.isEmpty(), qPrintable(name + u": "_s + problems.join(u"\n"_s)));
        };
        rig.window().showPage(gui::MainWindow::Traces);
        QTRY_VERIFY(rig.window().traces().showRequest("req-1000030"));
        auto *tabs = rig.find<QTabWidget>("detailTabs");
        tabs->setCurrentIndex(1);
        grab(u"traces-timing"_s);
        // One with everything that is kept.
        const auto real = rig.window().feed().model().find(1);
        QVERIFY(real && real->bodies);
        QVERIFY(rig.window().traces().showRequest(real->requestId));
        for (const auto &[tab, name] : {std::pair(0, u"traces-overview"_s), {2, u"traces-request"_s}, {4, u"traces-decode"_s}, {5, u"traces-events"_s}, {6, u"traces-error"_s}}) {
            tabs->setCurrentIndex(tab);
            grab(name);
        }
        rig.window().traces().setFilter(u"status:5xx ttft>abc"_s);
        grab(u"traces-invalid"_s);
        rig.window().traces().setFilter(u"model:nothing-like-that"_s);
        grab(u"traces-no-match"_s);
        rig.window().traces().setFilter({});

        rig.window().showPage(gui::MainWindow::Pairs);
        auto *matrix = rig.find<QTableView>("matrixTable");
        matrix->setCurrentIndex(matrix->model()->index(0, 0));
        grab(u"pairs"_s);
        rig.window().showPage(gui::MainWindow::Tester);
        rig.window().tester().send();
        QTRY_VERIFY_WITH_TIMEOUT(!rig.window().tester().answer().isRunning(), 15'000);
        auto *repeat = rig.find<gui::RepeatPanel>("repeatPanel");
        rig.find<QSpinBox>("repeatRequests")->setValue(24);
        QTest::mouseClick(rig.find<QPushButton>("repeatRun"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!repeat->isRunning() && repeat->report().all.good == 24, 60'000);
        grab(u"tester"_s);
        rig.window().showPage(gui::MainWindow::Metrics);
        rig.window().metrics().refresh();
        grab(u"metrics"_s);
        rig.window().showPage(gui::MainWindow::Log);
        grab(u"log"_s);
    }
    QApplication::setFont(usual);
}

void TstPictures::firstRun()
{
    Rig rig;
    gui::Theme::instance().setMode(gui::Theme::Mode::Light);
    QVERIFY(rig.window().isFirstRun());
    QVERIFY(rig.window().grab().save(pictureFolder() + u"/first-run.png"_s));
    QCOMPARE(rig.window().size(), QSize(1280, 720));
    QCOMPARE(layoutProblems(rig.window()), QStringList());
}

QTEST_MAIN(TstPictures)

#include "tst_pictures.moc"
