// SPDX-License-Identifier: Apache-2.0
#include "widgets/compare_dialog.h"

#include "models/trace_text.h"
#include "theme/theme.h"
#include "widgets/body_view.h"
#include "widgets/timing_view.h"
#include "widgets/trace_html.h"

#include <QLabel>
#include <QSet>
#include <QSplitter>
#include <QTabWidget>
#include <QTextBlock>
#include <QTextBrowser>
#include <QVBoxLayout>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

/// Marks the lines that the other one does not have.
void markOwnLines(BodyView &view, const BodyView &other)
{
    const QStringList theirs = other.toPlainText().split(u'\n');
    const QSet<QString> known(theirs.begin(), theirs.end());
    QList<QTextEdit::ExtraSelection> marks;
    for (QTextBlock block = view.document()->begin(); block.isValid() && marks.size() < 2000; block = block.next()) {
        if (known.contains(block.text()))
            continue;
        QTextEdit::ExtraSelection mark;
        mark.cursor = QTextCursor(block);
        mark.format.setBackground(color(Tone::WarnTint));
        mark.format.setProperty(QTextFormat::FullWidthSelection, true);
        marks += mark;
    }
    view.setExtraSelections(marks);
}

QWidget *bodies(const trace::KeptBody *a, const trace::KeptBody *b, QWidget *parent)
{
    auto *splitter = new QSplitter(parent);
    BodyView *views[2];
    for (const int i : {0, 1}) {
        const trace::KeptBody *body = i == 0 ? a : b;
        views[i] = new BodyView(splitter);
        if (body)
            views[i]->setBody(body->bytes);
        else
            views[i]->setLines(CompareDialog::tr("The body was not kept."));
        splitter->addWidget(views[i]);
    }
    markOwnLines(*views[0], *views[1]);
    markOwnLines(*views[1], *views[0]);
    return splitter;
}

} // namespace

CompareDialog::CompareDialog(const trace::TimelinePtr &a, const QString &nameA, const trace::TimelinePtr &b, const QString &nameB, QWidget *parent)
    : QDialog(parent)
{
    setObjectName(u"compareDialog"_s);
    setWindowTitle(tr("%1 and %2").arg(nameA, nameB));
    resize(1000, 680);
    auto *layout = new QVBoxLayout(this);
    for (const auto &[timeline, name] : {std::pair(a, nameA), {b, nameB}}) {
        auto *label = new QLabel(tr("%1: %2, %3").arg(name, TraceText::stateInWords(*timeline), TraceText::pair(*timeline)), this);
        label->setFont(Theme::scaled(font(), 1.05, true));
        label->setTextFormat(Qt::PlainText);
        auto *timing = new TimingView(this);
        timing->setTimeline(timeline);
        layout->addWidget(label);
        layout->addWidget(timing);
    }
    auto *tabs = new QTabWidget(this);
    tabs->setDocumentMode(true);
    auto *figures = new QTextBrowser(tabs);
    figures->setObjectName(u"comparison"_s);
    figures->setHtml(TraceHtml::comparison(*a, nameA, *b, nameB));
    tabs->addTab(figures, tr("Figures"));
    tabs->addTab(bodies(a->bodies ? &a->bodies->request : nullptr, b->bodies ? &b->bodies->request : nullptr, tabs), tr("Requests"));
    tabs->addTab(bodies(a->bodies ? &a->bodies->answer : nullptr, b->bodies ? &b->bodies->answer : nullptr, tabs), tr("Answers"));
    layout->addWidget(tabs, 1);
}

} // namespace pdlb::gui
