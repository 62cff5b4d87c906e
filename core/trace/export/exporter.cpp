// SPDX-License-Identifier: Apache-2.0
#include "trace/export/exporter.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

struct Format {
    const char *name;
    std::unique_ptr<Exporter> (*make)(const ExportOptions &);
};

constexpr Format formats[] = {
    {"jsonl", makeJsonlExporter}, {"har", makeHarExporter}, {"curl", makeCurlExporter}, {"chrome", makeChromeExporter}, {"otlp", makeOtlpExporter},
};

} // namespace

QStringList exportFormats()
{
    QStringList names;
    for (const Format &format : formats)
        names += QString::fromLatin1(format.name);
    return names;
}

Result<std::unique_ptr<Exporter>> makeExporter(const QString &name, const ExportOptions &options)
{
    const auto format = std::find_if(std::begin(formats), std::end(formats), [&](const Format &f) { return name == QLatin1StringView(f.name); });
    if (format == std::end(formats))
        return failure(u"there is no export format \"%1\"; known are %2"_s.arg(name.left(40), exportFormats().join(u", "_s)));
    return format->make(options);
}

} // namespace pdlb::trace
