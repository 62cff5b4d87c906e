// SPDX-License-Identifier: Apache-2.0
#include "widgets/find_bar.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTextEdit>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

/// Looks on from the cursor, then once more from the other end.
template <typename Edit> bool findIn(Edit &edit, const QString &words, bool backward)
{
    const QTextDocument::FindFlags flags = backward ? QTextDocument::FindBackward : QTextDocument::FindFlags();
    if (edit.find(words, flags))
        return true;
    const QTextCursor before = edit.textCursor();
    edit.moveCursor(backward ? QTextCursor::End : QTextCursor::Start);
    if (edit.find(words, flags))
        return true;
    edit.setTextCursor(before);
    return false;
}

} // namespace

FindBar::FindBar(QWidget *scope, QWidget *parent)
    : QFrame(parent), m_scope(scope), m_edit(new QLineEdit(this)), m_result(new QLabel(this)), m_everywhere(new QPushButton(tr("In all requests"), this))
{
    setProperty("card", true);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 4, 8, 4);
    m_edit->setObjectName(u"findEdit"_s);
    m_edit->setPlaceholderText(tr("Find in what is shown"));
    m_edit->setAccessibleName(tr("Find in what is shown"));
    m_edit->setClearButtonEnabled(true);
    layout->addWidget(m_edit, 1);
    auto *previous = new QPushButton(u"↑"_s, this);
    auto *next = new QPushButton(u"↓"_s, this);
    previous->setAccessibleName(tr("Previous match"));
    previous->setToolTip(tr("Previous match (Shift+Enter)"));
    next->setAccessibleName(tr("Next match"));
    next->setToolTip(tr("Next match (Enter)"));
    layout->addWidget(previous);
    layout->addWidget(next);
    layout->addWidget(m_everywhere);
    m_everywhere->setToolTip(tr("Filters the table: requests whose bodies have these words"));
    m_result->setProperty("tone", u"muted"_s);
    layout->addWidget(m_result);
    connect(previous, &QPushButton::clicked, this, [this] { find(true); });
    connect(next, &QPushButton::clicked, this, [this] { find(false); });
    connect(m_everywhere, &QPushButton::clicked, this, [this] { Q_EMIT everywhere(m_edit->text()); });
    connect(m_edit, &QLineEdit::textChanged, this, [this](const QString &text) {
        m_everywhere->setEnabled(!text.trimmed().isEmpty());
        m_result->clear();
    });
    m_everywhere->setEnabled(false);
    hide();
}

void FindBar::open()
{
    show();
    m_edit->setFocus();
    m_edit->selectAll();
}

void FindBar::find(bool backward)
{
    const QString words = m_edit->text();
    if (words.isEmpty())
        return;
    bool found = false;
    bool any = false;
    const auto visible = [](const QWidget *widget) { return widget->isVisible(); };
    const auto plain = m_scope->findChildren<QPlainTextEdit *>();
    for (QPlainTextEdit *edit : plain) {
        if (!found && visible(edit)) {
            any = true;
            found = findIn(*edit, words, backward);
        }
    }
    const auto rich = m_scope->findChildren<QTextEdit *>();
    for (QTextEdit *edit : rich) {
        if (!found && visible(edit)) {
            any = true;
            found = findIn(*edit, words, backward);
        }
    }
    m_result->setText(found ? QString() : any ? tr("not found") : tr("there is no text here"));
}

void FindBar::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape) {
        hide();
        return;
    }
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        find(event->modifiers() & Qt::ShiftModifier);
        return;
    }
    QFrame::keyPressEvent(event);
}

} // namespace pdlb::gui
