// SPDX-License-Identifier: Apache-2.0
#include "util/memory_limit.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

using namespace pdlb;
using namespace Qt::StringLiterals;

/// Control groups as files in a folder that stands for "/".
class TestMemoryLimit : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void limit_data();
    void limit();
    void usable();
};

using Files = QList<std::pair<QString, QByteArray>>; ///< below /sys/fs/cgroup

void TestMemoryLimit::limit_data()
{
    QTest::addColumn<QByteArray>("groups"); // /proc/self/cgroup
    QTest::addColumn<Files>("files");
    QTest::addColumn<qint64>("expected"); // -1: none
    const auto row = [](const char *name, const QByteArray &groups, const Files &files, qint64 expected) {
        QTest::newRow(name) << groups << files << expected;
    };
    constexpr qint64 none = -1;
    row("no groups at all", {}, {}, none);
    row("2: container of its own name space", "0::/\n", {{u"memory.max"_s, "1000\n"}}, 1000);
    row("2: no limit", "0::/\n", {{u"memory.max"_s, "max\n"}}, none);
    row("2: service", "0::/a/b\n", {{u"a/b/memory.max"_s, "1000\n"}, {u"a/memory.max"_s, "max\n"}}, 1000);
    row("2: the parent's is tighter", "0::/a/b\n", {{u"a/b/memory.max"_s, "1000\n"}, {u"a/memory.max"_s, "900\n"}}, 900);
    row("2: the machine's name for a container", "0::/docker/77\n", {{u"memory.max"_s, "1000\n"}}, 1000);
    row("2: outside of the name space", "0::/../77\n", {{u"memory.max"_s, "1000\n"}, {u"77/memory.max"_s, "1\n"}}, 1000);
    row("2: another group's", "0::/a\n", {{u"b/memory.max"_s, "1000\n"}}, none);
    row("1", "5:cpu,cpuacct:/a\n4:memory:/a\n", {{u"memory/a/memory.limit_in_bytes"_s, "1000\n"}}, 1000);
    row("1: container", "4:memory:/docker/77\n", {{u"memory/memory.limit_in_bytes"_s, "1000\n"}}, 1000);
    row("1: controllers together", "4:cpu,memory:/a\n", {{u"memory/a/memory.limit_in_bytes"_s, "1000\n"}}, 1000);
    row("1: not of memory", "4:cpu:/a\n", {{u"memory/a/memory.limit_in_bytes"_s, "1000\n"}}, none);
    row("both", "4:memory:/a\n0::/a\n", {{u"memory/a/memory.limit_in_bytes"_s, "1000\n"}, {u"a/memory.max"_s, "2000\n"}}, 1000);
    row("garbage", "\n::\n0::\n0::a\n4:memory\n", {{u"memory.max"_s, "-5\n"}, {u"memory/memory.limit_in_bytes"_s, "1e3\n"}}, none);
}

void TestMemoryLimit::limit()
{
    QFETCH(const QByteArray, groups);
    QFETCH(const Files, files);
    QFETCH(const qint64, expected);
    const QTemporaryDir root;
    QVERIFY(root.isValid());
    const auto write = [&](const QString &path, const QByteArray &content) {
        QFile file(root.filePath(path));
        return QDir().mkpath(QFileInfo(file).path()) && file.open(QIODevice::WriteOnly) && file.write(content) == content.size();
    };
    if (!groups.isEmpty())
        QVERIFY(write(u"proc/self/cgroup"_s, groups));
    for (const auto &[path, content] : files)
        QVERIFY(write(u"sys/fs/cgroup/"_s + path, content));
    QCOMPARE(controlGroupMemory(root.path()).value_or(-1), expected);
}

void TestMemoryLimit::usable()
{
    const qint64 usable = usableMemory();
    QVERIFY(usable > 0);
    if (const auto limit = controlGroupMemory())
        QVERIFY(usable <= *limit);
}

QTEST_APPLESS_MAIN(TestMemoryLimit)
#include "tst_memory_limit.moc"
