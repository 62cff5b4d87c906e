// SPDX-License-Identifier: Apache-2.0

// A request as a curl command line for POSIX shells.
#include "trace/export/exporter.h"
#include "trace/redact.h"

namespace pdlb::trace {

namespace {

/// In single quotes; one of its own is closed, escaped and opened again. NUL cannot be in an argument.
QByteArray quoted(QByteArray text)
{
    text.replace('\0', "");
    return '\'' + text.replace('\'', "'\\''") + '\'';
}

class CurlExporter final : public Exporter
{
public:
    explicit CurlExporter(const ExportOptions &options) : m_options(options) {}

    QByteArray write(const Timeline &timeline) override
    {
        const QByteArray host = timeline.requestHeaders.value("host").toByteArray();
        const QByteArray target = timeline.target.isEmpty() ? timeline.endpoint : timeline.target;
        QByteArray out = "curl -sS " + quoted("http://" + (host.isEmpty() ? QByteArrayLiteral("127.0.0.1:30000") : host)
                                              + (m_options.secrets ? target : redactTarget(target)));
        if (timeline.stream)
            out += " -N";
        for (const http::Header &header : m_options.secrets ? timeline.requestHeaders : redactHeaders(timeline.requestHeaders)) {
            if (!http::equalsIgnoreCase(header.name, "host") && !http::equalsIgnoreCase(header.name, "content-length"))
                out += " -H " + quoted(header.name + ": " + header.value);
        }
        if (timeline.requestBody.isWhole() && m_options.bodies)
            out += " --data-raw " + quoted(m_options.secrets ? timeline.requestBody.bytes : redactBody(timeline.requestBody.bytes));
        else
            out += " --data-binary @body.json"; // was not kept as a whole
        return out + '\n';
    }

private:
    ExportOptions m_options;
};

} // namespace

std::unique_ptr<Exporter> makeCurlExporter(const ExportOptions &options)
{
    return std::make_unique<CurlExporter>(options);
}

} // namespace pdlb::trace
