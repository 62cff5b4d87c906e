// SPDX-License-Identifier: Apache-2.0
#include "trace/filter_terms.h"

#include <cmath>
#include <string_view>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

using Node = Filter::Node;
using NodePtr = Filter::NodePtr;
using TermResult = Result<NodePtr, FilterError>;

tl::unexpected<FilterError> wrong(const QString &value, const QString &message)
{
    return tl::unexpected(FilterError{0, value.size(), message});
}

/// ASCII letters of any case are the same; other bytes must be equal.
char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c;
}

bool containsFolded(QByteArrayView text, QByteArrayView lower)
{
    for (qsizetype at = 0; at + lower.size() <= text.size(); ++at) {
        if (std::equal(lower.begin(), lower.end(), text.begin() + at, [](char a, char b) { return a == folded(b); }))
            return true;
    }
    return false;
}

/// `*` stands for anything. Linear but for the last star's way back.
bool matchesWildcard(QByteArrayView text, QByteArrayView pattern)
{
    qsizetype t = 0, p = 0, star = -1, mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && folded(text[t]) == pattern[p]) {
            ++t;
            ++p;
        } else if (star >= 0) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

/// How a text is looked for: contained, or as a whole.
struct Pattern {
    QByteArray lower;
    bool whole = false;

    bool matches(QByteArrayView text) const { return whole ? matchesWildcard(text, lower) : containsFolded(text, lower); }
};

QByteArray lowered(const QString &text)
{
    QByteArray utf8 = text.toUtf8();
    std::transform(utf8.begin(), utf8.end(), utf8.begin(), folded);
    return utf8;
}

class TextNode final : public Node
{
public:
    TextNode(bool (*read)(const Timeline &, const TextVisitor &), Pattern pattern, bool negated)
        : m_read(read), m_pattern(std::move(pattern)), m_negated(negated)
    {
    }
    bool matches(const Timeline &timeline, Monotonic) const override
    {
        return m_read(timeline, [this](QByteArrayView text) { return m_pattern.matches(text); }) != m_negated;
    }

private:
    bool (*m_read)(const Timeline &, const TextVisitor &);
    Pattern m_pattern;
    bool m_negated;
};

/// A text without a key.
class SearchNode final : public Node
{
public:
    explicit SearchNode(QByteArray lower) : m_lower(std::move(lower)) {}
    bool matches(const Timeline &timeline, Monotonic) const override
    {
        if (!timeline.searchText.isEmpty())
            return std::string_view(timeline.searchText.data(), size_t(timeline.searchText.size())).find(std::string_view(m_lower.data(), size_t(m_lower.size()))) != std::string_view::npos;
        return containsText(timeline, [this](QByteArrayView text) { return containsFolded(text, m_lower); });
    }

private:
    QByteArray m_lower;
};

class FlagNode final : public Node
{
public:
    explicit FlagNode(bool (*test)(const Timeline &)) : m_test(test) {}
    bool matches(const Timeline &timeline, Monotonic) const override { return m_test(timeline); }

private:
    bool (*m_test)(const Timeline &);
};

class PairNode final : public Node
{
public:
    PairNode(Pattern prefill, Pattern decode) : m_prefill(std::move(prefill)), m_decode(std::move(decode)) {}
    bool matches(const Timeline &timeline, Monotonic) const override
    {
        const LegTimeline *prefill = timeline.leg(true);
        const LegTimeline *decode = timeline.leg(false);
        return prefill && decode && m_prefill.matches(prefill->server) && m_decode.matches(decode->server);
    }

private:
    Pattern m_prefill;
    Pattern m_decode;
};

/// A number within [low, high]; a record without it never matches.
class RangeNode final : public Node
{
public:
    RangeNode(std::optional<double> (*read)(const Timeline &, Monotonic), double low, double high, bool negated)
        : m_read(read), m_low(low), m_high(high), m_negated(negated)
    {
    }
    bool matches(const Timeline &timeline, Monotonic now) const override
    {
        const std::optional<double> value = m_read(timeline, now);
        return value && (*value >= m_low && *value <= m_high) != m_negated;
    }

private:
    std::optional<double> (*m_read)(const Timeline &, Monotonic);
    double m_low;
    double m_high;
    bool m_negated;
};

constexpr double infinite = std::numeric_limits<double>::infinity();

struct Unit {
    QLatin1StringView name;
    double factor;
};

constexpr Unit timeUnits[] = {{"ns"_L1, 1}, {"us"_L1, 1e3}, {"ms"_L1, 1e6}, {"s"_L1, 1e9}, {"m"_L1, 60e9}, {""_L1, 1e6}};
constexpr Unit byteUnits[] = {{"b"_L1, 1}, {"k"_L1, 1024}, {"kb"_L1, 1024}, {"kib"_L1, 1024}, {"m"_L1, 1048576}, {"mb"_L1, 1048576},
                              {"mib"_L1, 1048576}, {"g"_L1, 1073741824}, {"gb"_L1, 1073741824}, {"gib"_L1, 1073741824}, {""_L1, 1}};
constexpr Unit noUnits[] = {{""_L1, 1}};

std::span<const Unit> unitsOf(FieldKind kind)
{
    return kind == FieldKind::Duration ? std::span<const Unit>(timeUnits) : kind == FieldKind::Bytes ? std::span<const Unit>(byteUnits) : std::span<const Unit>(noUnits);
}

