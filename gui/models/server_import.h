// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "util/result.h"

namespace pdlb::gui {

/// Servers as people have them: a router's or pdlb's command line with --prefill and --decode, a configuration file's JSON, a
/// JSON array of servers or URLs, or URLs in lines ("prefill http://a:30000 8998", "decode http://b:30000", or bare ones).
struct ImportedServers {
    QList<ServerConfig> prefill;
    QList<ServerConfig> decode;
    std::optional<Config> whole; ///< of a configuration file: all of it
    QString form; ///< what it was taken for, in words
};
/// `bare`: the role of URLs that do not say theirs. Errors: what cannot be read, and what could be.
Result<ImportedServers> importServers(const QString &text, Role bare);

/// The configuration with them: those of a known URL are changed, new ones are added; `replace`: what is not among them goes.
Config withImported(const Config &config, const ImportedServers &imported, bool replace);

/// "--prefill http://a:30000 8998 --decode http://b:30000", as `pdlb serve` takes it.
QString flagsOf(const Config &config);

} // namespace pdlb::gui
