// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/clock.h"

#include <QByteArray>
#include <QString>

namespace pdlb {

/// Appends compact JSON to a byte array, without a tree and without UTF-16 in between: for what is written often. Whoever
/// uses it sees to it that objects and arrays are closed and that members of objects have keys. What is no UTF-8 gets
/// replacement characters, so that the output always is.
class JsonWriter
{
public:
    explicit JsonWriter(QByteArray &out) : m_out(out) {}

    void beginObject() { open('{'); }
    void endObject() { close('}'); }
    void beginArray() { open('['); }
    void endArray() { close(']'); }
    /// A member's key, which needs no escapes.
    JsonWriter &key(QByteArrayView key);

    void value(QByteArrayView utf8);
    void value(const QByteArray &utf8) { value(QByteArrayView(utf8)); }
    void value(const QString &text) { value(QByteArrayView(text.toUtf8())); }
    void value(const char *utf8) { value(QByteArrayView(utf8)); }
    void value(bool flag);
    void value(qint64 number);
    void value(int number) { value(qint64(number)); }
    /// The shortest text that reads as the same number; null when it is none.
    void value(double number);
    /// As milliseconds with all nanoseconds behind the point.
    void value(Monotonic time);
    /// JSON already.
    void raw(QByteArrayView json);

    template <typename T> void member(QByteArrayView name, const T &content) { key(name).value(content); }
    /// Only when it is not empty.
    void text(QByteArrayView name, const QByteArray &content)
    {
        if (!content.isEmpty())
            member(name, content);
    }
    void text(QByteArrayView name, const QString &content)
    {
        if (!content.isEmpty())
            member(name, content);
    }

private:
    void open(char bracket);
    void close(char bracket);
    void separate();

    QByteArray &m_out;
    bool m_first = true; ///< no comma is needed in front of what comes next
};

} // namespace pdlb
