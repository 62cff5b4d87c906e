// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/json_scan.h"

#include <limits>
#include <optional>

namespace pdlb::pd::json {

/// One value in a text that scan() has accepted: a view, valid as long as the text. Nothing is checked again.
class Value
{
public:
    Value() = default;
    /// Exactly the value's bytes, or a whole text whose `value` is given by Document.
    explicit Value(QByteArrayView bytes) : m_bytes(bytes) {}

    bool exists() const { return !m_bytes.isEmpty(); }
    Type type() const { return exists() ? typeAt(m_bytes.front()) : Type::Absent; }
    bool is(Type type) const { return this->type() == type; }
    QByteArrayView bytes() const { return m_bytes; }
    /// Where the value stands in the text that holds it.
    Span spanIn(QByteArrayView text) const;

    /// The member of that name (the last one of several); absent when there is none or this is no object.
    Value member(QByteArrayView name) const;
    /// The first element; absent when there is none or this is no array.
    Value first() const;
    /// The bytes between the brackets of an array or an object, without white space around.
    QByteArrayView inside() const;
    /// A string's text: escapes resolved, lone surrogates as U+FFFD, at most `maxSize` bytes (whole characters).
    QByteArray string(qsizetype maxSize = std::numeric_limits<qsizetype>::max()) const;
    /// A number written as an integer (no point, no exponent) that fits; exact.
    std::optional<qint64> integer() const;

private:
    QByteArrayView m_bytes;
};

/// Walks the members of an object: `for (Members m(object); m.next();) … m.value()`. Nothing for other values.
class Members
{
public:
    explicit Members(Value object);
    bool next();
    bool isNamed(QByteArrayView name) const;
    QByteArray name() const { return Value(m_key).string(); }
    Value value() const { return m_value; }

private:
    QByteArrayView m_rest; ///< from the next key on
    QByteArrayView m_key;  ///< with its quotes
    Value m_value;
};

/// Walks the elements of an array likewise.
class Elements
{
public:
    explicit Elements(Value array);
    bool next();
    Value value() const { return m_value; }

private:
    QByteArrayView m_rest;
    Value m_value;
};

} // namespace pdlb::pd::json
