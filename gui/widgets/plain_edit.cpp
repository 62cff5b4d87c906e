// SPDX-License-Identifier: Apache-2.0
#include "widgets/plain_edit.h"

#include <QMimeData>
#include <QScrollBar>

namespace pdlb::gui {

PlainEdit::PlainEdit(QWidget *parent) : QPlainTextEdit(parent)
{
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
}

qsizetype PlainEdit::longestWord(QStringView text)
{
    qsizetype longest = 0;
    qsizetype length = 0;
    for (const QChar c : text) {
        length = c.isSpace() ? 0 : length + 1;
        longest = std::max(longest, length);
    }
    return longest;
}

void PlainEdit::wrap(bool wraps)
{
    const LineWrapMode mode = wraps ? WidgetWidth : NoWrap;
    if (lineWrapMode() != mode)
        setLineWrapMode(mode);
}

void PlainEdit::setText(const QString &text)
{
    if (longestWord(text) > longestWrapped) {
        wrap(false);
        setPlainText(text);
    } else {
        clear(); // what is there may be what must not be wrapped
        wrap(true);
        setPlainText(text);
    }
    m_lastWord = 0;
}

void PlainEdit::appendText(const QString &text)
{
    if (document()->isEmpty()) {
        m_lastWord = 0;
        wrap(true);
    }
    qsizetype head = 0; // goes on with the last word
    while (head < text.size() && !text[head].isSpace())
        ++head;
    const qsizetype longest = std::max(m_lastWord + head, longestWord(text));
    qsizetype tail = 0;
    while (tail < text.size() && !text[text.size() - 1 - tail].isSpace())
        ++tail;
    m_lastWord = tail == text.size() ? m_lastWord + tail : tail;
    if (longest > longestWrapped)
        wrap(false);
    const bool follows = verticalScrollBar()->value() >= verticalScrollBar()->maximum() - 4;
    QTextCursor cursor(document());
    cursor.movePosition(QTextCursor::End);
    cursor.insertText(text);
    if (follows)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void PlainEdit::insertFromMimeData(const QMimeData *source)
{
    if (longestWord(source->text()) > longestWrapped)
        wrap(false);
    QPlainTextEdit::insertFromMimeData(source);
}

} // namespace pdlb::gui
