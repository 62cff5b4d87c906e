// SPDX-License-Identifier: Apache-2.0

// What people do with the window, from its first start to a balancer elsewhere, by mouse and keys.
#include "rig.h"

#include "config/config_file.h"
#include "mock/mock_fleet.h"
#include "models/config_draft.h"
#include "models/event_model.h"
#include "models/matrix_model.h"
#include "models/server_model.h"
#include "models/trace_model.h"
#include "pages/pairs_page.h"
#include "pages/tester_page.h"
#include "pages/traces_page.h"
#include "session/mock_engines.h"
#include "session/trace_feed.h"
#include "widgets/answer_view.h"
#include "widgets/empty_state.h"
#include "widgets/events_view.h"
#include "widgets/file_dialogs.h"
#include "widgets/filter_edit.h"
#include "widgets/message_banner.h"
#include "widgets/repeat_panel.h"
#include "widgets/request_form.h"
#include "widgets/trace_detail.h"

#include <QClipboard>
#include <QComboBox>
#include <QDialog>
#include <QFile>
#include <QHeaderView>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QSpinBox>
#include <QTableView>
#include <QTabWidget>
#include <QTcpServer>
#include <QTextBrowser>
#include <QToolButton>

using namespace Qt::StringLiterals;
using namespace pdlb;
using namespace pdlb::guitest;
using gui::MainWindow;

namespace {

constexpr int patience = 15'000; // milliseconds

MainWindow::Options quickHealth()
{
    MainWindow::Options options;
    options.config.health.interval = std::chrono::milliseconds(200);
    options.config.health.timeout = std::chrono::milliseconds(500);
    return options;
}

gui::MessageBanner *bannerOf(const QWidget &page)
{
    return page.findChild<gui::MessageBanner *>(QString(), Qt::FindDirectChildrenOnly);
}

} // namespace

class TstStories final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void fromFirstStartToAnExport();
    void whileItRuns();
    void pairsAreEdited();
    void anEngineDies();
    void aMissingPairIsExplainedByTheDoctor();
    void attachToAHeadlessOne();
    void theTesterStops();
    void theTesterSendsElsewhere();
    void repeated();
    void aPortInUse();
    void aBrokenConfiguration();
    void nonsenseIsPasted();
    void aHugeAnswer();
    void everyEventIsSeen();
    void settingsComeBack();
    void closingWaitsForRequests();
    void aDraftIsNotLostByClosing();
    void aSettingForTheNextStartStays();
    void aRequestIsAborted();
    void pausedAndEmpty();
};

