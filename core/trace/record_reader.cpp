// SPDX-License-Identifier: Apache-2.0
#include "trace/record_reader.h"

#include "trace/timeline_json.h"

#include <QIODevice>
#include <QJsonDocument>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

void RecordReader::feed(QByteArrayView bytes)
{
    if (m_start > 0) {
        m_buffer.remove(0, m_start);
        m_scan -= m_start;
        m_start = 0;
    }
    m_buffer += bytes;
}

std::optional<Result<Timeline, BrokenRecord>> RecordReader::next()
{
    for (;;) {
        const qsizetype end = m_buffer.indexOf('\n', m_scan);
        if (end < 0) {
            m_scan = m_buffer.size();
            if (m_scan - m_start <= m_longest && !m_skipping)
                return {};
            m_buffer.clear();
            m_start = m_scan = 0;
            if (std::exchange(m_skipping, true))
                return {};
            return tl::unexpected(BrokenRecord{m_line + 1, u"the line is longer than %1 bytes"_s.arg(m_longest)});
        }
        const QByteArrayView line = QByteArrayView(m_buffer).sliced(m_start, end - m_start);
        m_start = m_scan = end + 1;
        ++m_line;
        if (std::exchange(m_skipping, false))
            continue;
        if (line.size() > m_longest)
            return tl::unexpected(BrokenRecord{m_line, u"the line is longer than %1 bytes"_s.arg(m_longest)});
        if (auto record = read(line, true))
            return record;
    }
}

std::optional<Result<Timeline, BrokenRecord>> RecordReader::finish()
{
    const QByteArray rest = m_skipping ? QByteArray() : m_buffer.sliced(m_start);
    m_buffer.clear();
    m_start = m_scan = 0;
    ++m_line;
    return read(rest, false);
}

std::optional<Result<Timeline, BrokenRecord>> RecordReader::read(QByteArrayView line, bool ended)
{
    line = line.trimmed();
    if (line.isEmpty())
        return {};
    const auto broken = [&](const QString &reason) { return tl::unexpected(BrokenRecord{m_line, reason}); };
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromRawData(line.data(), line.size()), &error);
    if (error.error != QJsonParseError::NoError) {
        if (!ended)
            return broken(u"it is cut off: the file ends in its middle, after %1 bytes"_s.arg(line.size()));
        return broken(u"it is no JSON: %1 at column %2"_s.arg(error.errorString()).arg(error.offset + 1));
    }
    if (!document.isObject())
        return broken(u"it is no JSON object"_s);
    auto timeline = timelineFromJson(document.object());
    if (!timeline)
        return broken(timeline.error().message);
    return std::move(*timeline);
}

Result<void> readRecords(QIODevice &device, const std::function<bool(Timeline)> &take, const std::function<void(const BrokenRecord &)> &broken)
{
    constexpr qint64 piece = 256 * 1024;
    RecordReader reader;
    const auto deliver = [&](std::optional<Result<Timeline, BrokenRecord>> record) {
        if (*record)
            return take(std::move(**record));
        broken(record->error());
        return true;
    };
    QByteArray bytes(piece, Qt::Uninitialized);
    for (;;) {
        const qint64 size = device.read(bytes.data(), piece);
        if (size < 0)
            return failure(device.errorString());
        if (size == 0)
            break;
        reader.feed(QByteArrayView(bytes).first(size));
        while (auto record = reader.next()) {
            if (!deliver(std::move(record)))
                return {};
        }
    }
    if (auto record = reader.finish())
        deliver(std::move(record));
    return {};
}

} // namespace pdlb::trace
