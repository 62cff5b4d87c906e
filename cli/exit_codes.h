// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pdlb::cli {

/// What the programs return.
enum ExitCode {
    ExitOk = 0,
    ExitFailed = 1, ///< at run time: port in use, engine gone, drained by force
    ExitUsage = 2, ///< bad flags
    ExitConfig = 3, ///< flags are well formed but do not make a usable configuration
    ExitInterrupted = 130,
};

} // namespace pdlb::cli
