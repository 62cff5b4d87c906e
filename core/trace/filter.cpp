// SPDX-License-Identifier: Apache-2.0
#include "trace/filter.h"

#include "trace/filter_terms.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

using Node = Filter::Node;
using NodePtr = Filter::NodePtr;
using NodeResult = Result<NodePtr, FilterError>;

constexpr int maxDepth = 64;
constexpr qsizetype maxText = 64 * 1024;

class NotNode final : public Node
{
public:
    explicit NotNode(NodePtr inner) : m_inner(std::move(inner)) {}
    bool matches(const Timeline &timeline, Monotonic now) const override { return !m_inner->matches(timeline, now); }

private:
    NodePtr m_inner;
};

class AllNode final : public Node
{
public:
    explicit AllNode(std::vector<NodePtr> parts) : m_parts(std::move(parts)) {}
    bool matches(const Timeline &timeline, Monotonic now) const override
    {
        return std::all_of(m_parts.begin(), m_parts.end(), [&](const NodePtr &part) { return part->matches(timeline, now); });
    }

private:
    std::vector<NodePtr> m_parts;
};

class AnyNode final : public Node
{
public:
    explicit AnyNode(std::vector<NodePtr> parts) : m_parts(std::move(parts)) {}
    bool matches(const Timeline &timeline, Monotonic now) const override
    {
        return std::any_of(m_parts.begin(), m_parts.end(), [&](const NodePtr &part) { return part->matches(timeline, now); });
    }

private:
    std::vector<NodePtr> m_parts;
};

template <typename Joined> NodePtr joined(std::vector<NodePtr> parts)
{
    return parts.size() == 1 ? parts.front() : std::make_shared<Joined>(std::move(parts));
}

struct Value {
    QString text;
    qsizetype column = 0;
    qsizetype length = 0;
    bool quoted = false;
};

class Parser
{
public:
    explicit Parser(const QString &text) : m_text(text) {}

    Result<NodePtr, FilterError> parse()
    {
        if (m_text.size() > maxText)
            return error(maxText, 0, u"the filter is longer than %1 characters"_s.arg(maxText));
        skipSpace();
        if (atEnd())
            return NodePtr();
        auto node = anyOf(0);
        if (node && !atEnd())
            return error(m_at, 1, u"there is no ( that this ) closes"_s);
        return node;
    }

private:
    tl::unexpected<FilterError> error(qsizetype column, qsizetype length, const QString &message) const
    {
        return tl::unexpected(FilterError{column, length, message});
    }
    bool atEnd() const { return m_at >= m_text.size(); }
    bool isAt(QChar c) const { return !atEnd() && m_text[m_at] == c; }
    void skipSpace()
    {
        while (!atEnd() && m_text[m_at].isSpace())
            ++m_at;
    }
    /// Consumes that word when it stands there alone.
    bool takeWord(QLatin1StringView word)
    {
        const QStringView rest = QStringView(m_text).sliced(m_at);
        if (!rest.startsWith(word, Qt::CaseInsensitive))
            return false;
        const QStringView behind = rest.sliced(word.size());
        if (!behind.isEmpty() && !behind.front().isSpace() && behind.front() != u'(' && behind.front() != u')')
            return false;
        m_at += word.size();
        skipSpace();
        return true;
    }

    NodeResult anyOf(int depth)
    {
        std::vector<NodePtr> parts;
        do {
            auto part = allOf(depth);
            if (!part)
                return part;
            parts.push_back(std::move(*part));
        } while (takeWord("or"_L1));
        return joined<AnyNode>(std::move(parts));
    }

    NodeResult allOf(int depth)
    {
        std::vector<NodePtr> parts;
        for (;;) {
            auto part = one(depth);
            if (!part)
                return part;
            parts.push_back(std::move(*part));
            const qsizetype before = m_at;
            if (takeWord("and"_L1))
                continue;
            if (atEnd() || isAt(u')') || takeWord("or"_L1)) {
                m_at = before;
                return joined<AllNode>(std::move(parts));
            }
        }
    }

