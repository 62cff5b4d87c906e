// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"
#include "util/result.h"

#include <QStringList>

#include <memory>

namespace pdlb::trace {

struct ExportOptions {
    bool secrets = false; ///< keep keys and cookies
    bool bodies = true; ///< write what was kept of them
};

/// Writes requests in one format, one after the other, without holding them: begin(), write() for each, finish() until it
/// returns nothing; their bytes joined are the file. Not thread-safe.
class Exporter
{
public:
    virtual ~Exporter() = default;
    /// What such a file is served as.
    virtual QByteArray mimeType() const { return QByteArrayLiteral("application/json"); }
    virtual QByteArray begin() { return {}; }
    virtual QByteArray write(const Timeline &timeline) = 0;
    virtual QByteArray finish() { return {}; }
};

/// "jsonl", "har", "curl", "chrome", "otlp".
QStringList exportFormats();
Result<std::unique_ptr<Exporter>> makeExporter(const QString &format, const ExportOptions &options);

std::unique_ptr<Exporter> makeHarExporter(const ExportOptions &options);
std::unique_ptr<Exporter> makeCurlExporter(const ExportOptions &options);
std::unique_ptr<Exporter> makeChromeExporter(const ExportOptions &options);
std::unique_ptr<Exporter> makeOtlpExporter(const ExportOptions &options);
std::unique_ptr<Exporter> makeJsonlExporter(const ExportOptions &options);

} // namespace pdlb::trace
