// SPDX-License-Identifier: Apache-2.0
#include "widgets/message_cards.h"

#include "theme/theme.h"
#include "widgets/plain_edit.h"

#include <QComboBox>
#include <QFrame>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

class MessageCards::Card final : public QFrame
{
public:
    Card(MessageCards *owner, const client::RequestSpec::Message &message)
        : QFrame(owner), role(new QComboBox(this)), text(new PlainEdit(this))
    {
        setProperty("card", true);
        role->setEditable(true);
        role->addItems({u"system"_s, u"user"_s, u"assistant"_s});
        role->setCurrentText(message.role);
        role->setAccessibleName(MessageCards::tr("Role of the message"));
        text->setObjectName(u"messageText"_s);
        text->setText(message.content);
        text->setTabChangesFocus(true);
        text->setAccessibleName(MessageCards::tr("Text of the message"));
        text->setMinimumHeight(fontMetrics().height() * 3);
        text->setMaximumHeight(fontMetrics().height() * 12);
        text->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
        auto *layout = new QVBoxLayout(this);
        layout->setContentsMargins(10, 8, 10, 10);
        auto *head = new QHBoxLayout;
        head->addWidget(role);
        head->addStretch(1);
        const auto button = [&](const QString &symbol, const QString &name, const auto &act) {
            auto *made = new QPushButton(symbol, this);
            made->setProperty("flat", true);
            made->setAccessibleName(name);
            made->setToolTip(name);
            connect(made, &QPushButton::clicked, owner, act);
            head->addWidget(made);
        };
        button(u"↑"_s, MessageCards::tr("Move the message up"), [owner, this] { owner->move(this, -1); });
        button(u"↓"_s, MessageCards::tr("Move the message down"), [owner, this] { owner->move(this, 1); });
        button(u"✕"_s, MessageCards::tr("Remove the message"), [owner, this] { owner->remove(this); });
        layout->addLayout(head);
        layout->addWidget(text);
        connect(text, &QPlainTextEdit::textChanged, owner, &MessageCards::changed);
        connect(role, &QComboBox::currentTextChanged, owner, &MessageCards::changed);
    }

    QComboBox *role;
    PlainEdit *text;
};

MessageCards::MessageCards(QWidget *parent) : QWidget(parent), m_layout(new QVBoxLayout(this))
{
    m_layout->setContentsMargins(0, 0, 0, 0);
    auto *more = new QPushButton(tr("Add message"), this);
    more->setObjectName(u"addMessage"_s);
    more->setProperty("flat", true);
    m_layout->addWidget(more, 0, Qt::AlignLeft);
    connect(more, &QPushButton::clicked, this, [this] {
        const QString last = m_cards.isEmpty() ? u"assistant"_s : m_cards.last()->role->currentText();
        add({last == "user"_L1 ? u"assistant"_s : u"user"_s, {}});
        m_cards.last()->text->setFocus();
    });
}

QList<client::RequestSpec::Message> MessageCards::messages() const
{
    QList<client::RequestSpec::Message> list;
    for (const Card *card : m_cards) {
        // An empty system message says nothing.
        if (card->role->currentText() != "system"_L1 || !card->text->toPlainText().isEmpty())
            list += {card->role->currentText(), card->text->toPlainText()};
    }
    return list;
}

void MessageCards::setMessages(const QList<client::RequestSpec::Message> &messages)
{
    for (Card *card : std::as_const(m_cards))
        card->deleteLater();
    for (Card *card : std::as_const(m_cards))
        m_layout->removeWidget(card);
    m_cards.clear();
    for (const client::RequestSpec::Message &message : messages)
        add(message);
}

void MessageCards::add(const client::RequestSpec::Message &message)
{
    auto *card = new Card(this, message);
    m_layout->insertWidget(int(m_cards.size()), card);
    m_cards += card;
    card->show();
    Q_EMIT changed();
}

void MessageCards::remove(Card *card)
{
    m_cards.removeOne(card);
    m_layout->removeWidget(card);
    card->hide();
    card->deleteLater();
    Q_EMIT changed();
}

void MessageCards::move(Card *card, int by)
{
    const qsizetype from = m_cards.indexOf(card);
    const qsizetype to = from + by;
    if (to < 0 || to >= m_cards.size())
        return;
    m_cards.move(from, to);
    m_layout->removeWidget(card);
    m_layout->insertWidget(int(to), card);
    Q_EMIT changed();
}

} // namespace pdlb::gui
