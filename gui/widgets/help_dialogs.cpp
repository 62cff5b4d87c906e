// SPDX-License-Identifier: Apache-2.0
#include "widgets/help_dialogs.h"

#include "delegates/waterfall.h"
#include "theme/theme.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QIcon>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QScreen>
#include <QStyle>
#include <QApplication>
#include <QSysInfo>
#include <QTextBrowser>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

QPixmap sample(BarKind kind, qreal ratio)
{
    constexpr QSize size(56, 14);
    QPixmap pixmap(size * ratio);
    pixmap.setDevicePixelRatio(ratio);
    pixmap.fill(color(Tone::Surface));
    QPainter painter(&pixmap);
    paintSpan(painter, QRectF(QPointF(0, 0), QSizeF(size)), kind);
    return pixmap;
}

} // namespace

KeysDialog::KeysDialog(const QList<QPair<QString, QList<QAction *>>> &groups, QWidget *parent) : QDialog(parent)
{
    setObjectName(u"keysDialog"_s);
    setWindowTitle(tr("Keys and signs"));
    resize(760, 560);
    auto *layout = new QVBoxLayout(this);
    auto *legend = new QHBoxLayout;
    for (const auto &[kind, name] : {std::pair(BarKind::Queue, tr("queue")), {BarKind::Connect, tr("connect, send")}, {BarKind::Prefill, tr("prefill")},
                                     {BarKind::Transfer, tr("KV transfer")}, {BarKind::DecodeWait, tr("decode wait")}, {BarKind::Stream, tr("streaming")}}) {
        auto *picture = new QLabel(this);
        picture->setPixmap(sample(kind, devicePixelRatioF()));
        picture->setAccessibleName(name);
        legend->addWidget(picture);
        legend->addWidget(new QLabel(name, this));
        legend->addSpacing(8);
    }
    legend->addStretch(1);
    layout->addLayout(legend);
    auto *text = new QTextBrowser(this);
    QString html = u"<table width=100%><tr valign=top>"_s;
    int column = 0;
    for (const auto &[title, actions] : groups) {
        html += u"<td><h4>%1</h4><table cellpadding=2>"_s.arg(title.toHtmlEscaped());
        for (const QAction *action : actions) {
            if (action->shortcut().isEmpty())
                continue;
            html += u"<tr><td><b>%1</b>&nbsp;&nbsp;</td><td>%2</td></tr>"_s.arg(action->shortcut().toString(QKeySequence::NativeText).toHtmlEscaped(),
                                                                                  action->text().remove(u'&').toHtmlEscaped());
        }
        html += u"</table></td>"_s;
        if (++column % 2 == 0)
            html += u"</tr><tr valign=top>"_s;
    }
    html += u"<td><h4>%1</h4><table cellpadding=2>"_s.arg(tr("In the table of requests").toHtmlEscaped());
    for (const auto &[keys, what] : {std::pair(u"J, K"_s, tr("next, previous request")), {u"+, −, 0"_s, tr("zoom the waterfall, fit it")},
                                     {u"A, D"_s, tr("move the waterfall")}, {tr("Ctrl+wheel"), tr("zoom where the pointer is")}})
        html += u"<tr><td><b>%1</b>&nbsp;&nbsp;</td><td>%2</td></tr>"_s.arg(keys.toHtmlEscaped(), what.toHtmlEscaped());
    html += u"</table><p>%1</p></td></tr></table>"_s.arg(tr("✔ done   ⟳ running   ✖ failed   ⊘ client gone   ⏸ queued").toHtmlEscaped());
    text->setHtml(html);
    text->setAccessibleName(tr("Keys"));
    layout->addWidget(text, 1);
}

QString AboutDialog::diagnostics(const QStringList &state)
{
    QStringList lines{u"pdlb-gui %1"_s.arg(QLatin1StringView(PDLB_VERSION)), u"Qt %1 (built with %2)"_s.arg(QLatin1StringView(qVersion()), QLatin1StringView(QT_VERSION_STR)),
                      u"%1, %2, kernel %3"_s.arg(QSysInfo::prettyProductName(), QSysInfo::currentCpuArchitecture(), QSysInfo::kernelVersion()),
                      u"platform %1, style %2, locale %3"_s.arg(QGuiApplication::platformName(), qApp->style()->name(), QLocale().name())};
    for (const QScreen *screen : QGuiApplication::screens())
        lines += u"screen %1×%2, ratio %3"_s.arg(screen->size().width()).arg(screen->size().height()).arg(screen->devicePixelRatio());
    return (lines + state).join(u'\n');
}

AboutDialog::AboutDialog(const QStringList &state, QWidget *parent) : QDialog(parent)
{
    setObjectName(u"aboutDialog"_s);
    setWindowTitle(tr("About pdlb"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(24, 24, 24, 16);
    auto *head = new QHBoxLayout;
    auto *picture = new QLabel(this);
    picture->setPixmap(QIcon(u":/icons/io.github.pdlb.Pdlb.svg"_s).pixmap(64, 64));
    auto *title = new QLabel(tr("pdlb %1").arg(QLatin1StringView(PDLB_VERSION)), this);
    title->setFont(Theme::scaled(font(), 1.6, true));
    head->addWidget(picture);
    head->addSpacing(12);
    head->addWidget(title, 1);
    layout->addLayout(head);
    auto *what = new QLabel(tr("Load balancer, request tracer and request tester for LLM engines with prefill/decode disaggregation. "
                               "Sources: Apache-2.0. This program: GPL-3.0, because of Qt HTTP Server and QCustomPlot, which it contains."), this);
    what->setWordWrap(true);
    layout->addWidget(what);
    auto *text = new QLabel(diagnostics(state), this);
    text->setProperty("tone", u"muted"_s);
    text->setTextFormat(Qt::PlainText);
    text->setWordWrap(true);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    layout->addWidget(text);
    auto *buttons = new QHBoxLayout;
    auto *copy = new QPushButton(tr("Copy diagnostics"), this);
    copy->setObjectName(u"copyDiagnostics"_s);
    auto *close = new QPushButton(tr("Close"), this);
    close->setDefault(true);
    buttons->addStretch(1);
    buttons->addWidget(copy);
    buttons->addWidget(close);
    layout->addLayout(buttons);
    connect(copy, &QPushButton::clicked, this, [text] { QGuiApplication::clipboard()->setText(text->text()); });
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
}

} // namespace pdlb::gui
