// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"
#include "util/result.h"

#include <QList>

#include <memory>

namespace pdlb::trace {

/// What is wrong with a filter's text and where, in UTF-16 units from its start.
struct FilterError {
    qsizetype column = 0;
    qsizetype length = 0; ///< 0: something is missing there
    QString message;
};

/// A condition on requests, as people type it: the same language in the CLI, the admin API and the desktop tool.
///
///     status:5xx ttft>500ms pair:p1/* -is:ok "text"
///
/// Terms stand side by side (all must hold), `or` and `and` and `not` (or -) and parentheses combine them; `or` binds
/// weakest. KEY:VALUE compares as the key's kind wants it, KEY:A,B holds for either; numbers know < <= > >= = != as well.
/// A word or "text in quotes" alone is looked for in names, ids, model, endpoint and error. Immutable, cheap to copy,
/// thread-safe.
class Filter
{
public:
    /// Matches everything.
    Filter() = default;
    /// Linear time; nesting is limited.
    static Result<Filter, FilterError> parse(const QString &text);

    /// `now`: what a running request's durations end at.
    bool matches(const Timeline &timeline, Monotonic now) const { return !m_root || m_root->matches(timeline, now); }
    bool isEmpty() const { return !m_root; }

    class Node
    {
    public:
        virtual ~Node() = default;
        virtual bool matches(const Timeline &timeline, Monotonic now) const = 0;
    };
    using NodePtr = std::shared_ptr<const Node>;

private:
    explicit Filter(NodePtr root) : m_root(std::move(root)) {}

    NodePtr m_root;
};

/// Names, ids, model, endpoint, error, … in lower case (ASCII), a line each: kept in records so that a search over very many
/// of them reads one piece of memory each.
QByteArray searchTextOf(const Timeline &timeline);

/// One thing that an editor may offer: `text` replaces `length` units from `from`.
struct FilterCompletion {
    QString text;
    QString help;
    qsizetype from = 0;
    qsizetype length = 0;
};

/// What may stand where the cursor is: keys, then the key's known values. Best first, at most 50.
QList<FilterCompletion> completeFilter(const QString &text, qsizetype cursor);

} // namespace pdlb::trace