std::optional<double> readNumber(QStringView text, FieldKind kind)
{
    qsizetype digits = 0;
    while (digits < text.size() && ((text[digits] >= u'0' && text[digits] <= u'9') || text[digits] == u'.'))
        ++digits;
    bool good = false;
    const double number = text.first(digits).toDouble(&good);
    if (!good || digits == 0)
        return {};
    for (const Unit &unit : unitsOf(kind)) {
        if (text.sliced(digits).compare(unit.name, Qt::CaseInsensitive) == 0)
            return number * unit.factor;
    }
    return {};
}

TermResult rangeTerm(const Field &field, Compare compare, double low, double high)
{
    switch (compare) {
    case Compare::Less: return std::make_shared<RangeNode>(field.number, -infinite, std::nextafter(low, -infinite), false);
    case Compare::LessEqual: return std::make_shared<RangeNode>(field.number, -infinite, high, false);
    case Compare::Greater: return std::make_shared<RangeNode>(field.number, std::nextafter(high, infinite), infinite, false);
    case Compare::GreaterEqual: return std::make_shared<RangeNode>(field.number, low, infinite, false);
    case Compare::NotEqual: return std::make_shared<RangeNode>(field.number, low, high, true);
    default: break;
    }
    return std::make_shared<RangeNode>(field.number, low, high, false);
}

TermResult numberTerm(const Field &field, Compare compare, const QString &value)
{
    const auto number = [&](QStringView text) { return readNumber(text, field.kind); };
    if (const qsizetype dots = value.indexOf(".."_L1); dots > 0) {
        const auto low = number(QStringView(value).first(dots));
        const auto high = number(QStringView(value).sliced(dots + 2));
        if (low && high && *low <= *high)
            return rangeTerm(field, compare, *low, *high);
        return wrong(value, u"expected a range like 400..499, the smaller number first"_s);
    }
    if (const auto exact = number(value))
        return rangeTerm(field, compare, *exact, *exact);
    switch (field.kind) {
    case FieldKind::Duration: return wrong(value, u"expected a duration like 500ms, 1.5s or 20us (a number alone is milliseconds)"_s);
    case FieldKind::Bytes: return wrong(value, u"expected a size like 4096, 10k or 2M"_s);
    default: return wrong(value, u"expected a number or a range like 1..10"_s);
    }
}

TermResult statusTerm(const Field &field, Compare compare, const QString &value)
{
    if (value.size() == 3 && value[0] >= u'1' && value[0] <= u'5' && value.sliced(1).compare("xx"_L1, Qt::CaseInsensitive) == 0) {
        const double hundreds = (value[0].unicode() - u'0') * 100;
        return rangeTerm(field, compare, hundreds, hundreds + 99);
    }
    auto term = numberTerm(field, compare, value);
    return term || value.contains(".."_L1) ? term : wrong(value, u"expected a status like 200, 5xx or 400..499"_s);
}

TermResult flagTerm(const QString &value)
{
    QStringList known;
    for (const FlagWord &flag : flagWords()) {
        if (value.compare(QLatin1StringView(flag.word), Qt::CaseInsensitive) == 0)
            return std::make_shared<FlagNode>(flag.test);
        known += QString::fromLatin1(flag.word);
    }
    return wrong(value, u"\"is\" knows %1"_s.arg(known.join(u", "_s)));
}

TermResult pairTerm(const QString &value)
{
    const qsizetype slash = value.indexOf(u'/');
    if (slash < 1 || slash + 1 == value.size())
        return wrong(value, u"expected PREFILL/DECODE, either may be *, like p1/d2 or p1/*"_s);
    return std::make_shared<PairNode>(Pattern{lowered(value.first(slash)), true}, Pattern{lowered(value.sliced(slash + 1)), true});
}

} // namespace

TermResult makeTerm(const Field &field, Compare compare, const QString &value)
{
    const bool negated = compare == Compare::NotEqual;
    const bool isNumber = field.kind == FieldKind::Status || field.kind == FieldKind::Number || field.kind == FieldKind::Duration
        || field.kind == FieldKind::Bytes;
    if (!isNumber && compare != Compare::Is && compare != Compare::Equal && !negated)
        return wrong(value, u"%1 has no order; use %1:VALUE"_s.arg(QLatin1StringView(field.key)));
    if (value.isEmpty())
        return wrong(value, u"a value is missing behind %1"_s.arg(QLatin1StringView(field.key)));
    switch (field.kind) {
    case FieldKind::Text:
        return std::make_shared<TextNode>(field.text, Pattern{lowered(value), value.contains(u'*') || compare != Compare::Is}, negated);
    case FieldKind::Word: return std::make_shared<TextNode>(field.text, Pattern{lowered(value), true}, negated);
    case FieldKind::Status: return statusTerm(field, compare, value);
    case FieldKind::Flag: return negated ? TermResult(wrong(value, u"use -is:%1"_s.arg(value))) : flagTerm(value);
    case FieldKind::Pair: return negated ? TermResult(wrong(value, u"use -pair:%1"_s.arg(value))) : pairTerm(value);
    default: return numberTerm(field, compare, value);
    }
}

NodePtr makeTextTerm(const QString &text)
{
    return std::make_shared<SearchNode>(lowered(text));
}

} // namespace pdlb::trace
