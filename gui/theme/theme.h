// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QBrush>
#include <QColor>
#include <QFont>
#include <QObject>

namespace pdlb::gui {

/// What a colour stands for. Each has a value for light and for dark windows; no other colours are used.
enum class Tone {
    Surface, ///< of tables, editors, pages
    Raised, ///< of the rail, headers, cards, banners
    Border, ///< lines between things
    Text,
    Muted, ///< text of second rank
    Accent, ///< links, selection's edge, the primary button
    OnAccent, ///< text on it
    Selection, ///< background of selected rows and of the current page in the rail
    Ok,
    Warn,
    Bad,
    Running,
    OkTint, ///< backgrounds in those tones
    WarnTint,
    BadTint,
};
inline constexpr int toneCount = int(Tone::BadTint) + 1;

/// Pure: the table of colours.
QColor toneColor(Tone tone, bool dark);

/// The look: colours, fonts, the palette made of them. One for the application; GUI thread.
class Theme final : public QObject
{
    Q_OBJECT

public:
    enum class Mode { System, Light, Dark };

    /// For the whole program, made with the first call.
    static Theme &instance();

    Mode mode() const { return m_mode; }
    /// Sets the application's palette and style.
    void setMode(Mode mode);
    bool isDark() const { return m_dark; }
    QColor color(Tone tone) const { return toneColor(tone, m_dark); }

    /// Of bodies, ids, URLs.
    static QFont monospace(const QFont &base);
    static QFont scaled(const QFont &base, double factor, bool bold = false);

    /// "background-color" and the like for a widget: "%surface%", "%muted%", … in `sheet` become the colours.
    QString fill(QString sheet) const;

Q_SIGNALS:
    /// Colours are others now.
    void changed();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    Theme();
    void update();

    Mode m_mode = Mode::System;
    bool m_dark = false;
    bool m_systemDark = false;
    bool m_updating = false;
};

/// Plain text for a tool tip, whatever is in it: Qt would take some texts for markup.
QString tip(const QString &plain);

/// Shorter.
inline QColor color(Tone tone) { return Theme::instance().color(tone); }

} // namespace pdlb::gui
