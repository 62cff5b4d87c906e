// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <vector>

namespace pdlb::cli {

/// The flags of SGLang's router (sglang_router.launch_router 0.3.2) that are no second names of ours: a few that mean the same
/// in other units or forms, and all that mean nothing here. They take as many values as there, so that a command line that
/// worked with it works here.
class RouterFlags
{
public:
    /// `change` is called during parsing with what a mapped flag changes. Flags that `app` already has are left out.
    void addTo(CLI::App &app, const std::function<void(std::function<void(Config &)>)> &change);
    /// Those of the ignored ones that were given, in the order of the table.
    QStringList ignored() const;

private:
    std::vector<const CLI::Option *> m_ignored;
};

} // namespace pdlb::cli
