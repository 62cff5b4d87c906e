// SPDX-License-Identifier: Apache-2.0
#include "config/server_config.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb {

const char *roleName(Role role)
{
    return role == Role::Prefill ? "prefill" : "decode";
}

Result<BootstrapPort> BootstrapPort::parse(const QString &text)
{
    if (text.compare("none"_L1, Qt::CaseInsensitive) == 0)
        return none();
    if (text.compare("auto"_L1, Qt::CaseInsensitive) == 0)
        return BootstrapPort{};
    // toUInt() also takes white space, a plus sign and anything behind a NUL.
    const bool isNumber = std::all_of(text.begin(), text.end(), [](QChar c) { return c >= u'0' && c <= u'9'; });
    const uint port = isNumber ? text.toUInt() : 0;
    if (port == 0 || port > 65535)
        return failure(u"bootstrap port \"%1\": expected a number from 1 to 65535, \"none\" or \"auto\""_s.arg(text));
    return fixed(quint16(port));
}

QString BootstrapPort::toString() const
{
    switch (kind) {
    case Kind::Discover: return u"auto"_s;
    case Kind::None: return u"none"_s;
    case Kind::Fixed: break;
    }
    return QString::number(port);
}

} // namespace pdlb
