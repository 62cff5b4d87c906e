// SPDX-License-Identifier: Apache-2.0
#include "config/config_fields.h"

#include <array>
#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

constexpr double aDay = 86'400;
constexpr double longest = 2'000'000; // seconds; timers count milliseconds in 31 bits
constexpr double exact = 9'007'199'254'740'992; // 2^53: beyond it JSON's numbers are not whole
constexpr double largestHead = 16 * 1024 * 1024;
constexpr double million = 1'000'000;
constexpr bool atStart = true;

// clang-format off
#define AT(member) [](auto &owner) -> FieldRef { return &owner.member; }

constexpr std::array configTable{
    Field<Config>{"host", AT(host), "Address to listen on: IP literal, \"localhost\" or \"*\"", 0, 0, "--host", "ADDRESS", atStart},
    Field<Config>{"port", AT(port), "Port to listen on; 0: any free one", 0, 65535, "--port", nullptr, atStart},
    Field<Config>{"workers", AT(workers), "Worker threads; 0: one per core, at most 8", 0, 256, "--workers", nullptr, atStart},
    Field<Config>{"transport", AT(transport), "auto: direct for http://, qnam for https://", 0, 0, "--transport"},

    Field<Config>{"policy", AT(policy), "How servers are picked, in both roles: random, round_robin, weighted, least_in_flight, power_of_two, consistent_hash, prefix_affinity, least_load, plugin:FILE[?OPTIONS]", 0, 0, "--policy", "NAME"},
    Field<Config>{"policies.prefill", AT(policies.prefill), "How prefills are picked, where it differs", 0, 0, "--prefill-policy", "NAME"},
    Field<Config>{"policies.decode", AT(policies.decode), "How decodes are picked, where it differs", 0, 0, "--decode-policy", "NAME"},
    Field<Config>{"policies.hash_key", AT(policies.hashKey), "consistent_hash: header:NAME or body:MEMBER", 0, 0, "--hash-key", "KEY"},
    Field<Config>{"policies.cache_threshold", AT(policies.cacheThreshold), "prefix_affinity: smallest known share of a prompt", 0, 1, "--cache-threshold"},
    Field<Config>{"policies.balance_abs", AT(policies.balanceAbs), "prefix_affinity: imbalanced when max - min in flight is above this and …", 0, million, "--balance-abs-threshold"},
    Field<Config>{"policies.balance_rel", AT(policies.balanceRel), "… max is above this times min", 1, million, "--balance-rel-threshold"},
    Field<Config>{"policies.max_tree_bytes", AT(policies.maxTreeBytes), "prefix_affinity: memory for remembered prompts, of each role", 1024, exact, "--max-tree-bytes,--max-tree-size", "BYTES"},
    Field<Config>{"policies.load_interval", AT(policies.loadInterval), "least_load: between two polls of /v1/loads", 0.1, aDay, "--load-interval"},

    Field<Config>{"pairing", AT(pairing), "Which prefills and decodes serve together: any, those of a group, or those the file lists", 0, 0, "--pairing"},
    Field<Config>{"on_no_healthy", AT(onNoHealthy), "When no pair is healthy: try the others all the same, or fail with 503", 0, 0, "--on-no-healthy"},

    Field<Config>{"health.enabled", AT(health.enabled), "Probe the servers", 0, 0, "!--no-health-check,!--disable-health-check"},
    Field<Config>{"health.path", AT(health.path), "What is asked for", 0, 0, "--health-path,--health-check-endpoint", "PATH"},
    Field<Config>{"health.interval", AT(health.interval), "Between two probes of a server", 0.1, aDay, "--health-interval,--health-check-interval-secs"},
    Field<Config>{"health.timeout", AT(health.timeout), "For a probe's answer", 0.1, aDay, "--health-timeout,--health-check-timeout-secs"},
    Field<Config>{"health.fall", AT(health.fall), "Failed probes in a row until a server is down", 1, 1000, "--health-fall,--health-failure-threshold"},
    Field<Config>{"health.rise", AT(health.rise), "Good probes in a row until it is up again", 1, 1000, "--health-rise,--health-success-threshold"},
    Field<Config>{"health.startup_grace", AT(health.startupGrace), "So long a server that was never up is starting, not down", 0, longest, "--startup-grace,--worker-startup-timeout-secs"},
    Field<Config>{"health.probe_bootstrap", AT(health.probeBootstrap), "Probe the prefills' bootstrap servers too", 0, 0, "!--no-bootstrap-probe"},

    Field<Config>{"breaker.enabled", AT(breaker.enabled), "Leave servers alone that fail requests", 0, 0, "!--no-breaker,!--disable-circuit-breaker"},
    Field<Config>{"breaker.failures", AT(breaker.failures), "5xx answers or transport errors in a row that open it", 1, million, "--breaker-failures,--cb-failure-threshold"},
    Field<Config>{"breaker.open_for", AT(breaker.openFor), "Until one request is let through; doubled each time", 0.1, aDay, "--breaker-open,--cb-timeout-duration-secs"},
    Field<Config>{"breaker.longest", AT(breaker.longest), "At most so long", 0.1, aDay, "--breaker-longest"},
    Field<Config>{"breaker.successes", AT(breaker.successes), "Good answers in a row that close it", 1, million, "--breaker-successes,--cb-success-threshold"},

    Field<Config>{"retry.retries", AT(retry.retries), "Further attempts of a request of which nothing was sent yet", 0, 100, "--retries,--retry-max-retries"},
    Field<Config>{"retry.budget", AT(retry.budget), "Retries per request over time; 0: no limit", 0, 1, "--retry-budget"},
    Field<Config>{"retry.initial_backoff", AT(retry.initialBackoff), "Pause before the first one", 0, aDay, "--retry-backoff"},
    Field<Config>{"retry.longest_backoff", AT(retry.longestBackoff), "The longest pause", 0, aDay, "--retry-longest-backoff"},
    Field<Config>{"retry.multiplier", AT(retry.multiplier), "Of the pause, per retry", 1, 100, "--retry-multiplier,--retry-backoff-multiplier"},
    Field<Config>{"retry.jitter", AT(retry.jitter), "Share by which the pause varies", 0, 1, "--retry-jitter,--retry-jitter-factor"},

    Field<Config>{"rate.per_second", AT(rate.perSecond), "Requests a second of each API key (of each address without keys); 0: no limit", 0, million, "--rate-limit,--rate-limit-tokens-per-second"},
    Field<Config>{"rate.burst", AT(rate.burst), "Requests that may come at once; 0: as many as in a second", 0, million, "--rate-burst"},

    Field<Config>{"deadlines.request", AT(requestTimeout), "Longest duration of a request", 0, longest, "--request-timeout-secs"},
    Field<Config>{"deadlines.header", AT(headerTimeout), "For a request's head, from its first byte", 0, longest, "--header-timeout"},
    Field<Config>{"deadlines.body", AT(bodyTimeout), "Without a byte of a request's body, or with less than 500 B/s", 0, longest, "--body-timeout"},
    Field<Config>{"deadlines.keep_alive", AT(keepAliveTimeout), "For a client's connection between two requests", 0, longest, "--keepalive-timeout"},
    Field<Config>{"deadlines.queue", AT(queueTimeout), "For a request that waits for its turn", 0, longest, "--queue-timeout,--queue-timeout-secs"},
    Field<Config>{"deadlines.connect", AT(connectTimeout), "For a connection to an engine", 0, longest, "--connect-timeout"},
    Field<Config>{"deadlines.first_byte", AT(firstByteTimeout), "Until decode's first byte", 0, longest, "--first-byte-timeout"},
    Field<Config>{"deadlines.stream_idle", AT(streamIdleTimeout), "Between two of decode's bytes", 0, longest, "--stream-idle-timeout"},
    Field<Config>{"deadlines.write_stall", AT(writeStallTimeout), "For a client that stops reading", 0, longest, "--write-stall-timeout"},
    Field<Config>{"deadlines.drain", AT(drainTimeout), "For running requests after SIGTERM", 0, longest, "--drain-timeout,--shutdown-grace-period-secs"},

    Field<Config>{"limits.request_line", AT(maxRequestLine), "Longest request line", 64, largestHead, "--max-request-line", "BYTES"},
    Field<Config>{"limits.header_field", AT(maxHeaderField), "Longest header field", 64, largestHead, "--max-header-field", "BYTES"},
    Field<Config>{"limits.header_block", AT(maxHeaderBlock), "All header fields together", 64, largestHead, "--max-header-block", "BYTES"},
    Field<Config>{"limits.headers", AT(maxHeaders), "Header fields", 1, 10000, "--max-headers"},
    Field<Config>{"limits.body", AT(maxBody), "Largest request body; 0: none", 0, exact, "--max-body,--max-payload-size", "BYTES"},
    Field<Config>{"limits.body_memory", AT(maxBodyMemory), "Memory of all request bodies; 0: none; not given: 2 GiB, at most a quarter of what the machine or container has", 0, exact, "--max-body-memory", "BYTES", atStart},
    Field<Config>{"limits.connections", AT(maxConnections), "Clients' connections; 0: none; not given: 0.4 of the limit of open files", 0, exact, "--max-connections", nullptr, atStart},
    Field<Config>{"limits.in_flight", AT(maxInFlight), "Requests that run at a time; 0: no limit", 0, exact, "--max-in-flight"},
    Field<Config>{"limits.queue", AT(maxQueue), "Further requests that wait; 0: they are refused at once", 0, exact, "--max-queue,--queue-size"},
    Field<Config>{"limits.server_in_flight", AT(serverMaxInFlight), "Legs that run on one server at a time; 0: no limit", 0, exact, "--server-max-in-flight"},

    Field<Config>{"access.api_key_refs", AT(apiKeyRefs), "Where the keys come from of which clients must send one: file:PATH (one a line), env:NAME"},
    Field<Config>{"access.engine_api_key_ref", AT(engineApiKeyRef), "Where the key comes from that the engines get in place of the client's: file:PATH, env:NAME"},
    Field<Config>{"admin.key_refs", AT(adminKeyRefs), "Where the keys come from of which one opens the admin API: file:PATH (one a line), env:NAME"},
    Field<Config>{"admin.port", AT(adminPort), "The admin API has this port for itself, 0: any free one; otherwise it is on the clients' port", 0, 65535, "--admin-port", nullptr, atStart},
    Field<Config>{"admin.host", AT(adminHost), "Address of that port", 0, 0, "--admin-host", "ADDRESS", atStart},
    Field<Config>{"admin.host_names", AT(adminHostNames), "Names beside localhost by which the admin API may be called", 0, 0, "--admin-host-name", "NAME"},
    Field<Config>{"access.debug_headers", AT(debugHeaders), "Every answer names its pair and room", 0, 0, "--debug-headers"},
    Field<Config>{"access.cors_origins", AT(corsOrigins), "Web pages from there may call", 0, 0, "--cors-origin,--cors-allowed-origins", "ORIGIN"},
    Field<Config>{"access.tls_cert", AT(tlsCertFile), "Serve https:// with this certificate chain (PEM)", 0, 0, "--tls-cert,--tls-cert-path", "FILE", atStart},
    Field<Config>{"access.tls_key", AT(tlsKeyFile), "Its private key (PEM)", 0, 0, "--tls-key,--tls-key-path", "FILE", atStart},
    Field<Config>{"access.ca_file", AT(caFile), "Authorities to trust for https:// engines, beside the system's (PEM)", 0, 0, "--ca-file", "FILE", atStart},
    Field<Config>{"access.insecure", AT(insecure), "Do not check the certificates of https:// engines", 0, 0, "--insecure", nullptr, atStart},

    Field<Config>{"trace.records", AT(trace.records), "Finished requests that are kept", 0, million, "--trace-records", nullptr, atStart},
    Field<Config>{"trace.body_limit", AT(trace.bodyLimit), "Kept of each body; 0: none", 0, 1e9, "--trace-body-limit", "BYTES"},
    Field<Config>{"trace.body_memory", AT(trace.bodyMemory), "Memory of all kept bodies; 0: none are kept", 0, exact, "--trace-body-memory", "BYTES", atStart},
    Field<Config>{"trace.explain_after", AT(trace.explainAfter), "A request of which nothing comes for so long is explained; 0: only when somebody asks", 0, aDay, "--explain-after"},
    Field<Config>{"trace.file", AT(trace.file), "Each finished request is appended to this file, as JSON lines (docs/records.md)", 0, 0, "--trace-file", "FILE", atStart},
    Field<Config>{"trace.file_size", AT(trace.fileSize), "When it would grow beyond, it becomes FILE.1, that one FILE.2, …", 4096, exact, "--trace-file-size", "BYTES", atStart},
    Field<Config>{"trace.file_count", AT(trace.fileCount), "Files that are kept, the newest included", 1, 1000, "--trace-file-count", nullptr, atStart},
    Field<Config>{"trace.file_bodies", AT(trace.fileBodies), "With bodies, as far as they are kept", 0, 0, "!--no-trace-file-bodies", nullptr, atStart},

    Field<Config>{"otlp.endpoint", AT(otlp.endpoint), "Spans go to this OpenTelemetry collector (OTLP/HTTP with JSON): http://HOST:4318", 0, 0, "--otlp-endpoint", "URL", atStart},
    Field<Config>{"otlp.headers_ref", AT(otlp.headersRef), "Where header fields for it come from: file:PATH (NAME: VALUE, one a line), env:NAME (NAME=VALUE,…)", 0, 0, "--otlp-headers", "REF", atStart},
    Field<Config>{"otlp.sampling", AT(otlp.sampling), "Share of the traces begun here that is sent; of others their sampled flag decides", 0, 1, "--otlp-sampling"},

    Field<Config>{"faults.allow", AT(faults.allow), "Faults may be injected: for tests only", 0, 0, "--allow-faults", nullptr, atStart},
    Field<Config>{"faults.rules", AT(faults.rules), "FILTER -> delay TIME, status CODE, drop after N events, stall after N events, cut or wrong-room[, probability P][, count N]", 0, 0, "--fault", "RULE"},

    Field<Config>{"metrics.port", AT(metricsPort), "Serve /metrics on a port of its own too, without a key; 0: any free one", 0, 65535, "--metrics-port,--prometheus-port", nullptr, atStart},
    Field<Config>{"metrics.host", AT(metricsHost), "Address of that port", 0, 0, "--metrics-host,--prometheus-host", "ADDRESS", atStart},
    Field<Config>{"metrics.buckets", AT(metricsBuckets), "Upper bounds of the histograms of durations in seconds; not given: 0.001 to 600", 0, 0, "--metrics-buckets,--prometheus-duration-buckets", "SECONDS...", atStart},
};

