// SPDX-License-Identifier: Apache-2.0
#include "theme/theme.h"

#include <QApplication>
#include <QEvent>
#include <QFontDatabase>
#include <QPalette>
#include <QStyle>
#include <QStyleFactory>

#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

struct ToneRow {
    Tone tone;
    const char *name; ///< in style sheets: %name%
    QRgb light;
    QRgb dark;
};

// Every text tone has a contrast of 4.5 and more with surface, raised, selection and its own tint; a test computes it.
constexpr std::array<ToneRow, toneCount> tones{{
    {Tone::Surface, "surface", 0xFFFFFFFF, 0xFF1E1F22},
    {Tone::Raised, "raised", 0xFFF6F7F9, 0xFF26282C},
    {Tone::Border, "border", 0xFFD9DDE2, 0xFF3A3D42},
    {Tone::Text, "text", 0xFF1B1F24, 0xFFE6E8EB},
    {Tone::Muted, "muted", 0xFF57606A, 0xFF9AA4AF},
    {Tone::Accent, "accent", 0xFF0B62C4, 0xFF6CB2FF},
    {Tone::OnAccent, "onaccent", 0xFFFFFFFF, 0xFF10243D},
    {Tone::Selection, "selection", 0xFFECF3FD, 0xFF28364A},
    {Tone::Ok, "ok", 0xFF1A7F37, 0xFF4AC26B},
    {Tone::Warn, "warn", 0xFF8A5A00, 0xFFE3B341},
    {Tone::Bad, "bad", 0xFFB42318, 0xFFFF7B72},
    {Tone::Running, "running", 0xFF0B62C4, 0xFF6CB2FF},
    {Tone::OkTint, "oktint", 0xFFE9F5EC, 0xFF1D2F24},
    {Tone::WarnTint, "warntint", 0xFFF8F1E3, 0xFF33291A},
    {Tone::BadTint, "badtint", 0xFFFBEAE8, 0xFF3A2322},
}};

} // namespace

QColor toneColor(Tone tone, bool dark)
{
    const ToneRow &row = tones[size_t(tone)];
    return QColor::fromRgb(dark ? row.dark : row.light);
}

QString tip(const QString &plain)
{
    return plain.isEmpty() ? QString() : u"<span>"_s + plain.toHtmlEscaped().replace(u'\n', u"<br>"_s) + u"</span>"_s;
}

Theme &Theme::instance()
{
    static Theme theme;
    return theme;
}

Theme::Theme()
{
    // Before anything was set, the palette is the system's.
    m_systemDark = QApplication::palette().color(QPalette::Window).lightness() < 128;
    qApp->installEventFilter(this);
}

void Theme::setMode(Mode mode)
{
    m_mode = mode;
    update();
}

bool Theme::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == qApp && event->type() == QEvent::ApplicationPaletteChange && !m_updating) {
        // Not ours: the system has another one now.
        m_systemDark = QApplication::palette().color(QPalette::Window).lightness() < 128;
        if (m_mode == Mode::System)
            update();
    }
    return QObject::eventFilter(watched, event);
}

