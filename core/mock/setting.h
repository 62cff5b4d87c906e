// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/fault.h"

#include <QJsonValue>

namespace pdlb::mock {

/// One engine's difference from the others, written as `ROLE[INDEX]:KEY=VALUE`:
///
///     decode1:page_size=128     any member of /server_info; VALUE is JSON, or else a string
///     prefill0:registered=false its bootstrap server knows no rank yet
///     any:api_key=KEY           requests need it
struct Setting {
    std::optional<Role> role; ///< none: any
    int index = -1; ///< -1: all of that role
    QString key;
    QJsonValue value;

    bool appliesTo(Role engineRole, int engineIndex) const;
    void applyTo(MockOptions &options) const;
};

/// Reads one. The error is one sentence for the person who typed it.
Result<Setting> parseSetting(const QString &text);

} // namespace pdlb::mock
