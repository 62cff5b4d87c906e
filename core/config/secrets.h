// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

namespace pdlb {

/// Whether a reference to a secret is well formed: "file:PATH" (one a line, see readSecretFile()) or "env:NAME".
Result<void> checkSecretRef(const QString &ref);

/// The secrets that a reference leads to, at least one. Errors: it is malformed, the variable is not set or empty, the
/// file cannot be used.
Result<QByteArrayList> readSecretRef(const QString &ref);

/// Reads what all references of `config` lead to into apiKeys (after givenApiKeys), adminKeys (likewise), engineApiKey, otlp.headers and each server's apiKey.
/// Reads files: not for worker threads. On an error nothing has changed; it has the path of the reference.
tl::expected<void, ConfigProblem> resolveSecrets(Config &config);

/// Takes over from `running` the keys that came without a reference (flags): another configuration that knows nothing of
/// them must not open a door. Call before resolveSecrets().
void keepGivenSecrets(Config &config, const Config &running);

} // namespace pdlb
