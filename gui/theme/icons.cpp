// SPDX-License-Identifier: Apache-2.0
#include "theme/icons.h"

#include "theme/theme.h"

#include <QFile>
#include <QFont>
#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

/// Drawn when asked for, in the colours of that time: an icon stays right when the theme changes, at any scale.
class TintedIcon final : public QIconEngine
{
public:
    explicit TintedIcon(const QString &name) : m_name(name) {}

    void paint(QPainter *painter, const QRect &rect, QIcon::Mode mode, QIcon::State state) override
    {
        QFile file(u":/icons/%1.svg"_s.arg(m_name));
        if (!file.open(QIODevice::ReadOnly))
            return;
        const Tone tone = state == QIcon::On ? Tone::Accent : mode == QIcon::Disabled ? Tone::Muted : Tone::Text;
        QSvgRenderer renderer(file.readAll().replace("currentColor", color(tone).name().toLatin1()));
        renderer.render(painter, rect);
    }
    QPixmap pixmap(const QSize &size, QIcon::Mode mode, QIcon::State state) override
    {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(0, 0), size), mode, state);
        return pixmap;
    }
    QIconEngine *clone() const override { return new TintedIcon(m_name); }

private:
    QString m_name;
};

} // namespace

QIcon icon(const QString &name)
{
    return QIcon(new TintedIcon(name)); // the icon owns it
}

QIcon symbolIcon(const QString &symbol, const QColor &color)
{
    constexpr int size = 32;
    QPixmap pixmap(size, size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    QFont font = QGuiApplication::font();
    font.setPixelSize(24);
    painter.setFont(font);
    painter.setPen(color);
    painter.drawText(pixmap.rect(), Qt::AlignCenter, symbol);
    painter.end();
    QIcon icon;
    icon.addPixmap(pixmap, QIcon::Normal);
    icon.addPixmap(pixmap, QIcon::Disabled);
    return icon;
}

} // namespace pdlb::gui
