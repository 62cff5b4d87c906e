// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "balancer.h"
#include "http_client.h"
#include "mock/mock_fleet.h"

#include <QTest>

#include <functional>
#include <mutex>

/// Wait, like QTRY_VERIFY and QTRY_COMPARE: long, because a loaded machine must not fail a test, and looking after every
/// event instead of every 50 ms.
#define PDLB_WAIT(condition) \
    QVERIFY2(pdlb::test::waitFor([&] { return static_cast<bool>(condition); }), "waited in vain for: " #condition)
#define PDLB_WAIT_EQUAL(actual, expected) \
    do { \
        pdlb::test::waitFor([&] { return (actual) == (expected); }); \
        QCOMPARE(actual, expected); \
    } while (false)

namespace pdlb::test {

/// Runs the event loop until the condition holds; false when it never did.
bool waitFor(const std::function<bool()> &condition);

/// Collects the timelines of finished requests.
class TraceLog final : public trace::TraceSink
{
public:
    void record(const trace::TimelinePtr &timeline) override;
    qsizetype size() const;
    trace::Timeline at(qsizetype i) const;
    trace::Timeline last() const { return at(size() - 1); }
    /// end= of the newest timeline: "ok", "decode_cut", …; empty when there is none.
    QByteArray lastEnd() const;
    void clear();

private:
    mutable std::mutex m_mutex;
    QList<trace::Timeline> m_list;
};

/// Options of engines that answer at once: what a test waits for is never the clock.
mock::MockOptions quickEngine();

struct Setup {
    TransportKind transport = TransportKind::Direct;
    int prefills = 1;
    int decodes = 1;
    mock::MockOptions engine = quickEngine();
    bool health = false; ///< with health probes and breakers
    /// Last changes of the configuration, when the engines listen already.
    std::function<void(Config &)> change;
    /// Further engines; their connections do not count as leaked.
    QList<mock::MockHttpServer *> servers = {};
    /// What deadlines are measured with; null: the real clock.
    const Clock *clock = nullptr;
};

/// Mock engines and a balancer in front of them, on free ports.
class Rig final
{
    Q_DISABLE_COPY_MOVE(Rig)

public:
    explicit Rig(const Setup &setup);
    /// Starts everything, sends a request through it and counts descriptors and threads. Check it with QVERIFY.
    bool start();

    TraceLog traces;
    mock::MockFleet fleet;
    Balancer balancer; ///< goes before those it refers to

    mock::MockEngine &prefill(int i = 0) { return fleet.prefill(i); }
    mock::MockEngine &decode(int i = 0) { return fleet.decode(i); }
    quint16 port() const { return balancer.port(); }
    std::unique_ptr<Client> client(int receiveBuffer = 0) const { return std::make_unique<Client>(port(), receiveBuffer); }
    /// Generation requests that reached an engine since start(). `path` empty: of every endpoint.
    qint64 posts(const mock::MockEngine &engine, const QByteArray &path = {}) const;
    /// The newest generation request of an engine.
    static mock::RecordedRequest lastPost(const mock::MockEngine &engine);
    /// No more thread count in aftercheck(), for the reason given.
    void ignoreThreads(const char *reason) { m_threadsIgnored = reason; }

    /// The balancer still answers, nothing is in flight, and no descriptor or thread is left behind.
    void aftercheck();

private:
    int descriptors() const;
    bool warmUp(const QByteArray &credentials);

    Setup m_setup;
    QHash<const mock::MockEngine *, QHash<QByteArray, qint64>> m_before;
    int m_descriptors = 0;
    int m_threads = 0;
    const char *m_threadsIgnored = nullptr;
};

int openDescriptors();
int threadCount();
/// VmRSS in bytes.
qint64 residentBytes();
/// AddressSanitizer keeps for a while what was freed: added to what memory may grow.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr qint64 sanitizerGrowth = qint64(512) * 1024 * 1024;
#else
inline constexpr qint64 sanitizerGrowth = 0;
#endif

QByteArray toJson(const QJsonObject &object);

/// "direct" and "qnam".
const char *transportName(TransportKind kind);
/// Calls `row` for both transports.
template <typename Row> void forBothTransports(Row row)
{
    for (const TransportKind kind : {TransportKind::Direct, TransportKind::Qnam})
        row(kind);
}

/// A test with a rig of its own for each row; the row's "transport" column chooses the transport. aftercheck() runs
/// behind each.
class RigTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup() { finish(); }

protected:
    /// Ends the rig before the test ends, for those whose engines are locals.
    void finish();
    /// The data of a test with no other column.
    static void transports();
    /// The same for what no leg has a part in.
    static void direct();
    static bool isQnam();
    bool begin(Setup setup = {});
    /// Returns when the balancer has read what any client has sent so far: its one worker takes connections as they
    /// come, so that it has looked at the earlier ones when it has answered a new one.
    void settle();
    /// One request on m_client and its answer.
    void exchange(const QByteArray &path, const QByteArray &body, const QByteArray &headers = {});
    /// Engines that were told to forget the newest request's rid.
    bool wasAborted(const mock::MockEngine &engine) const;

    std::unique_ptr<Rig> m_rig;
    std::unique_ptr<Client> m_client;
};

/// What QNetworkAccessManager cannot do, by the HTTP reference (§2.1, §2.4): printed where a row is skipped for it.
inline const char *const qnamFraming = "QNetworkAccessManager does not judge framing and may report a cut body as whole "
                                       "(reference 2.4, N2); https only, never auto for http";
inline const char *const qnamUpload = "QNetworkAccessManager loses an answer that comes before the end of the upload "
                                      "(reference 7.3 T44)";
inline const char *const qnamStale = "QNetworkAccessManager begins on a kept connection that is dead already: something was "
                                     "written, so it is no failed connect (HTTP reference N17)";
inline const char *const qnamConnect = "QNetworkAccessManager shows no connection before it sends: both legs are begun at "
                                       "once and nothing can be retried";

} // namespace pdlb::test
