// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPlainTextEdit>

namespace pdlb::gui {

/// Plain text of any kind and length. Lines are wrapped, unless there is a word so long (base64, nonsense) that breaking it
/// into lines would hold up the window: the time for that grows with the square of its length.
class PlainEdit : public QPlainTextEdit
{
    Q_OBJECT

public:
    explicit PlainEdit(QWidget *parent = nullptr);
    void setText(const QString &text);
    /// At the end; what somebody reads further up is not moved.
    void appendText(const QString &text);

    static constexpr qsizetype longestWrapped = 4000; ///< characters of one word
    static qsizetype longestWord(QStringView text);

protected:
    void insertFromMimeData(const QMimeData *source) override;

private:
    void wrap(bool wraps);

    qsizetype m_lastWord = 0; ///< characters since the last space of what was appended
};

} // namespace pdlb::gui