void TstStories::fromFirstStartToAnExport()
{
    Rig rig;
    QVERIFY(rig.window().isFirstRun());
    QVERIFY(rig.startMocks());
    QVERIFY(!rig.window().isFirstRun());
    QVERIFY(!rig.window().findChild<gui::EmptyState *>()->sentence().isEmpty());

    // Nothing there yet: one button sends a request.
    Rig::click(rig.find<QPushButton>("emptyAction"));
    QCOMPARE(rig.window().page(), MainWindow::Tester);
    auto &answer = rig.window().tester().answer();
    QTRY_VERIFY_WITH_TIMEOUT(!answer.isRunning() && answer.result().status == 200, patience);
    QVERIFY(answer.text().startsWith(u"Hello from the mock engine"_s));
    QTRY_VERIFY(rig.find<QLabel>("answerRemark")->text().contains(u"prefill with KV transfer"_s));
    Rig::click(rig.find<QPushButton>("showTrace"));
    QCOMPARE(rig.window().page(), MainWindow::Traces);
    auto *table = rig.find<QTableView>("traceTable");
    QTRY_COMPARE(table->selectionModel()->selectedRows().size(), 1);
    QTRY_VERIFY(rig.find<QLabel>("traceSentence")->text().contains(u"first token after"_s));

    // Its row has a waterfall: pixels of a bar in the last column.
    const QModelIndex cell = table->model()->index(table->currentIndex().row(), gui::TraceModel::WaterfallColumn);
    const QImage picture = table->viewport()->grab(table->visualRect(cell)).toImage();
    QSet<QRgb> colors;
    for (int x = 0; x < picture.width(); ++x)
        colors.insert(picture.pixel(x, picture.height() / 2));
    QVERIFY(colors.size() > 3);

    // Key by key, with what is wrong told on the way.
    for (int i = 0; i < 4; ++i)
        QCOMPARE(rig.send(), 200);
    QCOMPARE(rig.send("{}", "/generate"), 400);
    QTRY_COMPARE(table->model()->rowCount(), 6);
    auto *filter = rig.find<gui::FilterEdit>("filterEdit");
    filter->setFocus();
    QTest::keyClicks(filter, u"status:4xx"_s);
    QCOMPARE(filter->text(), u"status:4xx"_s);
    QTRY_COMPARE(table->model()->rowCount(), 1);
    QCOMPARE(filter->state(), gui::FilterEdit::State::Valid);
    filter->setText(u"status:4xx ttft>abc"_s);
    QCOMPARE(filter->state(), gui::FilterEdit::State::Invalid);
    QVERIFY(filter->problem().contains(u"Column 17"_s));
    QCOMPARE(table->model()->rowCount(), 1); // the last good one stays
    filter->clear();
    QTRY_COMPARE(table->model()->rowCount(), 6);
    QTest::keyClick(filter, Qt::Key_Escape);

    // Its events.
    QVERIFY(rig.window().traces().showRequest(answer.result().requestId));
    auto *tabs = rig.find<QTabWidget>("detailTabs");
    tabs->setCurrentIndex(gui::TraceDetail::Events);
    auto *events = tabs->currentWidget()->findChild<QTableView *>(u"eventsTable"_s);
    QCOMPARE(qint64(events->model()->rowCount()), answer.events());
    events->selectRow(2);
    tabs->setCurrentIndex(gui::TraceDetail::Request);
    QVERIFY(tabs->currentWidget()->findChild<QPlainTextEdit *>()->toPlainText().contains(u"\"messages\""_s));
    tabs->setCurrentIndex(gui::TraceDetail::Raw);
    QVERIFY(tabs->currentWidget()->findChild<QPlainTextEdit *>() || qobject_cast<QPlainTextEdit *>(tabs->currentWidget()));

    // Everything to a file that other programs read.
    const QString file = rig.path(u"all.har"_s);
    gui::setNextFileName(file);
    const QList<QAction *> actions = rig.window().traces().actions();
    const auto har = std::find_if(actions.begin(), actions.end(), [](const QAction *action) { return action->text().startsWith(u"Export shown as HAR"_s); });
    (*har)->trigger();
    QTRY_VERIFY(QFile::exists(file));
    QFile written(file);
    QVERIFY(written.open(QIODevice::ReadOnly));
    const QJsonObject log = QJsonDocument::fromJson(written.readAll()).object()["log"_L1].toObject();
    QCOMPARE(log["pages"_L1].toArray().size(), 6);
    QTRY_VERIFY(bannerOf(rig.window().traces())->text().contains(u"6 requests"_s));

    // And one of them as a command.
    const auto curl = std::find_if(actions.begin(), actions.end(), [](const QAction *action) { return action->text() == u"Copy as cURL"_s; });
    (*curl)->trigger();
    QVERIFY(QGuiApplication::clipboard()->text().contains(u"curl"_s));
    // Which the tester takes.
    rig.window().showPage(MainWindow::Tester);
    QCOMPARE(rig.window().tester().form().pasteCurl(QGuiApplication::clipboard()->text()), QString());
}

void TstStories::whileItRuns()
{
    MainWindow::Options options = quickHealth();
    Rig rig(options);
    QVERIFY(rig.startMocks());
    auto *table = rig.find<QTableView>("traceTable");
    rig.window().showPage(MainWindow::Tester);
    auto request = rig.window().tester().form().request();
    QVERIFY(request);
    request->spec.maxTokens = 100'000;
    rig.window().tester().form().setRequest(*request);
    rig.window().tester().send();
    rig.window().showPage(MainWindow::Traces);
    QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 1, patience);
    QTRY_VERIFY(table->model()->index(0, gui::TraceModel::StateColumn).data().toString().contains(u"running"_s));
    table->selectRow(0);
    QTRY_VERIFY(rig.find<QLabel>("traceSentence")->text().contains(u"streaming"_s));
    rig.window().tester().stop();
    QTRY_VERIFY_WITH_TIMEOUT(table->model()->index(0, gui::TraceModel::StateColumn).data().toString().contains(u"gone"_s), patience);
    QCOMPARE(table->model()->rowCount(), 1); // the same row
    QTRY_VERIFY(rig.find<QLabel>("traceSentence")->text().contains(u"the client has left"_s));
}

