// SPDX-License-Identifier: Apache-2.0
#include "util/escape.h"

using namespace Qt::StringLiterals;

namespace pdlb {

QString escapeControls(const QString &text, QStringView keep)
{
    QString out;
    out.reserve(text.size());
    for (const QChar c : text) {
        if (c.category() == QChar::Other_Control && !keep.contains(c)) // C0, DEL and C1: U+009B drives terminals as ESC [ does
            out += u"\\x%1"_s.arg(int(c.unicode()), 2, 16, QChar(u'0'));
        else
            out += c;
    }
    return out;
}

} // namespace pdlb
