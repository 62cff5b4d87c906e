// SPDX-License-Identifier: Apache-2.0
#include "util/shell_words.h"

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

/// Reads the text character by character; see IEEE Std 1003.1, 2.2 "Quoting", and for $'…' 2.2.4 of its 2024 edition.
class Splitter
{
public:
    explicit Splitter(const QString &text) : m_text(text) {}

    Result<QStringList> split()
    {
        while (m_at < m_text.size()) {
            const QChar c = m_text[m_at++];
            if (c == u'\\') {
                escaped();
            } else if (c == u'\'') {
                if (!until(u'\'', [this](QChar inner) { m_word += inner; }))
                    return failure(u"a ' is not closed"_s);
            } else if (c == u'"') {
                if (!until(u'"', [this](QChar inner) { inner == u'\\' ? escapedInQuotes() : void(m_word += inner); }))
                    return failure(u"a \" is not closed"_s);
            } else if (c == u'$' && m_at < m_text.size() && m_text[m_at] == u'\'') {
                ++m_at;
                if (!until(u'\'', [this](QChar inner) { inner == u'\\' ? cEscape() : void(m_word += inner); }))
                    return failure(u"a $' is not closed"_s);
            } else if (c.isSpace()) {
                endWord();
            } else {
                m_word += c;
                m_any = true;
            }
        }
        endWord();
        return m_words;
    }

private:
    /// Calls for each character up to the closing one; false when there is none.
    template <typename Take> bool until(QChar end, Take take)
    {
        m_any = true;
        while (m_at < m_text.size()) {
            const QChar c = m_text[m_at++];
            if (c == end)
                return true;
            take(c);
        }
        return false;
    }

    void escaped()
    {
        if (m_at >= m_text.size()) {
            m_word += u'\\';
            m_any = true;
        } else if (const QChar c = m_text[m_at++]; c == u'\r' && m_at < m_text.size() && m_text[m_at] == u'\n') {
            ++m_at; // the line goes on
        } else if (c != u'\n') {
            m_word += c;
            m_any = true;
        }
    }

    void escapedInQuotes()
    {
        if (m_at >= m_text.size())
            return;
        const QChar c = m_text[m_at++];
        if (c == u'\n')
            return;
        if (!u"$`\"\\"_s.contains(c))
            m_word += u'\\';
        m_word += c;
    }

    void cEscape()
    {
        if (m_at >= m_text.size())
            return;
        const QChar c = m_text[m_at++];
        switch (c.unicode()) {
        case 'n': m_word += u'\n'; break;
        case 't': m_word += u'\t'; break;
        case 'r': m_word += u'\r'; break;
        case 'a': m_word += u'\a'; break;
        case 'b': m_word += u'\b'; break;
        case 'f': m_word += u'\f'; break;
        case 'v': m_word += u'\v'; break;
        case 'e': m_word += u'\x1b'; break;
        case 'x': number(16, 2, c); break;
        case 'u': number(16, 4, c); break;
        default: m_word += c; break;
        }
    }

    void number(int base, int most, QChar letter)
    {
        int digits = 0;
        for (bool good = true; digits < most && m_at + digits < m_text.size(); ++digits) {
            m_text.mid(m_at + digits, 1).toInt(&good, base);
            if (!good)
                break;
        }
        if (digits == 0) {
            m_word += letter;
            return;
        }
        m_word += QChar(ushort(m_text.mid(m_at, digits).toInt(nullptr, base)));
        m_at += digits;
    }

    void endWord()
    {
        if (m_any)
            m_words += m_word;
        m_word.clear();
        m_any = false;
    }

    const QString &m_text;
    qsizetype m_at = 0;
    QStringList m_words;
    QString m_word;
    bool m_any = false; ///< there is a word, perhaps an empty one
};

} // namespace

Result<QStringList> shellWords(const QString &command)
{
    return Splitter(command).split();
}

QString shellQuoted(const QString &word)
{
    const auto isPlain = [](QChar c) { return c.unicode() < 128 && (c.isLetterOrNumber() || u"_-./:=,@%+"_s.contains(c)); };
    if (!word.isEmpty() && std::all_of(word.begin(), word.end(), isPlain))
        return word;
    QString quoted = word;
    return u'\'' + quoted.replace(u'\'', u"'\\''"_s) + u'\'';
}

} // namespace pdlb
