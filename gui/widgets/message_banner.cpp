// SPDX-License-Identifier: Apache-2.0
#include "widgets/message_banner.h"

#include "theme/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

MessageBanner::MessageBanner(QWidget *parent)
    : QFrame(parent), m_icon(new QLabel(this)), m_text(new QLabel(this)), m_action(new QPushButton(this))
{
    setObjectName(u"messageBanner"_s);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 6, 8, 6);
    layout->addWidget(m_icon, 0, Qt::AlignTop);
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_action);
    m_action->hide();
    auto *close = new QPushButton(u"✕"_s, this);
    close->setProperty("flat", true);
    close->setToolTip(tr("Close this message"));
    close->setAccessibleName(tr("Close this message"));
    layout->addWidget(close, 0, Qt::AlignTop);
    connect(close, &QPushButton::clicked, this, &MessageBanner::clear);
    connect(m_action, &QPushButton::clicked, this, [this] {
        const std::function<void()> act = m_act;
        clear();
        if (act)
            act();
    });
    m_fade.setSingleShot(true);
    m_fade.setInterval(informationTime);
    connect(&m_fade, &QTimer::timeout, this, &MessageBanner::clear);
    connect(&Theme::instance(), &Theme::changed, this, &MessageBanner::paintTone);
    hide();
}

void MessageBanner::show(Kind kind, const QString &text, const QString &action, std::function<void()> act)
{
    m_kind = kind;
    m_text->setText(text);
    m_action->setText(action);
    m_action->setVisible(!action.isEmpty());
    m_act = std::move(act);
    paintTone();
    setVisible(true);
    if (kind == Kind::Information)
        m_fade.start();
    else
        m_fade.stop();
}

void MessageBanner::clear()
{
    m_fade.stop();
    m_act = {};
    hide();
}

QString MessageBanner::text() const
{
    return isHidden() ? QString() : m_text->text();
}

void MessageBanner::paintTone()
{
    const bool isError = m_kind == Kind::Error;
    const bool isWarning = m_kind == Kind::Warning;
    m_icon->setText(isError ? u"✖"_s : isWarning ? u"▲"_s : u"ℹ"_s);
    m_icon->setAccessibleName(isError ? tr("Error") : isWarning ? tr("Warning") : tr("Information"));
    const QString background = isError ? u"%badtint%"_s : isWarning ? u"%warntint%"_s : u"%selection%"_s;
    const QString tone = isError ? u"%bad%"_s : isWarning ? u"%warn%"_s : u"%accent%"_s;
    setStyleSheet(Theme::instance().fill(u"#messageBanner { background: %1; border: none; border-left: 3px solid %2; }"_s.arg(background, tone)));
    m_icon->setStyleSheet(Theme::instance().fill(u"color: %1"_s.arg(tone)));
}

} // namespace pdlb::gui