    NodeResult one(int depth)
    {
        if (depth > maxDepth)
            return error(m_at, 1, u"nested deeper than %1 levels"_s.arg(maxDepth));
        const bool dash = isAt(u'-') && m_at + 1 < m_text.size() && !m_text[m_at + 1].isSpace();
        if (dash)
            ++m_at;
        if (dash || takeWord("not"_L1)) {
            auto inner = one(depth + 1);
            return inner ? NodeResult(std::make_shared<NotNode>(std::move(*inner))) : inner;
        }
        if (isAt(u'('))
            return group(depth);
        return term();
    }

    NodeResult group(int depth)
    {
        const qsizetype open = m_at++;
        skipSpace();
        auto inner = anyOf(depth + 1);
        if (!inner)
            return inner;
        if (!isAt(u')'))
            return error(open, 1, u"this ( is not closed"_s);
        ++m_at;
        skipSpace();
        return inner;
    }

    NodeResult term()
    {
        const qsizetype begin = m_at;
        if (atEnd())
            return error(begin, 0, u"a condition is missing here"_s);
        for (const auto word : {"or"_L1, "and"_L1}) {
            if (takeWord(word))
                return error(begin, word.size(), u"a condition is missing before \"%1\""_s.arg(word));
        }
        if (isAt(u')'))
            return error(begin, 1, u"a condition is missing before )"_s);
        if (isAt(u'"')) {
            auto text = value();
            if (!text)
                return tl::unexpected(text.error());
            skipSpace();
            return makeTextTerm(text->text);
        }
        while (!atEnd() && (m_text[m_at].isLetterOrNumber() || m_text[m_at] == u'.' || m_text[m_at] == u'-' || m_text[m_at] == u'_'))
            ++m_at;
        const QString key = m_text.mid(begin, m_at - begin);
        const auto compare = comparison();
        if (!compare || key.isEmpty())
            return bareWord(begin);
        const Field *field = findField(key);
        if (!field)
            return error(begin, key.size(), unknownKey(key));
        return values(*field, *compare);
    }

    std::optional<Compare> comparison()
    {
        static constexpr std::pair<QLatin1StringView, Compare> operators[] = {
            {"<="_L1, Compare::LessEqual}, {">="_L1, Compare::GreaterEqual}, {"!="_L1, Compare::NotEqual}, {"<"_L1, Compare::Less},
            {">"_L1, Compare::Greater}, {"="_L1, Compare::Equal}, {":"_L1, Compare::Is}};
        const auto take = [this](bool afterColon) -> std::optional<Compare> {
            for (const auto &[text, compare] : operators) {
                if (QStringView(m_text).sliced(m_at).startsWith(text) && !(afterColon && compare == Compare::Is)) {
                    m_at += text.size();
                    return compare;
                }
            }
            return {};
        };
        const auto first = take(false);
        if (first == Compare::Is) // "status:>=500"
            return take(true).value_or(Compare::Is);
        return first;
    }

    NodeResult values(const Field &field, Compare compare)
    {
        std::vector<NodePtr> parts;
        for (;;) {
            const auto given = value();
            if (!given)
                return tl::unexpected(given.error());
            auto part = makeTerm(field, compare, given->text);
            if (!part)
                return error(given->column, given->length, part.error().message);
            parts.push_back(std::move(*part));
            if (!isAt(u','))
                break;
            ++m_at;
        }
        skipSpace();
        // "status!=200,204": neither of them.
        return compare == Compare::NotEqual ? joined<AllNode>(std::move(parts)) : joined<AnyNode>(std::move(parts));
    }

    NodeResult bareWord(qsizetype begin)
    {
        m_at = begin;
        while (!atEnd() && !m_text[m_at].isSpace() && m_text[m_at] != u'(' && m_text[m_at] != u')')
            ++m_at;
        if (m_at == begin)
            return error(begin, 1, u"a condition is missing before %1"_s.arg(m_text[begin]));
        const QString word = m_text.mid(begin, m_at - begin);
        skipSpace();
        return makeTextTerm(word);
    }

