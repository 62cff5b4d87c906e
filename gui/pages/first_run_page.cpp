// SPDX-License-Identifier: Apache-2.0
#include "pages/first_run_page.h"

#include "theme/theme.h"

#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

FirstRunPage::FirstRunPage(QWidget *parent) : QWidget(parent)
{
    setObjectName(u"firstRunPage"_s);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(48, 24, 48, 24);
    layout->addStretch(2);
    auto *title = new QLabel(tr("See where each request is, on which engine, and why."), this);
    title->setFont(Theme::scaled(font(), 1.7, true));
    title->setAlignment(Qt::AlignCenter);
    title->setWordWrap(true);
    auto *sub = new QLabel(tr("pdlb balances requests over prefill and decode engines, traces each of them live, and fires test requests. How do you want to begin?"), this);
    sub->setProperty("tone", u"muted"_s);
    sub->setAlignment(Qt::AlignCenter);
    sub->setWordWrap(true);
    layout->addWidget(title);
    layout->addWidget(sub);
    layout->addSpacing(24);
    auto *cards = new QHBoxLayout;
    cards->setSpacing(16);
    const auto card = [&](const QString &name, const QString &heading, const QString &text, const QString &action, bool primary, auto signal) {
        auto *frame = new QFrame(this);
        frame->setProperty("card", true);
        auto *inner = new QVBoxLayout(frame);
        inner->setContentsMargins(20, 20, 20, 20);
        auto *head = new QLabel(heading, frame);
        head->setFont(Theme::scaled(font(), 1.15, true));
        head->setWordWrap(true);
        auto *body = new QLabel(text, frame);
        body->setProperty("tone", u"muted"_s);
        body->setWordWrap(true);
        body->setAlignment(Qt::AlignTop | Qt::AlignLeft);
        auto *button = new QPushButton(action, frame);
        button->setObjectName(name);
        button->setProperty("primary", primary);
        connect(button, &QPushButton::clicked, this, signal);
        inner->addWidget(head);
        inner->addWidget(body, 1);
        inner->addSpacing(8);
        inner->addWidget(button);
        frame->setMinimumHeight(fontMetrics().height() * 12);
        cards->addWidget(frame, 1);
    };
    card(u"beginMocks"_s, tr("Try it without a GPU"), tr("Two mock engines, a prefill and a decode, start inside this program with the balancer in front of them."),
         tr("Start with two mock engines"), true, &FirstRunPage::mocksWanted);
    card(u"beginUrls"_s, tr("You have engines"), tr("Enter their URLs, or paste the flags of a router: --prefill … --decode … The doctor says what does not fit together."),
         tr("Enter engine URLs"), false, &FirstRunPage::urlsWanted);
    card(u"beginAttach"_s, tr("pdlb runs elsewhere"), tr("Attach to a headless pdlb serve by its admin API: its requests stream in here, its pairs can be edited."),
         tr("Attach to a running pdlb"), false, &FirstRunPage::attachWanted);
    layout->addLayout(cards);
    layout->addStretch(3);
}

} // namespace pdlb::gui
