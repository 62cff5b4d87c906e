// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QByteArray>

namespace pdlb::fleet {

/// Where the key of a request stands that consistent_hash goes by (PolicyRules::hashKey).
struct HashKey {
    enum class Place { Header, Body };
    Place place = Place::Header;
    QByteArray name; ///< of a header field, or of a member at the top of the body

    /// "header:NAME" or "body:MEMBER". The error says what is wrong.
    static Result<HashKey> parse(const QString &text);
};

} // namespace pdlb::fleet
