// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QSslConfiguration>

#include <optional>

namespace pdlb {

/// How TLS is spoken to others. Nothing: as Qt does by default; even an empty QSslConfiguration would load OpenSSL, 4 MiB, before
/// anybody needs it.
using ClientTls = std::optional<QSslConfiguration>;

/// For a server: the certificate chain and private key of two PEM files, TLS 1.2 and newer. Errors: a file that cannot be
/// read or holds no such thing, a key that is not the certificate's, no TLS in this build of Qt.
Result<QSslConfiguration> loadServerTls(const QString &certFile, const QString &keyFile);

/// For a client: the system's authorities and those of `caFile` (PEM; empty: none). `verify` false accepts any certificate.
Result<ClientTls> loadClientTls(const QString &caFile, bool verify);

} // namespace pdlb
