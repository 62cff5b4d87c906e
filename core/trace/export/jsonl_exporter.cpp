// SPDX-License-Identifier: Apache-2.0

// One JSON object a line for each request, as the admin API shows it, with the version of its form.
#include "trace/export/exporter.h"
#include "trace/timeline_json.h"

#include <QJsonDocument>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

class JsonlExporter final : public Exporter
{
public:
    QByteArray mimeType() const override { return QByteArrayLiteral("application/x-ndjson"); }
    QByteArray write(const Timeline &timeline) override
    {
        constexpr int version = 1;
        QJsonObject object = timelineJson(timeline);
        object.insert(u"v"_s, version);
        return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
    }
};

} // namespace

std::unique_ptr<Exporter> makeJsonlExporter(const ExportOptions &)
{
    return std::make_unique<JsonlExporter>();
}

} // namespace pdlb::trace
