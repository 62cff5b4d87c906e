// SPDX-License-Identifier: Apache-2.0
#include "widgets/empty_state.h"

#include "theme/theme.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

EmptyState::EmptyState(QWidget *parent) : QWidget(parent), m_sentence(new QLabel(this)), m_button(new QPushButton(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->addStretch(2);
    m_sentence->setObjectName(u"emptySentence"_s);
    m_sentence->setAlignment(Qt::AlignCenter);
    m_sentence->setWordWrap(true);
    m_sentence->setProperty("tone", u"muted"_s);
    m_sentence->setFont(Theme::scaled(font(), 1.1));
    m_button->setObjectName(u"emptyAction"_s);
    layout->addWidget(m_sentence);
    layout->addSpacing(8);
    layout->addWidget(m_button, 0, Qt::AlignCenter);
    layout->addStretch(3);
    connect(m_button, &QPushButton::clicked, this, &EmptyState::acted);
}

void EmptyState::set(const QString &sentence, const QString &action)
{
    m_sentence->setText(sentence);
    m_button->setText(action);
}

QString EmptyState::sentence() const
{
    return m_sentence->text();
}

} // namespace pdlb::gui
