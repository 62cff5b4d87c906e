// SPDX-License-Identifier: Apache-2.0

// One JSON object a line for each request, docs/records.md: what RecordReader reads again.
#include "trace/export/exporter.h"
#include "trace/timeline_json.h"

namespace pdlb::trace {

namespace {

class JsonlExporter final : public Exporter
{
public:
    explicit JsonlExporter(const ExportOptions &options) : m_parts{.bodies = options.bodies, .secrets = options.secrets} {}

    QByteArray mimeType() const override { return QByteArrayLiteral("application/x-ndjson"); }
    QByteArray write(const Timeline &timeline) override { return timelineJson(timeline, m_parts) + '\n'; }

private:
    RecordParts m_parts;
};

} // namespace

std::unique_ptr<Exporter> makeJsonlExporter(const ExportOptions &options)
{
    return std::make_unique<JsonlExporter>(options);
}

} // namespace pdlb::trace
