// SPDX-License-Identifier: Apache-2.0
#include "fleet/hash_key.h"

#include "http/header_list.h"

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

Result<HashKey> HashKey::parse(const QString &text)
{
    const qsizetype colon = text.indexOf(u':');
    const QString place = text.first(std::max<qsizetype>(colon, 0));
    const QByteArray name = text.sliced(colon + 1).toUtf8();
    if (place == "header"_L1 && http::isToken(name))
        return HashKey{Place::Header, name};
    if (place == "body"_L1 && !name.isEmpty())
        return HashKey{Place::Body, name};
    return failure(u"hash key \"%1\": expected header:NAME, or body:MEMBER of the request's JSON object"_s.arg(text.left(200)));
}

} // namespace pdlb::fleet
