// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/mock_exchange.h"
#include "mock/mock_options.h"
#include "util/result.h"

#include <QString>

#include <optional>
#include <vector>

namespace pdlb::mock {

/// One scripted fault of an engine.
///
/// Written as `ROLE[INDEX]:KIND[=VALUE][,KEY=VALUE…]`, ROLE being prefill, decode or any:
///
///     decode:status=503,retry_after=7      that status at once (early: before the body is read);
///                                          also body=…, header=NAME: VALUE
///     prefill0:delay=2s                    everything 2 s later
///     decode:close=before-head             FIN; also after-head, mid-stream (see `after`)
///     decode:reset=mid-stream,after=3      RST behind 3 events
///     decode:truncate=700,how=reset        the raw answer ends behind 700 bytes
///     decode:stall=after-3                 silence behind 3 events (0: behind the head)
///     prefill:abort,status=500,message=…   in-band abort inside the 200 answer, after=N events
///     decode:kvfail                        the KV transfer with another engine fails, message=… says why
///     decode:garbage                       bytes that are no HTTP, then FIN
///     decode:raw=HTTP/1.1 200 OK\r\n\r\n   these bytes (C escapes; a comma is \x2c), then FIN, RST or nothing (how)
///     decode:hang                          takes the request and never answers
///     decode:noread                        takes the head and stops reading
///     decode:stale=200ms                   closes idle connections that early
///     decode:framing=close                 a sound answer that ends by FIN (also chunked)
///
/// Keys of every kind: delay=TIME, count=N (only the first N requests), path=/generate (default: the generation
/// endpoints; * is every path), framing=close|chunked, how=fin|reset|stall.
struct Fault {
    enum class Kind { None, Status, Break, Abort, KvFail, Garbage, Raw, Hang, NoRead, Stale };

    Kind kind = Kind::None;
    std::optional<Role> role; ///< none: any
    int index = -1; ///< which engine of that role; -1: all
    QByteArray path; ///< empty: generation endpoints; "*": all
    int count = -1; ///< requests still to hit; -1: no end

    std::chrono::milliseconds delay{0};
    std::chrono::milliseconds stale{0};
    int status = 500; ///< Status, Abort
    int retryAfter = -1;
    bool early = false; ///< Status: answered from the head, before the body is read
    http::HeaderList headers; ///< Status: more fields
    QByteArray body; ///< Status: instead of SGLang's error body
    QByteArray raw;
    QString message;
    int after = 0; ///< Abort: behind that many events
    Cut cut; ///< Break; Garbage and Raw use cut.how
    std::optional<http::Framing> framing;

    bool appliesTo(Role engineRole, int engineIndex) const;
    bool matchesPath(const QByteArray &requestPath) const;
    /// Acts on the head alone.
    bool actsOnHead() const { return kind == Kind::NoRead || (kind == Kind::Status && early); }
};

/// Reads "prefill", "decode0", …; an index of -1 and no role stand for all.
Result<void> readEngineName(const QString &text, std::optional<Role> &role, int &index);

/// Reads one fault. The error is one sentence for the person who typed it.
Result<Fault> parseFault(const QString &text);

/// "200ms", "2s", "1.5s", "1m".
Result<std::chrono::milliseconds> parseDuration(QStringView text);

/// The faults of one engine, in order, with their counts.
class FaultScript
{
public:
    void add(Fault fault) { m_faults.push_back(std::move(fault)); }
    void clear() { m_faults.clear(); }
    /// What hits a request of that path now: the first matching fault, joined with the matching delays and framings.
    /// Counts it. `onHead`: only faults that act on the head, else only the others.
    std::optional<Fault> take(const QByteArray &path, bool onHead);

private:
    std::vector<Fault> m_faults;
};

} // namespace pdlb::mock
