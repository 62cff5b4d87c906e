// SPDX-License-Identifier: Apache-2.0
#include "util/escape.h"

using namespace Qt::StringLiterals;

namespace pdlb {

QString escapeControls(const QString &text)
{
    QString out;
    out.reserve(text.size());
    for (const QChar c : text) {
        if (c < u' ' || c == u'\x7f')
            out += u"\\x%1"_s.arg(int(c.unicode()), 2, 16, QChar(u'0'));
        else
            out += c;
    }
    return out;
}

} // namespace pdlb