constexpr std::array serverTable{
    Field<ServerConfig>{"name", AT(name), "Unique over both roles, letters, digits, . _ -; not given: p1, d1, … by its place"},
    Field<ServerConfig>{"url", AT(url), "http://HOST:PORT or https://…; dns+http://NAME:PORT, srv+http://_SERVICE._tcp.NAME: each address a server"},
    Field<ServerConfig>{"bootstrap_port", AT(bootstrapPort), "Of a prefill: \"auto\" (it is asked), \"none\" (null) or a number"},
    Field<ServerConfig>{"weight", AT(weight), "Its share under policy weighted", 1, 1000},
    Field<ServerConfig>{"enabled", AT(enabled), "Gets new requests"},
    Field<ServerConfig>{"group", AT(group), "With pairing \"group\" only servers of the same are paired"},
    Field<ServerConfig>{"labels", AT(labels), "An object of texts, free for people and tools"},
    Field<ServerConfig>{"max_in_flight", AT(maxInFlight), "Legs that run on it at a time; 0: limits.server_in_flight", 0, exact},
    Field<ServerConfig>{"api_key_ref", AT(apiKeyRef), "Where its own key comes from: file:PATH, env:NAME; not given: access.engine_api_key_ref"},
};

constexpr std::array pairTable{
    Field<PairConfig>{"prefill", AT(prefill), "A prefill's name"},
    Field<PairConfig>{"decode", AT(decode), "A decode's name"},
    Field<PairConfig>{"weight", AT(weight), "Multiplies the servers' weights", 1, 1000},
    Field<PairConfig>{"enabled", AT(enabled), "Is used"},
};

