// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/request_spec.h"

#include <QWidget>

class QVBoxLayout;

namespace pdlb::gui {

/// The messages of a chat as cards: role and text, to be added, removed and moved.
class MessageCards final : public QWidget
{
    Q_OBJECT

public:
    explicit MessageCards(QWidget *parent = nullptr);
    QList<client::RequestSpec::Message> messages() const;
    void setMessages(const QList<client::RequestSpec::Message> &messages);
    void add(const client::RequestSpec::Message &message);

Q_SIGNALS:
    void changed();

private:
    class Card;
    void remove(Card *card);
    void move(Card *card, int by);

    QVBoxLayout *m_layout;
    QList<Card *> m_cards;
};

} // namespace pdlb::gui
