// SPDX-License-Identifier: Apache-2.0
#include "pd/json_edit.h"

#include "pd/byte_runs.h"

#include <algorithm>

namespace pdlb::pd::json {

QByteArray replaced(QByteArrayView text, std::vector<Replacement> replacements)
{
    std::stable_sort(replacements.begin(), replacements.end(),
                     [](const Replacement &a, const Replacement &b) { return a.span.begin < b.span.begin; });
    qsizetype size = text.size();
    for (const Replacement &replacement : replacements)
        size += replacement.bytes.size() - replacement.span.size();
    QByteArray out;
    out.reserve(size);
    qsizetype done = 0;
    for (const Replacement &replacement : replacements) {
        out.append(text.sliced(done, replacement.span.begin - done));
        out.append(replacement.bytes);
        done = replacement.span.end;
    }
    return out.append(text.sliced(done));
}

Replacement setMember(QByteArrayView text, Value object, QByteArrayView name, const QByteArray &value)
{
    const Value old = object.member(name);
    if (old.exists())
        return {old.spanIn(text), value};
    QByteArray member;
    appendQuoted(member, name);
    member += ':';
    member += value;
    if (!object.inside().isEmpty())
        member += ',';
    const qsizetype at = object.spanIn(text).begin + 1;
    return {{at, at}, member};
}

void appendQuoted(QByteArray &out, QByteArrayView text)
{
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    if (skipPlain(text.begin(), text.end()) == text.end()) { // as nearly always
        out.append(text);
        out += '"';
        return;
    }
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (uchar(c) < 0x20) {
            out += "\\u00";
            out += digits[uchar(c) >> 4];
            out += digits[uchar(c) & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

} // namespace pdlb::pd::json
