// SPDX-License-Identifier: Apache-2.0
// The configuration file and what admin calls bring of it. What is accepted can be written and read again and stays the
// same; what is not has a place and a reason that is one printable line; no key gets through.
#include "fuzzing.h"

#include "config/config_fields.h"
#include "config/config_json.h"
#include "control/dns_discovery.h"
#include "util/escape.h"

#include <QJsonDocument>

#include <algorithm>

using namespace pdlb;
using namespace pdlb::fuzz;

namespace {

void checkProblems(const ConfigProblems &problems)
{
    FUZZ_CHECK(!problems.isEmpty());
    for (const ConfigProblem &problem : problems) {
        FUZZ_CHECK(problem.path.startsWith(u'$'));
        FUZZ_CHECK(!problem.message.isEmpty() && problem.message.size() < 2000);
        const QString shown = escapeControls(problem.path + problem.message);
        FUZZ_CHECK(std::none_of(shown.begin(), shown.end(), [](QChar c) { return c.category() == QChar::Other_Control; }));
    }
}

void checkRoundTrip(const Config &config, WriteFields which, CheckConfig check)
{
    const QByteArray text = QJsonDocument(configToJson(config, which)).toJson();
    const auto again = configFromJson(text, check);
    FUZZ_CHECK(again);
    FUZZ_CHECK(again->config.prefill == config.prefill && again->config.decode == config.decode && again->config.pairs == config.pairs);
    FUZZ_CHECK(again->config.extra == config.extra);
    for (const Field<Config> &field : configFields())
        FUZZ_CHECK(field.sameIn(again->config, config));
}

/// Knows nothing yet.
class NoResolver final : public control::Resolver
{
public:
    void lookUp(const upstream::ServerUrl &, QObject *, const Callback &) override {}
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView text = Input(data, size).bytes;
    const auto formed = configFromJson(text, CheckConfig::Form);
    const auto whole = configFromJson(text, CheckConfig::Whole);
    if (!formed) {
        checkProblems(formed.error());
        FUZZ_CHECK(!whole);
        return 0;
    }
    FUZZ_CHECK(formed->config.apiKeys.isEmpty() && formed->config.engineApiKey.isNull());
    checkRoundTrip(formed->config, WriteFields::All, CheckConfig::Form);
    checkRoundTrip(formed->config, WriteFields::Changed, CheckConfig::Form);
    if (!whole) {
        checkProblems(whole.error());
        return 0;
    }
    FUZZ_CHECK(whole->config.validate());
    checkRoundTrip(whole->config, WriteFields::Changed, CheckConfig::Whole);
    NoResolver resolver;
    const Config expanded = control::DnsDiscovery(resolver, nullptr).expand(whole->config);
    FUZZ_CHECK(expanded.prefill.size() <= whole->config.prefill.size());
    return 0;
}