void TstStories::pairsAreEdited()
{
    MainWindow::Options options = quickHealth();
    options.configFile = QString();
    Rig rig(options);
    QVERIFY(rig.startMocks());
    Rig::click(rig.find<QToolButton>("rail/pairs"));
    auto &draft = rig.window().pairs().draft();
    auto *servers = rig.find<QTableView>("serverTable");
    auto *apply = rig.find<QPushButton>("applyButton");
    QVERIFY(!apply->isEnabled());

    // Typed into a cell; what is wrong is said and cannot be applied.
    const auto type = [servers](int row, int column, const QString &text) {
        const QModelIndex index = servers->model()->index(row, column);
        servers->setCurrentIndex(index);
        servers->edit(index);
        auto *editor = servers->viewport()->findChild<QLineEdit *>();
        QVERIFY(editor);
        editor->selectAll();
        QTest::keyClicks(editor, text);
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_VERIFY(!servers->viewport()->findChild<QLineEdit *>()); // it commits with the next turn
    };
    type(1, gui::ServerModel::NameColumn, u"bad name!"_s);
    QVERIFY(!apply->isEnabled());
    QVERIFY2(rig.find<QLabel>("changesLabel")->text().startsWith(u"Cannot be applied"_s), qPrintable(rig.find<QLabel>("changesLabel")->text() + draft.config().decode[0].name));
    QTest::keyClick(servers, Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(!draft.isChanged());
    type(1, gui::ServerModel::NameColumn, u"decode-a"_s);
    QVERIFY(apply->isEnabled());
    QVERIFY(rig.find<QLabel>("changesLabel")->text().contains(u"decode-a"_s));
    QTest::keyClick(servers, Qt::Key_Z, Qt::ControlModifier);
    QTest::keyClick(servers, Qt::Key_Y, Qt::ControlModifier);
    QTest::keyClick(servers, Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(draft.config().decode[0].name, u"decode-a"_s);
    Rig::click(apply);
    QTRY_VERIFY_WITH_TIMEOUT(rig.window().session().server(u"decode-a"_s), patience);
    QTRY_VERIFY(!draft.isChanged());
    QVERIFY(bannerOf(rig.window().pairs())->text().startsWith(u"In force"_s));
    QCOMPARE(rig.send(), 200);

    // The only pair is switched off: requests are refused, and it says so.
    auto *matrix = rig.find<QTableView>("matrixTable");
    matrix->setCurrentIndex(matrix->model()->index(0, 0));
    QTest::mouseClick(matrix->viewport(), Qt::LeftButton, {}, matrix->visualRect(matrix->model()->index(0, 0)).center());
    QTest::mouseDClick(matrix->viewport(), Qt::LeftButton, {}, matrix->visualRect(matrix->model()->index(0, 0)).center());
    QCOMPARE(draft.changes(), QStringList({u"p1 → decode-a disabled"_s}));
    draft.undoStack().undo();
    QVERIFY(!draft.isChanged());
}

void TstStories::anEngineDies()
{
    Rig rig(quickHealth());
    QVERIFY(rig.startMocks());
    QCOMPARE(rig.send(), 200);
    QTRY_VERIFY(rig.window().session().server(u"d1"_s)->probeMs.value_or(0) > 0);
    QVERIFY(*rig.window().session().server(u"d1"_s)->probeAgo >= 0);
    rig.window().mocks()->kill(Role::Decode, 0);
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().server(u"d1"_s)->status, u"down"_s, patience);
    rig.window().showPage(MainWindow::Pairs);
    auto *servers = rig.find<QTableView>("serverTable");
    QTRY_VERIFY(servers->model()->index(1, gui::ServerModel::HealthColumn).data().toString().startsWith(u"✖ down"_s));
    QVERIFY(rig.find<QLabel>("troubleLabel")->text().contains(u"refused"_s) || rig.find<QLabel>("troubleLabel")->toolTip().contains(u"refused"_s));
    auto *matrix = rig.find<QTableView>("matrixTable");
    QTRY_COMPARE(matrix->model()->index(0, 0).data().toString(), u"d1 down"_s);
    QVERIFY(rig.find<QPushButton>("healthButton")->text().contains(u"1 down"_s));
    QCOMPARE(rig.send(), 502);
    rig.window().showPage(MainWindow::Traces);
    auto *table = rig.find<QTableView>("traceTable");
    QTRY_COMPARE(table->model()->rowCount(), 2);
    table->selectRow(1);
    QTRY_VERIFY(rig.find<QLabel>("traceSentence")->text().contains(u"refused"_s));
    QVERIFY(rig.find<QLabel>("traceAdvice")->text().contains(u"Is it running"_s));
    rig.window().mocks()->restart(Role::Decode, 0);
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().server(u"d1"_s)->status, u"up"_s, patience);
}