    Result<Value, FilterError> value()
    {
        Value value{.column = m_at};
        if (!isAt(u'"')) {
            while (!atEnd() && !m_text[m_at].isSpace() && m_text[m_at] != u')' && m_text[m_at] != u',')
                ++m_at;
            value.text = m_text.mid(value.column, m_at - value.column);
        } else {
            value.quoted = true;
            for (++m_at; !isAt(u'"'); ++m_at) {
                if (isAt(u'\\') && m_at + 1 < m_text.size())
                    ++m_at;
                if (atEnd())
                    return error(value.column, m_text.size() - value.column, u"the closing quote is missing"_s);
                value.text += m_text[m_at];
            }
            ++m_at;
        }
        value.length = m_at - value.column;
        return value;
    }

    static QString unknownKey(const QString &key)
    {
        QStringList known;
        for (const Field &field : filterFields())
            known += QString::fromLatin1(field.key);
        return u"\"%1\" is no key; known are %2. Put it in quotes to look for the text"_s.arg(key.left(40), known.join(u", "_s));
    }

    const QString &m_text;
    qsizetype m_at = 0;
};

/// Where the word that the cursor stands in or behind begins.
qsizetype wordStart(const QString &text, qsizetype cursor)
{
    qsizetype at = cursor;
    while (at > 0 && !text[at - 1].isSpace() && text[at - 1] != u'(')
        --at;
    if (at < cursor && text[at] == u'-')
        ++at;
    return at;
}

} // namespace

Result<Filter, FilterError> Filter::parse(const QString &text)
{
    auto root = Parser(text).parse();
    if (!root)
        return tl::unexpected(root.error());
    return Filter(std::move(*root));
}

QList<FilterCompletion> completeFilter(const QString &text, qsizetype cursor)
{
    constexpr qsizetype most = 50;
    QList<FilterCompletion> found;
    cursor = std::clamp<qsizetype>(cursor, 0, text.size());
    const qsizetype begin = wordStart(text, cursor);
    const QString word = text.mid(begin, cursor - begin);
    const qsizetype colon = word.indexOf(u':');
    if (colon < 0) {
        for (const Field &field : filterFields()) {
            const QLatin1StringView key(field.key);
            const bool ordered = field.kind == FieldKind::Duration || field.kind == FieldKind::Bytes || field.kind == FieldKind::Number;
            if (key.startsWith(word, Qt::CaseInsensitive))
                found += {key + (ordered ? u">"_s : u":"_s), QString::fromUtf8(field.help), begin, word.size()};
        }
        for (const auto &[name, help] : {std::pair{"or"_L1, u"either side holds"_s}, {"not"_L1, u"does not hold"_s}}) {
            if (!word.isEmpty() && name.startsWith(word, Qt::CaseInsensitive))
                found += {QString(name) + u' ', help, begin, word.size()};
        }
        return found.first(std::min(found.size(), most));
    }
    const Field *field = findField(QStringView(word).first(colon));
    if (!field)
        return found;
    const qsizetype from = word.lastIndexOf(u',') > colon ? word.lastIndexOf(u',') + 1 : colon + 1;
    const QStringView typed = QStringView(word).sliced(from);
    const auto offer = [&](QLatin1StringView value, const QString &help) {
        if (value.startsWith(typed, Qt::CaseInsensitive) && found.size() < most)
            found += {QString(value), help, begin + from, typed.size()};
    };
    if (field->kind == FieldKind::Flag) {
        for (const FlagWord &flag : flagWords())
            offer(QLatin1StringView(flag.word), QString::fromUtf8(flag.help));
    }
    for (const char *value : field->values)
        offer(QLatin1StringView(value), {});
    return found;
}

} // namespace pdlb::trace