void Theme::update()
{
    m_updating = true;
    m_dark = m_mode == Mode::Dark || (m_mode == Mode::System && m_systemDark);
    QPalette palette;
    const auto set = [&](QPalette::ColorRole role, Tone tone) {
        palette.setColor(role, color(tone));
        palette.setColor(QPalette::Disabled, role, color(tone));
    };
    set(QPalette::Window, Tone::Surface);
    set(QPalette::WindowText, Tone::Text);
    set(QPalette::Base, Tone::Surface);
    set(QPalette::AlternateBase, Tone::Raised);
    set(QPalette::Text, Tone::Text);
    set(QPalette::Button, Tone::Raised);
    set(QPalette::ButtonText, Tone::Text);
    set(QPalette::ToolTipBase, Tone::Raised);
    set(QPalette::ToolTipText, Tone::Text);
    set(QPalette::PlaceholderText, Tone::Muted);
    set(QPalette::Highlight, Tone::Selection);
    set(QPalette::HighlightedText, Tone::Text);
    set(QPalette::Link, Tone::Accent);
    set(QPalette::LinkVisited, Tone::Accent);
    set(QPalette::BrightText, Tone::Bad);
    for (const QPalette::ColorRole role : {QPalette::Light, QPalette::Midlight, QPalette::Mid, QPalette::Dark, QPalette::Shadow})
        palette.setColor(role, color(Tone::Border));
    palette.setColor(QPalette::Light, color(Tone::Surface));
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, color(Tone::Muted));
    QApplication::setPalette(palette);
    qApp->setStyleSheet(fill(QStringLiteral(
        "QToolTip { color: %text%; background: %raised%; border: 1px solid %border%; padding: 4px; }"
        "QPushButton { background: %surface%; border: 1px solid %border%; border-radius: 4px; padding: 5px 12px; }"
        "QPushButton:hover { border-color: %accent%; }"
        "QPushButton:focus { border: 1px solid %accent%; }"
        "QPushButton:pressed, QPushButton:checked { background: %selection%; border-color: %accent%; }"
        "QPushButton:disabled { color: %muted%; background: %raised%; }"
        "QPushButton[primary=\"true\"] { background: %accent%; color: %onaccent%; border-color: %accent%; }"
        "QPushButton[primary=\"true\"]:disabled { background: %raised%; color: %muted%; border-color: %border%; }"
        "QPushButton[flat=\"true\"] { border: 1px solid transparent; color: %accent%; padding: 3px 6px; background: transparent; }"
        "QPushButton[flat=\"true\"]:hover, QPushButton[flat=\"true\"]:focus { border-color: %border%; }"
        "QPushButton::menu-indicator { subcontrol-position: right center; subcontrol-origin: padding; right: 5px; }"
        "QLineEdit, QPlainTextEdit, QTextEdit, QTextBrowser, QSpinBox, QDoubleSpinBox, QComboBox"
        " { background: %surface%; color: %text%; border: 1px solid %border%; border-radius: 4px; padding: 4px 6px; selection-background-color: %accent%;"
        " selection-color: %onaccent%; }"
        "QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus { border-color: %accent%; }"
        "QLineEdit[state=\"invalid\"], QPlainTextEdit[state=\"invalid\"] { border-color: %bad%; }"
        "QLineEdit[state=\"valid\"] { border-color: %ok%; }"
        "QComboBox::drop-down { border: none; width: 18px; }"
        "QComboBox::down-arrow { image: url(:/icons/down%scheme%.svg); width: 10px; height: 10px; }"
        "QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; border: none; }"
        "QComboBox QAbstractItemView { background: %surface%; color: %text%; border: 1px solid %border%; selection-background-color: %selection%;"
        " selection-color: %text%; }"
        "QTabWidget::pane { border: none; border-top: 1px solid %border%; }"
        "QTabBar { background: transparent; qproperty-drawBase: 0; }"
        "QTabBar::tab { padding: 6px 10px; color: %muted%; border: none; border-bottom: 2px solid transparent; background: transparent; }"
        "QTabBar::tab:selected { color: %accent%; border-bottom-color: %accent%; }"
        "QTabBar::tab:hover, QTabBar::tab:focus { color: %text%; }"
        "QHeaderView { background: %raised%; border: none; }"
        "QHeaderView::section { background: %raised%; color: %muted%; border: none; padding: 5px 8px; font-weight: 600; }"
        "QTableView, QTreeView, QListView { background: %surface%; border: none; gridline-color: %border%; selection-background-color: %selection%;"
        " selection-color: %text%; outline: none; }"
        "QSplitter::handle { background: %border%; } QSplitter::handle:horizontal { width: 1px; } QSplitter::handle:vertical { height: 1px; }"
        "QMenu { background: %surface%; color: %text%; border: 1px solid %border%; } QMenu::item { padding: 5px 24px; }"
        "QMenu::item:selected { background: %selection%; } QMenu::item:disabled { color: %muted%; } QMenu::separator { height: 1px; background: %border%; margin: 4px 8px; }"
        "QMenuBar { background: %surface%; } QMenuBar::item { padding: 4px 8px; background: transparent; } QMenuBar::item:selected { background: %selection%; }"
        "QScrollBar:vertical { background: transparent; width: 11px; margin: 0; } QScrollBar:horizontal { background: transparent; height: 11px; margin: 0; }"
        "QScrollBar::handle { background: %border%; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 2px; } QScrollBar::handle:hover { background: %muted%; }"
        "QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; } QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
        "QProgressBar { border: 1px solid %border%; border-radius: 3px; background: %raised%; text-align: center; } QProgressBar::chunk { background: %accent%; }"
        "QLabel[tone=\"muted\"] { color: %muted%; } QLabel[tone=\"bad\"] { color: %bad%; } QLabel[tone=\"ok\"] { color: %ok%; } QLabel[tone=\"warn\"] { color: %warn%; }"
        "QLabel[tone=\"accent\"] { color: %accent%; }"
        "QFrame[card=\"true\"] { background: %raised%; border: none; border-radius: 6px; }")));
    m_updating = false;
    Q_EMIT changed();
}

QString Theme::fill(QString sheet) const
{
    for (const ToneRow &row : tones)
        sheet.replace(u'%' + QLatin1StringView(row.name) + u'%', color(row.tone).name());
    return sheet.replace("%scheme%"_L1, m_dark ? "-dark"_L1 : ""_L1);
}

QFont Theme::monospace(const QFont &base)
{
    QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    font.setPointSizeF(base.pointSizeF() * 0.95);
    return font;
}

QFont Theme::scaled(const QFont &base, double factor, bool bold)
{
    QFont font = base;
    font.setPointSizeF(base.pointSizeF() * factor);
    if (bold)
        font.setWeight(QFont::DemiBold);
    return font;
}

} // namespace pdlb::gui