void TstStories::aMissingPairIsExplainedByTheDoctor()
{
    mock::FleetOptions fleet{.prefills = 2, .decodes = 2};
    fleet.settings = {*mock::parseSetting(u"decode1:page_size=1"_s)};
    mock::MockFleet engines(fleet);
    QVERIFY(engines.start());
    MainWindow::Options options = quickHealth();
    for (const QUrl &url : engines.prefillUrls())
        options.config.prefill += ServerConfig{.url = url.toString()};
    for (const QUrl &url : engines.decodeUrls())
        options.config.decode += ServerConfig{.url = url.toString()};
    options.start = true;
    Rig rig(options);
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().servers().size(), 4, patience);
    rig.window().showPage(MainWindow::Pairs);
    Rig::click(rig.find<QPushButton>("doctorButton"));
    QTRY_VERIFY_WITH_TIMEOUT(rig.find<QLabel>("doctorLine")->text().contains(u"2 of 4 fine"_s), 30'000);
    auto *matrix = rig.find<QTableView>("matrixTable");
    QTRY_VERIFY(rig.find<QLabel>("cellTitle")->text().startsWith(u"p1 → d2 cannot work"_s));
    QVERIFY(rig.find<QLabel>("cellText")->text().contains(u"--page-size"_s));
    QCOMPARE(matrix->model()->columnCount(), 2);
    QVERIFY(rig.window().grab().save(pictureFolder() + u"/doctor.png"_s));
}

void TstStories::attachToAHeadlessOne()
{
    mock::MockFleet engines({.prefills = 1, .decodes = 1});
    QVERIFY(engines.start());
    const QString key = u"a-long-admin-key"_s;
    const auto start = [&](QProcess &process, const QString &port) {
        process.setProcessChannelMode(QProcess::MergedChannels);
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"PDLB_ADMIN_KEY"_s, key);
        process.setProcessEnvironment(environment);
        process.start(qEnvironmentVariable("PDLB"), {u"serve"_s, u"--port"_s, port, u"--prefill"_s, engines.prefillUrls().first().toString(), u"--decode"_s,
                                                     engines.decodeUrls().first().toString(), u"--health-check-interval-secs"_s, u"0.2"_s, u"--workers"_s, u"1"_s});
        QString output;
        const bool listens = QTest::qWaitFor([&] {
            output += QString::fromUtf8(process.readAll());
            return output.contains(u"pdlb listens on "_s);
        }, patience);
        const qsizetype at = output.indexOf(u"http://"_s, output.indexOf(u"pdlb listens on "_s));
        return listens ? QUrl(output.mid(at, output.indexOf(u' ', at) - at)) : QUrl();
    };
    QProcess headless;
    const QUrl url = start(headless, u"0"_s);
    QVERIFY2(!url.isEmpty(), "pdlb serve did not start");

    Rig rig;
    rig.window().attach(url, "wrong");
    QTRY_VERIFY_WITH_TIMEOUT(rig.window().banner().text().contains(u"admin key"_s), patience);
    rig.window().attach(url, key.toUtf8());
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().state(), gui::Session::State::Running, patience);
    QVERIFY(!rig.window().session().isLocal());
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().servers().size(), 2, patience);
    QTRY_COMPARE(rig.window().session().config().prefill.size(), 1);
    QCOMPARE(rig.send(), 200);
    auto *table = rig.find<QTableView>("traceTable");
    QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 1, patience);
    table->selectRow(0);
    rig.find<QTabWidget>("detailTabs")->setCurrentIndex(gui::TraceDetail::Request);
    QTRY_VERIFY_WITH_TIMEOUT(rig.find<QTabWidget>("detailTabs")->currentWidget()->findChild<QPlainTextEdit *>()->toPlainText().contains(u"hello"_s), patience);

    // While one runs, with its time on the other one's clock.
    rig.window().showPage(MainWindow::Tester);
    auto request = rig.window().tester().form().request();
    QVERIFY(request);
    request->spec.maxTokens = 100'000;
    rig.window().tester().form().setRequest(*request);
    rig.window().tester().send();
    rig.window().showPage(MainWindow::Traces);
    QTRY_VERIFY_WITH_TIMEOUT(table->model()->rowCount() == 2 && table->model()->index(1, gui::TraceModel::StateColumn).data().toString().contains(u"running"_s), patience);
    const auto running = rig.window().feed().model().timeline(1);
    QTRY_VERIFY(gui::TraceModel::now() - running->received > std::chrono::milliseconds(300));
    QVERIFY(gui::TraceModel::now() - running->received < std::chrono::seconds(15));
    rig.window().tester().stop();
    QTRY_VERIFY_WITH_TIMEOUT(table->model()->index(1, gui::TraceModel::StateColumn).data().toString().contains(u"gone"_s), patience);

    // Edited from here.
    rig.window().showPage(MainWindow::Pairs);
    rig.window().pairs().draft().change(u"weight"_s, [](Config &config) { config.decode[0].enabled = false; });
    Rig::click(rig.find<QPushButton>("applyButton"));
    QTRY_VERIFY_WITH_TIMEOUT(rig.window().session().server(u"d1"_s) && rig.window().session().server(u"d1"_s)->status == u"disabled"_s, patience);
    rig.window().pairs().draft().change(u"weight"_s, [](Config &config) { config.decode[0].enabled = true; });
    Rig::click(rig.find<QPushButton>("applyButton"));
    QTRY_VERIFY_WITH_TIMEOUT(rig.window().session().server(u"d1"_s) && rig.window().session().server(u"d1"_s)->status == u"up"_s, patience);
    Rig::click(rig.find<QPushButton>("doctorButton"));
    QTRY_VERIFY_WITH_TIMEOUT(rig.find<QLabel>("doctorLine")->text().contains(u"1 of 1 fine"_s), 30'000);

    // It dies, which is said, and comes back, which is seen.
    headless.kill();
    QVERIFY(headless.waitForFinished());
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().state(), gui::Session::State::Lost, patience);
    QVERIFY(rig.window().banner().text().contains(u"tried again"_s));
    QProcess again;
    QVERIFY(!start(again, QString::number(url.port())).isEmpty());
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().state(), gui::Session::State::Running, patience);
    QTRY_VERIFY_WITH_TIMEOUT(rig.window().session().servers().size() == 2, patience);
    QCOMPARE(rig.send(), 200);
    QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 3, patience);
    rig.window().detach();
    QVERIFY(rig.window().session().isLocal());
    again.terminate();
    QVERIFY(again.waitForFinished());
}