#undef AT
// clang-format on

} // namespace

std::span<const Field<Config>> configFields()
{
    return configTable;
}

std::span<const Field<ServerConfig>> serverFields()
{
    return serverTable;
}

std::span<const Field<PairConfig>> pairFields()
{
    return pairTable;
}

std::span<const char *const> wordsOf(Pairing)
{
    static constexpr const char *words[] = {"any", "group", "listed"};
    return words;
}

std::span<const char *const> wordsOf(OnNoHealthy)
{
    static constexpr const char *words[] = {"try", "fail"};
    return words;
}

std::span<const char *const> wordsOf(TransportKind)
{
    static constexpr const char *words[] = {"auto", "direct", "qnam"};
    return words;
}

template <typename Owner> bool Field<Owner>::sameIn(const Owner &a, const Owner &b) const
{
    return std::visit([&](auto *left) { return *left == *std::get<decltype(left)>(in(b)); }, in(a));
}

template <typename Owner> QString outOfRange(const Field<Owner> &field, const Owner &owner)
{
    const double number = std::visit([&](auto *value) -> double {
        using T = std::remove_pointer_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::chrono::milliseconds>)
            return double(value->count()) / 1000;
        else if constexpr (std::is_same_v<T, std::optional<qint64>> || std::is_same_v<T, std::optional<quint16>>)
            return *value ? double(**value) : field.least;
        else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
            return double(*value);
        else
            return field.least;
    }, field.in(owner));
    if (number >= field.least && number <= field.most)
        return {};
    if (field.least == field.most) // no number
        return {};
    const auto text = [](double d) { return d == std::floor(d) && std::abs(d) < 1e15 ? QString::number(qint64(d)) : QString::number(d); };
    return u"is %1; expected %2 to %3"_s.arg(text(number), text(field.least), text(field.most));
}

template struct Field<Config>;
template struct Field<ServerConfig>;
template struct Field<PairConfig>;
template QString outOfRange(const Field<Config> &, const Config &);
template QString outOfRange(const Field<ServerConfig> &, const ServerConfig &);
template QString outOfRange(const Field<PairConfig> &, const PairConfig &);

} // namespace pdlb
