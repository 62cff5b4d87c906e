// SPDX-License-Identifier: Apache-2.0
#include "client/prompt_source.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

constexpr qsizetype mostProblems = 20;
constexpr qint64 longestLine = 16 * 1024 * 1024;
constexpr qint64 longestFile = qint64(1024) * 1024 * 1024; // devices and pipes may have no end
constexpr std::array words{"the", "engine", "of", "a", "model", "reads", "long", "prompts", "and", "writes", "tokens", "while", "its",
                           "cache", "moves", "over", "fast", "networks", "to", "another", "machine", "that", "answers", "people", "who",
                           "wait", "for", "words", "in", "streams", "every", "day"};

class Generator final : public PromptSource
{
public:
    explicit Generator(const GeneratorOptions &options) : m_options(options), m_random(options.seed)
    {
        m_prefix = text(int(double(options.inputTokens) * options.sharedPrefix));
    }

    RequestSpec next() override
    {
        RequestSpec spec = m_options.base;
        const int input = vary(m_options.inputTokens);
        const int shared = int(double(m_options.inputTokens) * m_options.sharedPrefix);
        // The number keeps two prompts from being the same by chance.
        const QString prompt = m_prefix + u"%1 "_s.arg(++m_count) + text(std::max(0, input - shared - 1));
        if (spec.endpoint == pd::Endpoint::ChatCompletions)
            spec.messages = {{u"user"_s, prompt}};
        else
            spec.prompt = prompt;
        spec.maxTokens = std::max(1, vary(m_options.outputTokens));
        return spec;
    }

private:
    int vary(int length)
    {
        const int by = int(double(length) * m_options.spread);
        return by == 0 ? length : length - by + int(m_random.below(quint64(2 * by + 1)));
    }

    QString text(int count)
    {
        QString text;
        for (int i = 0; i < count; ++i)
            text += QLatin1StringView(words[m_random.below(words.size())]) + u' ';
        return text;
    }

    GeneratorOptions m_options;
    SeededRandom m_random;
    QString m_prefix;
    quint64 m_count = 0;
};

class ListSource final : public PromptSource
{
public:
    explicit ListSource(std::vector<RequestSpec> list) : m_list(std::move(list)) {}
    RequestSpec next() override { return m_list[m_next++ % m_list.size()]; }

private:
    std::vector<RequestSpec> m_list;
    size_t m_next = 0;
};

/// Collects requests and says which could not be used.
class Loader
{
public:
    explicit Loader(const RequestSpec &base) : m_base(base) {}

    void addBody(const QByteArray &text, const QString &place)
    {
        const auto endpoint = guessEndpoint(text);
        if (!endpoint) {
            skip(place, endpoint.error().message);
            return;
        }
        // Its own members go before those of the flags.
        RequestSpec spec = m_base;
        spec.endpoint = *endpoint;
        spec.extra = QJsonDocument::fromJson(text).object();
        m_list.push_back(std::move(spec));
    }

    void addConversation(const QJsonValue &entry, const QString &place)
    {
        const QJsonValue turns = entry["conversations"_L1].isArray() ? entry["conversations"_L1] : entry["conversation"_L1];
        for (const QJsonValue &turn : turns.toArray()) {
            const QString from = turn["from"_L1].toString(turn["role"_L1].toString());
            const QString said = turn["value"_L1].toString(turn["content"_L1].toString());
            if ((from == "human"_L1 || from == "user"_L1) && !said.isEmpty()) {
                RequestSpec spec = m_base;
                if (spec.endpoint == pd::Endpoint::ChatCompletions)
                    spec.messages = {{u"user"_s, said}};
                else
                    spec.prompt = said;
                m_list.push_back(std::move(spec));
                return;
            }
        }
        skip(place, u"there is no conversation with a human turn"_s);
    }

    void skip(const QString &place, const QString &why)
    {
        ++m_skipped;
        if (m_problems.size() < mostProblems)
            m_problems += place + u": "_s + why;
    }

    LoadedPrompts take()
    {
        LoadedPrompts loaded;
        loaded.used = qsizetype(m_list.size());
        loaded.problems = std::move(m_problems);
        loaded.skipped = m_skipped;
        if (!m_list.empty())
            loaded.source = std::make_unique<ListSource>(std::move(m_list));
        return loaded;
    }

private:
    RequestSpec m_base;
    std::vector<RequestSpec> m_list;
    QStringList m_problems;
    qsizetype m_skipped = 0;
};

} // namespace

std::unique_ptr<PromptSource> makeGenerator(const GeneratorOptions &options)
{
    return std::make_unique<Generator>(options);
}

std::unique_ptr<PromptSource> makeRepeated(const RequestSpec &spec)
{
    class Repeated final : public PromptSource
    {
    public:
        explicit Repeated(const RequestSpec &spec) : m_spec(spec) {}
        RequestSpec next() override { return m_spec; }

    private:
        RequestSpec m_spec;
    };
    return std::make_unique<Repeated>(spec);
}

LoadedPrompts loadPrompts(QIODevice &file, const RequestSpec &base)
{
    Loader loader(base);
    QByteArray start = file.peek(4096).trimmed();
    if (start.startsWith("\xef\xbb\xbf")) // a byte order mark
        start = start.sliced(3).trimmed();
    if (start.startsWith('[')) {
        const QByteArray text = file.read(longestFile + 1);
        if (text.size() > longestFile) {
            loader.skip(u"the file"_s, u"it is longer than 1 GiB"_s);
            return loader.take();
        }
        QJsonParseError error;
        const QJsonDocument document = QJsonDocument::fromJson(text, &error);
        if (error.error != QJsonParseError::NoError) {
            loader.skip(u"byte %1"_s.arg(error.offset), u"the file is no JSON: %1"_s.arg(error.errorString()));
            return loader.take();
        }
        qsizetype number = 0;
        const QJsonArray entries = document.array();
        for (const QJsonValue &entry : entries)
            loader.addConversation(entry, u"entry %1"_s.arg(++number));
        return loader.take();
    }
    qint64 bytes = 0;
    for (qint64 number = 1; !file.atEnd(); ++number) {
        QByteArray line = file.readLine(longestLine + 1);
        bytes += line.size();
        if (line.size() > longestLine || bytes > longestFile) {
            loader.skip(u"line %1"_s.arg(number), u"it and what follows is left out: %1"_s.arg(bytes > longestFile ? u"the file is longer than 1 GiB"_s
                                                                                                                   : u"it is longer than 16 MiB"_s));
            break;
        }
        line = line.trimmed();
        if (line.isEmpty())
            continue;
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        if (object.contains("conversations"_L1) || object.contains("conversation"_L1))
            loader.addConversation(object, u"line %1"_s.arg(number));
        else
            loader.addBody(line, u"line %1"_s.arg(number));
    }
    return loader.take();
}

} // namespace pdlb::client
