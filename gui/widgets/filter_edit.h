// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/filter.h"

#include <QLineEdit>

class QAction;
class QCompleter;
class QStandardItemModel;

namespace pdlb::gui {

/// Where a filter is typed (docs/filter.md): offers what may stand at the cursor, tells what is wrong while it is typed.
class FilterEdit final : public QLineEdit
{
    Q_OBJECT

public:
    enum class State { Empty, Busy, Valid, NoMatch, Invalid };

    explicit FilterEdit(QWidget *parent = nullptr);

    State state() const { return m_state; }
    /// What is wrong, with its column; empty when nothing is.
    const QString &problem() const { return m_problem; }
    const trace::Filter &filter() const { return m_filter; }
    /// Text and filter, as if typed.
    void setFilterText(const QString &text);
    /// Joined with what is there.
    void addTerm(const QString &term);
    /// Whoever applies the filter tells how it went.
    void setMatches(qint64 matches);

Q_SIGNALS:
    /// A filter that can be used.
    void filterChanged(const pdlb::trace::Filter &filter);
    void stateChanged();

protected:
    void keyPressEvent(QKeyEvent *event) override;
    bool focusNextPrevChild(bool next) override;

private:
    void parse();
    void offer();
    void insert(const QString &completion);
    void setState(State state, const QString &problem = {});

    trace::Filter m_filter;
    QCompleter *m_completer;
    QStandardItemModel *m_offers;
    QAction *m_mark;
    QList<trace::FilterCompletion> m_completions;
    State m_state = State::Empty;
    QString m_problem;
};

} // namespace pdlb::gui
