// SPDX-License-Identifier: Apache-2.0
#include "widgets/filter_edit.h"

#include "theme/icons.h"
#include "theme/theme.h"

#include <QAbstractItemView>
#include <QAction>
#include <QCompleter>
#include <QKeyEvent>
#include <QStandardItemModel>
#include <QStyle>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

FilterEdit::FilterEdit(QWidget *parent)
    : QLineEdit(parent), m_completer(new QCompleter(this)), m_offers(new QStandardItemModel(0, 1, this)), m_mark(new QAction(this))
{
    setObjectName(u"filterEdit"_s);
    setAccessibleName(tr("Filter"));
    setPlaceholderText(tr("Filter: status:5xx  ttft>500ms  pair:p1/*  is:running"));
    setClearButtonEnabled(true);
    m_mark->setEnabled(false);
    addAction(m_mark, TrailingPosition);
    m_completer->setModel(m_offers);
    m_completer->setWidget(this);
    m_completer->setCompletionMode(QCompleter::UnfilteredPopupCompletion);
    m_completer->popup()->setAccessibleName(tr("What may stand here"));
    connect(m_completer, qOverload<const QModelIndex &>(&QCompleter::activated), this, [this](const QModelIndex &index) {
        insert(index.data(Qt::UserRole).toString());
    });
    connect(this, &QLineEdit::textEdited, this, &FilterEdit::offer);
    connect(this, &QLineEdit::textChanged, this, &FilterEdit::parse);
    connect(&Theme::instance(), &Theme::changed, this, [this] { setState(m_state, m_problem); });
    setState(State::Empty);
}

void FilterEdit::setFilterText(const QString &text)
{
    setText(text);
}

void FilterEdit::addTerm(const QString &term)
{
    const QString before = text().trimmed();
    const bool needsGroup = before.contains(" or "_L1);
    setText(before.isEmpty() ? term : needsGroup ? u"(%1) %2"_s.arg(before, term) : before + u' ' + term);
}

void FilterEdit::parse()
{
    auto parsed = trace::Filter::parse(text());
    if (!parsed) {
        setState(State::Invalid, tr("Column %1: %2").arg(parsed.error().column + 1).arg(parsed.error().message));
        return;
    }
    m_filter = std::move(*parsed);
    setState(m_filter.isEmpty() ? State::Empty : State::Busy);
    Q_EMIT filterChanged(m_filter);
}

void FilterEdit::setMatches(qint64 matches)
{
    if (m_state == State::Busy || m_state == State::Valid || m_state == State::NoMatch)
        setState(matches > 0 ? State::Valid : State::NoMatch);
}

void FilterEdit::setState(State state, const QString &problem)
{
    const bool isOther = m_state != state || m_problem != problem;
    m_state = state;
    m_problem = problem;
    QString symbol;
    Tone tone = Tone::Muted;
    QString words;
    switch (state) {
    case State::Empty:
        symbol = u"⌕"_s;
        words = tr("No filter: all requests are shown");
        break;
    case State::Busy:
        symbol = u"⟳"_s;
        words = tr("Filtering");
        break;
    case State::Valid:
        symbol = u"✔"_s;
        tone = Tone::Ok;
        words = tr("The filter is applied");
        break;
    case State::NoMatch:
        symbol = u"∅"_s;
        tone = Tone::Warn;
        words = tr("The filter is applied; no request matches");
        break;
    case State::Invalid:
        symbol = u"✖"_s;
        tone = Tone::Bad;
        words = problem;
        break;
    }
    m_mark->setIcon(symbolIcon(symbol, color(tone)));
    m_mark->setToolTip(tip(words));
    setToolTip(tip(words));
    setAccessibleDescription(words);
    setProperty("state", state == State::Invalid ? u"invalid"_s : state == State::Valid ? u"valid"_s : QString());
    style()->unpolish(this);
    style()->polish(this);
    if (isOther)
        Q_EMIT stateChanged();
}

void FilterEdit::offer()
{
    m_completions = trace::completeFilter(text(), cursorPosition());
    m_offers->clear();
    for (const trace::FilterCompletion &completion : std::as_const(m_completions)) {
        auto *item = new QStandardItem(completion.help.isEmpty() ? completion.text : completion.text + u"    "_s + completion.help);
        item->setData(completion.text, Qt::UserRole);
        m_offers->appendRow(item);
    }
    const bool isWhole = m_completions.size() == 1
        && QStringView(text()).mid(m_completions.first().from, m_completions.first().length) == m_completions.first().text;
    if (m_completions.isEmpty() || isWhole) {
        m_completer->popup()->hide();
        return;
    }
    QRect where = cursorRect();
    where.setWidth(420);
    m_completer->complete(where);
}

void FilterEdit::insert(const QString &completion)
{
    for (const trace::FilterCompletion &offered : std::as_const(m_completions)) {
        if (offered.text != completion)
            continue;
        QString changed = text();
        changed.replace(offered.from, offered.length, completion);
        setText(changed);
        setCursorPosition(int(offered.from + completion.size()));
        return;
    }
}

/// Tab takes the first offer while there are offers.
bool FilterEdit::focusNextPrevChild(bool next)
{
    if (!next || !m_completer->popup()->isVisible() || m_completions.isEmpty())
        return QLineEdit::focusNextPrevChild(next);
    const QModelIndex current = m_completer->popup()->currentIndex();
    m_completer->popup()->hide();
    insert(current.isValid() ? current.data(Qt::UserRole).toString() : m_completions.first().text);
    return true;
}

void FilterEdit::keyPressEvent(QKeyEvent *event)
{
    const bool isOffering = m_completer->popup()->isVisible();
    if (isOffering && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)) {
        if (m_completer->popup()->currentIndex().isValid()) {
            event->ignore(); // the completer's
            return;
        }
        m_completer->popup()->hide();
    }
    if (event->key() == Qt::Key_Escape && !isOffering && !text().isEmpty()) {
        clear();
        return;
    }
    QLineEdit::keyPressEvent(event);
}

} // namespace pdlb::gui