void TstStories::theTesterStops()
{
    Rig rig;
    QVERIFY(rig.startMocks());
    Rig::click(rig.find<QToolButton>("rail/tester"));
    auto &tester = rig.window().tester();
    auto request = tester.form().request();
    request->spec.maxTokens = 100'000;
    tester.form().setRequest(*request);
    QTest::keyClick(rig.find<QPlainTextEdit>("extraJson"), Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY_WITH_TIMEOUT(tester.answer().events() > 5, patience);
    QTRY_VERIFY(rig.find<QLabel>("answerState")->text().contains(u"streaming"_s));
    QTest::keyClick(rig.find<QPlainTextEdit>("extraJson"), Qt::Key_Escape);
    QVERIFY(!tester.answer().isRunning());
    QVERIFY(tester.answer().result().aborted);
    QTRY_VERIFY_WITH_TIMEOUT(rig.find<QLabel>("answerRemark")->text().contains(u"d1"_s), patience);
}

void TstStories::theTesterSendsElsewhere()
{
    Rig rig;
    QVERIFY(rig.startMocks());
    rig.window().showPage(MainWindow::Tester);
    auto &tester = rig.window().tester();
    auto *target = rig.find<QComboBox>("targetCombo");
    // A pair, then each engine alone.
    for (const QString &name : {u"pair p1 → d1"_s, u"prefill p1 alone"_s, u"decode d1 alone"_s}) {
        target->setCurrentIndex(target->findText(name));
        tester.send();
        QTRY_VERIFY_WITH_TIMEOUT(!tester.answer().isRunning(), patience);
        QCOMPARE(tester.answer().result().status, 200);
    }
    // Nobody there.
    QTcpServer closed;
    QVERIFY(closed.listen(QHostAddress::LocalHost));
    const quint16 port = closed.serverPort();
    closed.close();
    target->setCurrentIndex(target->findText(u"another URL"_s));
    auto *url = rig.find<QLineEdit>("targetUrl");
    tester.send();
    QVERIFY(bannerOf(tester)->text().contains(u"no URL"_s));
    url->setText(u"http://127.0.0.1:%1"_s.arg(port));
    tester.send();
    QTRY_VERIFY_WITH_TIMEOUT(!tester.answer().isRunning(), patience);
    QVERIFY(bannerOf(tester)->text().contains(u"refused"_s));
    // Wrong extra members are said where they stand.
    rig.find<QPlainTextEdit>("extraJson")->setPlainText(u"{\"a\":"_s);
    tester.send();
    QVERIFY(bannerOf(tester)->text().contains(u"Extra JSON"_s));
}

void TstStories::repeated()
{
    Rig rig;
    QVERIFY(rig.startMocks());
    rig.window().showPage(MainWindow::Tester);
    auto request = rig.window().tester().form().request();
    request->spec.maxTokens = 3;
    rig.window().tester().form().setRequest(*request);
    auto *panel = rig.find<gui::RepeatPanel>("repeatPanel");
    rig.find<QSpinBox>("repeatRequests")->setValue(50);
    Rig::click(rig.find<QPushButton>("repeatRun"));
    QVERIFY(panel->isRunning());
    QTRY_VERIFY_WITH_TIMEOUT(!panel->isRunning(), 30'000);
    QCOMPARE(panel->report().all.good, 50);
    auto *table = rig.find<QTableView>("repeatTable");
    QCOMPARE(table->model()->rowCount(), 2); // all, p1/d1
    QVERIFY(rig.find<QLabel>("repeatLine")->text().contains(u"50 good, 0 failed"_s));
}

void TstStories::aPortInUse()
{
    QTcpServer taken;
    QVERIFY(taken.listen(QHostAddress::LocalHost));
    MainWindow::Options options;
    options.config.port = taken.serverPort();
    Rig rig(options);
    Rig::click(rig.find<QPushButton>("beginMocks"));
    QTRY_VERIFY_WITH_TIMEOUT(rig.window().banner().text().contains(u"in use"_s), patience);
    QCOMPARE(rig.window().session().state(), gui::Session::State::Stopped);
    const auto buttons = rig.window().banner().findChildren<QPushButton *>();
    const auto other = std::find_if(buttons.begin(), buttons.end(), [](const QPushButton *button) { return button->text() == u"Use any free port"_s; });
    Rig::click(*other);
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().state(), gui::Session::State::Running, patience);
}

void TstStories::aBrokenConfiguration()
{
    QTemporaryDir folder;
    const QString file = folder.filePath(u"pdlb.json"_s);
    const QByteArray broken = R"({"version":1,"prefill":[{"url":5}]})";
    QFile out(file);
    QVERIFY(out.open(QIODevice::WriteOnly));
    out.write(broken);
    out.close();
    MainWindow::Options options;
    const auto loaded = loadConfigFile(file, CheckConfig::Form);
    QVERIFY(!loaded);
    options.problem = problemSummary(file, loaded.error());
    Rig rig(options);
    QVERIFY(rig.window().banner().text().contains(u"$.prefill[0].url"_s));
    QVERIFY(rig.startMocks()); // everything else works
    QFile in(file);
    QVERIFY(in.open(QIODevice::ReadOnly));
    QCOMPARE(in.readAll(), broken); // and nothing is lost
}

void TstStories::nonsenseIsPasted()
{
    Rig rig;
    rig.window().showPage(MainWindow::Pairs);
    rig.window().pairs().openImport(u"the quick brown fox"_s);
    auto *dialog = rig.find<QDialog>("importDialog");
    QVERIFY(!dialog->findChild<QPushButton *>(u"importTake"_s)->isEnabled());
    QVERIFY(dialog->findChild<QLabel *>(u"importPreview"_s)->text().contains(u"line 1"_s));
    auto *text = dialog->findChild<QPlainTextEdit *>(u"importText"_s);
    QGuiApplication::clipboard()->setText(QString(2'000'000, u'x')); // one word: must not hold up the window
    text->selectAll();
    text->paste();
    QVERIFY(!dialog->findChild<QPushButton *>(u"importTake"_s)->isEnabled());
    text->setPlainText(u"--prefill http://127.0.0.1:1 8998 --decode http://127.0.0.1:2"_s);
    QVERIFY(dialog->findChild<QLabel *>(u"importPreview"_s)->text().contains(u"+ p1 · + d1"_s));
    Rig::click(dialog->findChild<QPushButton *>(u"importTake"_s));
    QCOMPARE(rig.window().pairs().draft().changes(), QStringList({u"+ p1"_s, u"+ d1"_s}));
    rig.window().pairs().draft().undoStack().undo();
    QVERIFY(!rig.window().pairs().draft().isChanged());
    // The tester's clipboard.
    rig.window().showPage(MainWindow::Tester);
    QVERIFY(!rig.window().tester().form().pasteCurl(u"rm -rf /"_s).isEmpty());
    QVERIFY(!rig.window().tester().form().pasteCurl(u"curl http://x/v1/chat/completions -d '{'"_s).isEmpty());
}

void TstStories::aHugeAnswer()
{
    // 100 MB in one JSON body: shown in part, said so, and the window lives.
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    const QByteArray piece(1024 * 1024, 'x');
    connect(&server, &QTcpServer::newConnection, this, [&] {
        QTcpSocket *socket = server.nextPendingConnection();
        socket->setParent(&server);
        auto left = std::make_shared<int>(100);
        connect(socket, &QTcpSocket::readyRead, socket, [socket, left, piece] {
            if (!socket->readAll().contains("chat/completions"))
                return;
            socket->write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + QByteArray::number(100 * piece.size()) + "\r\n\r\n");
        });
        connect(socket, &QTcpSocket::bytesWritten, socket, [socket, left, piece] {
            if (*left > 0 && socket->bytesToWrite() < 4 * piece.size()) {
                --*left;
                socket->write(piece);
            }
        });
    });
    Rig rig;
    rig.window().showPage(MainWindow::Tester);
    auto *target = rig.find<QComboBox>("targetCombo");
    target->setCurrentIndex(target->findText(u"another URL"_s));
    rig.find<QLineEdit>("targetUrl")->setText(u"http://127.0.0.1:%1"_s.arg(server.serverPort()));
    rig.window().tester().send();
    auto &answer = rig.window().tester().answer();
    QTRY_VERIFY_WITH_TIMEOUT(!answer.isRunning(), 60'000);
    QVERIFY(answer.result().bytes <= qint64(100) * piece.size());
    QVERIFY(answer.text().size() <= gui::AnswerView::mostShown);
    const QString said = rig.find<QLabel>("answerRemark")->text() + bannerOf(rig.window().tester())->text();
    QVERIFY2(!said.isEmpty(), "nothing is said");
}

void TstStories::everyEventIsSeen()
{
    // 500 events a second, each of them told, while somebody types.
    mock::FleetOptions fleet{.prefills = 1, .decodes = 1};
    fleet.engine.decodeMs = 2;
    mock::MockFleet engines(fleet);
    QVERIFY(engines.start());
    MainWindow::Options options;
    options.config.prefill = {{.url = engines.prefillUrls().first().toString()}};
    options.config.decode = {{.url = engines.decodeUrls().first().toString()}};
    options.start = true;
    Rig rig(options);
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().state(), gui::Session::State::Running, patience);
    rig.window().showPage(MainWindow::Tester);
    auto request = rig.window().tester().form().request();
    request->spec.maxTokens = 1000;
    rig.window().tester().form().setRequest(*request);
    rig.window().tester().send();
    auto *extra = rig.find<QPlainTextEdit>("extraJson");
    auto &answer = rig.window().tester().answer();
    while (answer.isRunning() && answer.events() < 2000) {
        QTest::keyClick(extra, Qt::Key_Space);
        QTest::qWait(10);
    }
    QTRY_VERIFY_WITH_TIMEOUT(!answer.isRunning(), 30'000);
    QCOMPARE(answer.result().facts.completionTokens, 1000);
    QCOMPARE(answer.result().chunks, 1000);
    QVERIFY(answer.events() >= 1002); // role, tokens, usage, end
    QCOMPARE(answer.events(), answer.result().events + 1); // which the end marker is not
}

void TstStories::settingsComeBack()
{
    MainWindow::Options options;
    options.config.prefill = {{.url = u"http://127.0.0.1:1"_s}};
    options.config.decode = {{.url = u"http://127.0.0.1:2"_s}};
    Rig rig(options);
    rig.window().resize(1400, 900);
    auto *table = rig.find<QTableView>("traceTable");
    table->setColumnHidden(gui::TraceModel::EndpointColumn, false);
    rig.find<QTabWidget>("detailTabs")->setCurrentIndex(4);
    rig.window().showPage(MainWindow::Metrics);
    QVERIFY(rig.window().close());
    options.settingsFile = rig.path(u"settings.ini"_s);
    Rig again(options);
    QCOMPARE(again.window().page(), MainWindow::Metrics);
    QVERIFY(!again.find<QTableView>("traceTable")->isColumnHidden(gui::TraceModel::EndpointColumn));
    QCOMPARE(again.find<QTabWidget>("detailTabs")->currentIndex(), 4);
}

void TstStories::closingWaitsForRequests()
{
    Rig rig;
    QVERIFY(rig.startMocks());
    rig.window().showPage(MainWindow::Tester);
    auto request = rig.window().tester().form().request();
    request->spec.maxTokens = 300;
    rig.window().tester().form().setRequest(*request);
    rig.window().tester().send();
    QTRY_VERIFY_WITH_TIMEOUT(rig.window().session().inFlight() > 0, patience);
    QVERIFY(!rig.window().close());
    QVERIFY(rig.window().isVisible());
    QVERIFY(rig.window().banner().text().contains(u"still run"_s));
    QTRY_VERIFY_WITH_TIMEOUT(!rig.window().isVisible(), 30'000);
    QCOMPARE(rig.window().tester().answer().result().facts.completionTokens, 300); // whole
}

void TstStories::aDraftIsNotLostByClosing()
{
    Rig rig;
    rig.window().showPage(MainWindow::Pairs);
    rig.window().pairs().addServer(Role::Prefill);
    QVERIFY(!rig.window().close());
    QVERIFY(rig.window().banner().text().contains(u"not applied"_s));
    QVERIFY(rig.window().close()); // who has been told may
}

void TstStories::aSettingForTheNextStartStays()
{
    QTemporaryDir folder;
    MainWindow::Options options;
    options.configFile = folder.filePath(u"pdlb.json"_s);
    options.config.prefill = {{.url = u"http://127.0.0.1:1"_s}};
    options.config.decode = {{.url = u"http://127.0.0.1:2"_s}};
    options.start = true;
    Rig rig(options);
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().state(), gui::Session::State::Running, patience);
    QTRY_COMPARE_WITH_TIMEOUT(rig.window().session().servers().size(), 2, patience);
    rig.window().showPage(MainWindow::Pairs);
    rig.window().pairs().draft().change(u"host"_s, [](Config &config) {
        config.host = u"localhost"_s;
        config.policy = u"round_robin"_s;
    });
    Rig::click(rig.find<QPushButton>("applyButton"));
    QTRY_VERIFY_WITH_TIMEOUT(bannerOf(rig.window().pairs())->text().contains(u"--host"_s), patience);
    QTest::qWait(1200); // some questions for what is in force
    QCOMPARE(rig.window().session().config().host, u"localhost"_s);
    QVERIFY(!rig.window().pairs().draft().isChanged());
    const auto saved = loadConfigFile(options.configFile, CheckConfig::Form);
    QVERIFY(saved);
    QCOMPARE(saved->config.host, u"localhost"_s);
    QCOMPARE(saved->config.policy, u"round_robin"_s);
}

void TstStories::aRequestIsAborted()
{
    Rig rig;
    QVERIFY(rig.startMocks());
    rig.window().showPage(MainWindow::Tester);
    auto request = rig.window().tester().form().request();
    request->spec.maxTokens = 100'000;
    rig.window().tester().form().setRequest(*request);
    rig.window().tester().send();
    rig.window().showPage(MainWindow::Traces);
    auto *table = rig.find<QTableView>("traceTable");
    QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 1, patience);
    table->selectRow(0);
    const auto buttons = rig.window().traces().findChildren<QPushButton *>();
    const auto abort = std::find_if(buttons.begin(), buttons.end(), [](const QPushButton *button) { return button->text() == u"Abort request"_s; });
    QTRY_VERIFY((*abort)->isVisible());
    Rig::click(*abort);
    QTRY_COMPARE_WITH_TIMEOUT(table->model()->index(0, gui::TraceModel::EndColumn).data().toString(), u"aborted"_s, patience);
    QTRY_VERIFY(!rig.window().tester().answer().isRunning());
    QVERIFY(rig.window().tester().answer().result().error.contains(u"admin API"_s));
}

void TstStories::pausedAndEmpty()
{
    Rig rig;
    QVERIFY(rig.startMocks());
    auto *capture = rig.find<QPushButton>("captureButton");
    auto *empty = rig.window().findChild<gui::EmptyState *>();
    QVERIFY(empty->sentence().startsWith(u"Nothing captured yet"_s));
    Rig::click(capture);
    QVERIFY(empty->sentence().startsWith(u"Capture is paused"_s));
    QCOMPARE(rig.send(), 200);
    QTest::qWait(300); // several turns in which it would come
    QCOMPARE(rig.window().feed().model().total(), 0u);
    Rig::click(empty->button());
    QVERIFY(capture->isChecked());
    QCOMPARE(rig.send(), 200);
    QTRY_COMPARE(rig.window().feed().model().total(), 1u);
    rig.window().traces().setFilter(u"model:nothing"_s);
    QVERIFY(empty->sentence().startsWith(u"No request matches"_s));
    Rig::click(empty->button());
    QCOMPARE(rig.window().feed().model().rowCount(), 1);
}

QTEST_MAIN(TstStories)

#include "tst_stories.moc"
