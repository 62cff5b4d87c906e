// SPDX-License-Identifier: Apache-2.0
#include "widgets/body_view.h"

#include "models/trace_text.h"
#include "theme/theme.h"
#include "trace/redact.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSyntaxHighlighter>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

/// Names, texts, numbers and words of JSON; also in the lines of an event stream.
class BodyView::Highlighter final : public QSyntaxHighlighter
{
public:
    explicit Highlighter(QTextDocument *document) : QSyntaxHighlighter(document) {}

protected:
    void highlightBlock(const QString &text) override
    {
        if (text.size() > 20'000) // a line of that length is no layout for people
            return;
        static const QRegularExpression tokens(uR"re(("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\b\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\b|^(?:data|event|id):)re"_s);
        for (auto matches = tokens.globalMatch(text); matches.hasNext();) {
            const QRegularExpressionMatch match = matches.next();
            const bool isText = match.capturedLength(1) > 0;
            const bool isName = isText && match.capturedLength(2) > 0;
            const Tone tone = isName ? Tone::Accent : isText ? Tone::Ok : Tone::Warn;
            setFormat(int(match.capturedStart()), int(isText ? match.capturedLength(1) : match.capturedLength()), color(tone));
        }
    }
};

BodyView::BodyView(QWidget *parent) : PlainEdit(parent)
{
    setReadOnly(true);
    setUndoRedoEnabled(false);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setFont(Theme::monospace(font()));
    auto *highlighter = new Highlighter(document());
    connect(&Theme::instance(), &Theme::changed, highlighter, &QSyntaxHighlighter::rehighlight);
}

void BodyView::setBody(const QByteArray &bytes)
{
    const QByteArray shown = trace::redactBody(bytes.left(most));
    QJsonParseError error;
    const QJsonDocument json = QJsonDocument::fromJson(shown, &error);
    QString text = error.error == QJsonParseError::NoError ? QString::fromUtf8(json.toJson(QJsonDocument::Indented)) : QString::fromUtf8(shown);
    if (bytes.size() > most)
        text += tr("\n… cut here: %1 in all").arg(TraceText::bytes(bytes.size()));
    setLines(text);
}

void BodyView::setLines(const QString &text)
{
    if (text != toPlainText())
        setText(text);
}

} // namespace pdlb::gui
