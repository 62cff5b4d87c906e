// SPDX-License-Identifier: Apache-2.0

// A request as a curl command line for POSIX shells: what the client sent, to be sent again.
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

/// Set for each request by curl or by whoever sends it again.
bool isOwn(const http::Header &header)
{
    for (const QByteArrayView name : {"host", "content-length", "x-request-id", "traceparent", "tracestate", "accept-encoding"}) {
        if (http::equalsIgnoreCase(header.name, name))
            return true;
    }
    return false;
}

class CurlExporter final : public Exporter
{
public:
    explicit CurlExporter(const ExportOptions &options) : m_options(options) {}

    QByteArray mimeType() const override { return QByteArrayLiteral("text/plain; charset=utf-8"); }
    QByteArray write(const Timeline &timeline) override
    {
        const QByteArray host = timeline.requestHeaders.value("host").toByteArray();
        const QByteArray target = timeline.target.isEmpty() ? timeline.endpoint : timeline.target;
        QByteArray out = "curl -sSg " + quoted("http://" + (host.isEmpty() ? QByteArrayLiteral("127.0.0.1:30000") : host)
                                              + (m_options.secrets ? target : redactTarget(target)));
        if (timeline.stream)
            out += " -N";
        for (const http::Header &header : m_options.secrets ? timeline.requestHeaders : redactHeaders(timeline.requestHeaders)) {
            if (!isOwn(header))
                out += " -H " + headerArgument(header);
        }
        const KeptBody *body = m_options.bodies && timeline.bodies ? &timeline.bodies->request : nullptr;
        if (body && body->isWhole())
            out += " --data-raw " + quoted(m_options.secrets ? body->bytes : redactBody(body->bytes));
        else
            out += " --data-binary @body.json"; // the body was not kept, or not as a whole
        return out + '\n';
    }

private:
    /// A credential that is not shown is left to the shell, so that the command works once the variable is set.
    static QByteArray headerArgument(const http::Header &header)
    {
        if (header.value == redacted && http::equalsIgnoreCase(header.name, "authorization"))
            return R"("Authorization: Bearer $API_KEY")";
        if (header.value == redacted && http::equalsIgnoreCase(header.name, "x-api-key"))
            return R"("X-API-Key: $API_KEY")";
        return quoted(header.name + ": " + header.value);
    }

    ExportOptions m_options;
};

} // namespace

std::unique_ptr<Exporter> makeCurlExporter(const ExportOptions &options)
{
    return std::make_unique<CurlExporter>(options);
}

} // namespace pdlb::trace
