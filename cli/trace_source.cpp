// SPDX-License-Identifier: Apache-2.0
#include "cli/trace_source.h"

#include "trace/record_reader.h"

#include <QFile>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

/// Tells the first broken lines and counts the others.
class BrokenLines
{
public:
    BrokenLines(Streams &streams, const QString &where) : m_streams(streams), m_where(where) {}

    void add(const trace::BrokenRecord &broken)
    {
        constexpr int most = 20;
        if (++m_count <= most)
            printError(m_streams, u"%1, line %2: %3; skipped"_s.arg(m_where).arg(broken.line).arg(broken.reason));
        else if (m_count == most + 1)
            printError(m_streams, u"%1: further broken lines are only counted"_s.arg(m_where));
    }

    /// The exit code.
    int finish()
    {
        if (m_count > 1)
            printError(m_streams, u"%1: %2 broken lines were skipped"_s.arg(m_where).arg(m_count));
        return m_count > 0 ? ExitFailed : ExitOk;
    }

private:
    Streams &m_streams;
    QString m_where;
    int m_count = 0;
};

} // namespace

void TraceSource::addTo(CLI::App &app)
{
    m_admin.addTo(app);
    app.add_option("file,--file", m_files, "Instead of a balancer: what --trace-file or export wrote (-: standard input)")->type_name("FILE");
}

std::optional<int> TraceSource::readFile(Streams &streams, const std::string &path, const std::function<bool(trace::Timeline)> &take) const
{
    const QString name = QString::fromStdString(path);
    QFile file(name);
    const bool isStdin = path == "-";
    if (!(isStdin ? file.open(stdin, QIODevice::ReadOnly) : file.open(QIODevice::ReadOnly))) {
        printError(streams, u"cannot read %1: %2"_s.arg(name, file.errorString()));
        return {};
    }
    BrokenLines broken(streams, isStdin ? u"standard input"_s : name);
    const auto read = trace::readRecords(file, take, [&](const trace::BrokenRecord &record) { broken.add(record); });
    if (!read) {
        printError(streams, u"cannot read %1: %2"_s.arg(name, read.error().message));
        return {};
    }
    return broken.finish();
}

int TraceSource::readBalancer(Streams &streams, const QString &path, const QUrlQuery &query, const std::function<bool(trace::Timeline)> &take) const
{
    trace::RecordReader reader;
    BrokenLines broken(streams, m_admin.url());
    bool more = true;
    const auto deliver = [&](std::optional<Result<trace::Timeline, trace::BrokenRecord>> record) {
        if (*record)
            more = more && take(std::move(**record));
        else
            broken.add(record->error());
    };
    const int code = m_admin.get(streams, path, query, [&](QByteArrayView bytes) {
        reader.feed(bytes);
        while (auto record = more ? reader.next() : std::nullopt)
            deliver(std::move(record));
        return more;
    });
    if (auto record = more ? reader.finish() : std::nullopt)
        deliver(std::move(record));
    return code != ExitOk ? code : broken.finish();
}

int TraceSource::forEach(Streams &streams, const QString &filter, qint64 limit, bool bodies, const std::function<bool(trace::Timeline)> &take)
{
    if (!isFiles()) {
        QUrlQuery query{{u"format"_s, u"jsonl"_s}, {u"limit"_s, QString::number(limit)}, {u"bodies"_s, bodies ? u"true"_s : u"false"_s}};
        query.addQueryItem(u"filter"_s, QString::fromLatin1(QUrl::toPercentEncoding(filter)));
        return readBalancer(streams, u"/admin/v1/traces"_s, query, take);
    }
    const auto parsed = trace::Filter::parse(filter); // which was checked
    bool more = true;
    int worst = ExitOk;
    for (const std::string &path : m_files) {
        const auto code = readFile(streams, path, [&](trace::Timeline timeline) {
            const Monotonic now = timeline.ended.value_or(timeline.received);
            if (parsed && parsed->matches(timeline, now))
                more = take(std::move(timeline));
            return more;
        });
        worst = std::max(worst, code.value_or(ExitFailed));
        if (!more)
            break;
    }
    return worst;
}

std::optional<trace::Timeline> TraceSource::find(Streams &streams, const QString &id, bool fromLastFile, int &code)
{
    std::optional<trace::Timeline> found;
    const QByteArray wanted = id.toUtf8();
    const auto take = [&](trace::Timeline timeline) {
        if (timeline.requestId == wanted)
            found = std::move(timeline);
        return true;
    };
    if (!isFiles()) {
        const QString path = u"/admin/v1/traces/"_s + id;
        code = readBalancer(streams, path, {{u"format"_s, u"jsonl"_s}}, take);
        return found;
    }
    std::vector<std::string> files = m_files;
    if (fromLastFile)
        std::reverse(files.begin(), files.end());
    code = ExitOk;
    bool anyRead = false;
    for (const std::string &path : files) {
        const auto read = readFile(streams, path, take);
        anyRead = anyRead || read;
        code = std::max(code, read.value_or(ExitFailed));
        if (found)
            return found;
    }
    if (!anyRead)
        return found;
    printError(streams, u"there is no request \"%1\" in %2"_s.arg(id.left(128), files.size() == 1 ? QString::fromStdString(files.front()) : u"these files"_s));
    code = ExitFailed;
    return found;
}

} // namespace pdlb::cli
