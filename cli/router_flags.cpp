// SPDX-License-Identifier: Apache-2.0
#include "cli/router_flags.h"

#include <array>

namespace pdlb::cli {

namespace {

enum Arity { Switch, One, OneOrMore, AnyNumber };

struct Ignored {
    const char *name;
    Arity arity;
};

/// With what each would change: tokenizers, parsers, model gateways, Kubernetes' API and databases have no place in a
/// balancer that leaves bodies as they are.
constexpr std::array ignoredFlags{
    Ignored{"--worker-urls", AnyNumber},
    Ignored{"--bucket-adjust-interval-secs", One},
    Ignored{"--eviction-interval-secs", One},
    Ignored{"--max-idle-secs", One},
    Ignored{"--assignment-mode", One},
    Ignored{"--dp-aware", Switch},
    Ignored{"--enable-igw", Switch},
    Ignored{"--worker-startup-check-interval", One},
    Ignored{"--log-dir", One},
    Ignored{"--service-discovery", Switch},
    Ignored{"--selector", OneOrMore},
    Ignored{"--service-discovery-port", One},
    Ignored{"--service-discovery-namespace", One},
    Ignored{"--prefill-selector", OneOrMore},
    Ignored{"--decode-selector", OneOrMore},
    Ignored{"--request-id-headers", AnyNumber},
    Ignored{"--cb-window-duration-secs", One},
    Ignored{"--model-path", One},
    Ignored{"--tokenizer-path", One},
    Ignored{"--chat-template", One},
    Ignored{"--tokenizer-cache-enable-l0", Switch},
    Ignored{"--tokenizer-cache-l0-max-entries", One},
    Ignored{"--tokenizer-cache-enable-l1", Switch},
    Ignored{"--tokenizer-cache-l1-max-memory", One},
    Ignored{"--reasoning-parser", One},
    Ignored{"--tool-call-parser", One},
    Ignored{"--mcp-config-path", One},
    Ignored{"--backend", One},
    Ignored{"--history-backend", One},
    Ignored{"--oracle-wallet-path", One},
    Ignored{"--oracle-tns-alias", One},
    Ignored{"--oracle-connect-descriptor", One},
    Ignored{"--oracle-username", One},
    Ignored{"--oracle-password", One},
    Ignored{"--oracle-pool-min", One},
    Ignored{"--oracle-pool-max", One},
    Ignored{"--oracle-pool-timeout-secs", One},
    Ignored{"--postgres-db-url", One},
    Ignored{"--postgres-pool-max", One},
    Ignored{"--redis-url", One},
    Ignored{"--redis-pool-max", One},
    Ignored{"--redis-retention-days", One},
    Ignored{"--client-cert-path", One},
    Ignored{"--client-key-path", One},
    Ignored{"--enable-trace", Switch},
    Ignored{"--otlp-traces-endpoint", One},
    Ignored{"--control-plane-api-keys", AnyNumber},
    Ignored{"--control-plane-audit-enabled", Switch},
    Ignored{"--jwt-issuer", One},
    Ignored{"--jwt-audience", One},
    Ignored{"--jwt-jwks-uri", One},
    Ignored{"--jwt-role-mapping", AnyNumber},
};

constexpr int many = CLI::detail::expected_max_vector_size;

} // namespace

void RouterFlags::addTo(CLI::App &app, const std::function<void(std::function<void(Config &)>)> &change)
{
    const char *group = "As SGLang's router has them";
    app.add_flag_callback("--pd-disaggregation,--mini-lb", [] {}, "Always so")->group(group);
    app.add_option_function<qint64>("--max-concurrent-requests", [change](qint64 value) {
        change([value](Config &config) { config.maxInFlight = value == -1 ? 0 : value; });
    }, "--max-in-flight; -1: no limit")->check(CLI::Range(qint64(-1), qint64(1) << 53))->group(group);
    app.add_option_function<double>("--retry-initial-backoff-ms", [change](double value) {
        change([value](Config &config) { config.retry.initialBackoff = std::chrono::milliseconds(qint64(value)); });
    }, "--retry-backoff, in milliseconds")->check(CLI::Range(0.0, 86'400'000.0))->group(group);
    app.add_option_function<double>("--retry-max-backoff-ms", [change](double value) {
        change([value](Config &config) { config.retry.longestBackoff = std::chrono::milliseconds(qint64(value)); });
    }, "--retry-longest-backoff, in milliseconds")->check(CLI::Range(0.0, 86'400'000.0))->group(group);
    app.add_flag_callback("--disable-retries", [change] { change([](Config &config) { config.retry.retries = 0; }); }, "--retries 0")->group(group);
    app.add_option_function<std::vector<std::string>>("--ca-cert-paths", [change](const std::vector<std::string> &paths) {
        if (paths.size() > 1)
            throw CLI::ValidationError("--ca-cert-paths", "more than one file; put the certificates into one");
        if (!paths.empty() && !paths.front().empty())
            change([path = QString::fromStdString(paths.front())](Config &config) { config.caFile = path; });
    }, "--ca-file")->expected(0, many)->group(group);
    for (const Ignored &flag : ignoredFlags) {
        if (app.get_option_no_throw(flag.name))
            continue;
        CLI::Option *option = nullptr;
        if (flag.arity == Switch)
            option = app.add_flag_callback(flag.name, [] {});
        else
            option = app.add_option_function<std::vector<std::string>>(flag.name, [](const std::vector<std::string> &) {})
                         ->expected(flag.arity == AnyNumber ? 0 : 1, flag.arity == One ? 1 : many);
        m_ignored.push_back(option->group("")); // not in the help
    }
}

QStringList RouterFlags::ignored() const
{
    QStringList names;
    for (const CLI::Option *option : m_ignored) {
        if (option->count() > 0)
            names += QStringLiteral("--") + QString::fromStdString(option->get_lnames().front());
    }
    return names;
}

} // namespace pdlb::cli
