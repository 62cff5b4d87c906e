// SPDX-License-Identifier: Apache-2.0
#include "client/curl_command.h"

#include "util/shell_words.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QSet>
#include <QUrl>

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

/// Of curl's options those with a value that say nothing about the request itself.
bool takesValue(const QString &option)
{
    static const QSet<QString> options{u"-o"_s, u"--output"_s, u"-m"_s, u"--max-time"_s, u"--connect-timeout"_s, u"-w"_s, u"--write-out"_s, u"-A"_s,
                                       u"--user-agent"_s, u"-e"_s, u"--referer"_s, u"-b"_s, u"--cookie"_s, u"-x"_s, u"--proxy"_s, u"--cacert"_s,
                                       u"--resolve"_s, u"-u"_s, u"--user"_s, u"--retry"_s, u"--limit-rate"_s, u"-c"_s, u"--cookie-jar"_s, u"-D"_s,
                                       u"--dump-header"_s, u"--cert"_s, u"--key"_s, u"--http2-prior-knowledge"_s};
    return options.contains(option);
}

bool isData(const QString &option)
{
    return option == "-d"_L1 || option == "--data"_L1 || option == "--data-raw"_L1 || option == "--data-binary"_L1 || option == "--data-ascii"_L1
        || option == "--json"_L1;
}

class CurlReader
{
public:
    Result<CurlRequest> read(const QString &command)
    {
        const auto words = shellWords(command.trimmed());
        if (!words)
            return tl::unexpected(words.error());
        if (words->isEmpty() || (words->first() != "curl"_L1 && !words->first().endsWith("/curl"_L1)))
            return failure(u"that is no curl command: it must begin with \"curl\""_s);
        m_words = words->mid(1);
        while (!m_words.isEmpty()) {
            if (const auto taken = take(m_words.takeFirst()); !taken)
                return tl::unexpected(taken.error());
        }
        return conclude();
    }

private:
    Result<void> take(QString word)
    {
        QString value;
        bool has = false;
        if (word.startsWith("--"_L1) && word.contains(u'=')) { // not curl's own way, but people write it
            value = word.section(u'=', 1);
            word = word.section(u'=', 0, 0);
            has = true;
        } else if (word.size() > 2 && word.startsWith(u'-') && word[1] != u'-' && u"HdX"_s.contains(word[1])) { // -XPOST
            value = word.sliced(2);
            word = word.left(2);
            has = true;
        }
        const auto argument = [&] { return has ? value : m_words.isEmpty() ? QString() : m_words.takeFirst(); };
        if (word == "-H"_L1 || word == "--header"_L1) {
            addHeader(argument());
        } else if (isData(word)) {
            const QString data = argument();
            if (data.startsWith(u'@') && word != "--data-raw"_L1)
                return failure(u"the body is in a file (%1), which is not read; paste its content"_s.arg(data));
            m_body += (m_body.isEmpty() ? QString() : u"&"_s) + data;
        } else if (word == "-X"_L1 || word == "--request"_L1) {
            if (const QString method = argument(); method != "POST"_L1)
                return failure(u"it is a %1; inference requests are POSTs"_s.arg(method));
        } else if (word == "--url"_L1) {
            m_url = argument();
        } else if (word == "-F"_L1 || word == "--form"_L1 || word == "-T"_L1 || word == "--upload-file"_L1) {
            return failure(u"%1 sends no JSON body"_s.arg(word));
        } else if (word.startsWith(u'-') && word.size() > 1) {
            if (word == "-u"_L1 || word == "--user"_L1)
                m_result.ignored += word;
            if (takesValue(word)) {
                argument();
                m_result.ignored += word;
            }
        } else if (m_url.isEmpty()) {
            m_url = word;
        } else {
            return failure(u"\"%1\" is too much: there is a URL already"_s.arg(word.left(80)));
        }
        return {};
    }

    void addHeader(const QString &line)
    {
        const QByteArray name = line.section(u':', 0, 0).trimmed().toUtf8();
        const QByteArray value = line.section(u':', 1).trimmed().toUtf8();
        const QByteArray lower = name.toLower();
        if (lower == "authorization" && value.toLower().startsWith("bearer "))
            m_result.spec.apiKey = value.sliced(7).trimmed();
        else if (lower == "x-pdlb-pair")
            m_result.spec.pair = value;
        else if (lower != "content-type" && lower != "accept" && lower != "content-length" && lower != "host" && http::isToken(name) && http::isFieldValue(value))
            m_result.spec.headers.add(name, value);
    }

    Result<CurlRequest> conclude()
    {
        if (m_url.isEmpty())
            return failure(u"there is no URL in it"_s);
        if (!m_url.contains("://"_L1))
            m_url.prepend(u"http://"_s);
        const QUrl url(m_url, QUrl::StrictMode);
        if (!url.isValid() || url.host().isEmpty())
            return failure(u"\"%1\" is no URL"_s.arg(m_url.left(200)));
        if (m_body.isEmpty())
            return failure(u"it has no body: a request needs -d '{…}'"_s);
        QJsonParseError error;
        const QJsonDocument body = QJsonDocument::fromJson(m_body.toUtf8(), &error);
        if (error.error != QJsonParseError::NoError || !body.isObject()) {
            return failure(error.error != QJsonParseError::NoError ? u"its body is no JSON: %1 at character %2"_s.arg(error.errorString()).arg(error.offset + 1)
                                                                   : u"its body is no JSON object"_s);
        }
        const QString path = url.path();
        std::optional<pd::Endpoint> endpoint;
        qsizetype base = -1;
        for (qsizetype slash = path.indexOf(u'/'); slash >= 0 && !endpoint; slash = path.indexOf(u'/', slash + 1)) {
            endpoint = endpointOf(path.sliced(slash).toUtf8());
            base = slash;
        }
        if (!endpoint)
            return failure(u"%1 is none of /v1/chat/completions, /v1/completions, /generate"_s.arg(path.isEmpty() ? u"/"_s : path.left(200)));
        RequestSpec spec = specOfBody(*endpoint, body.object());
        spec.apiKey = m_result.spec.apiKey;
        spec.pair = m_result.spec.pair;
        spec.headers = m_result.spec.headers;
        m_result.spec = std::move(spec);
        QUrl origin = url;
        origin.setPath(path.left(base));
        origin.setQuery(QString());
        origin.setFragment(QString());
        m_result.url = origin.toString();
        return std::move(m_result);
    }

    QStringList m_words;
    QString m_url;
    QString m_body;
    CurlRequest m_result;
};

/// Only texts: parts (images and the like) stay as they are, in `extra`.
bool onlyTexts(const QJsonArray &messages)
{
    for (const QJsonValue &message : messages) {
        const QJsonObject object = message.toObject();
        if (!object["role"_L1].isString() || !object["content"_L1].isString() || object.size() != 2)
            return false;
    }
    return true;
}

} // namespace

Result<CurlRequest> parseCurl(const QString &command)
{
    return CurlReader().read(command);
}

RequestSpec specOfBody(pd::Endpoint endpoint, const QJsonObject &body)
{
    RequestSpec spec;
    spec.endpoint = endpoint;
    spec.stream = false;
    spec.includeUsage = false;
    QJsonObject rest = body;
    const auto take = [&rest](QLatin1StringView name, auto isRight, auto use) {
        const QJsonValue value = rest.value(name);
        if (value.isUndefined() || !isRight(value))
            return;
        use(value);
        rest.remove(name);
    };
    const auto isText = [](const QJsonValue &v) { return v.isString(); };
    const auto isNumber = [](const QJsonValue &v) { return v.isDouble(); };
    const auto isWhole = [](const QJsonValue &v) { return v.isDouble() && v.toDouble() == double(v.toInteger()); };
    take("model"_L1, isText, [&](const QJsonValue &v) { spec.model = v.toString(); });
    take("stream"_L1, [](const QJsonValue &v) { return v.isBool(); }, [&](const QJsonValue &v) { spec.stream = v.toBool(); });
    if (endpoint == pd::Endpoint::ChatCompletions) {
        take("messages"_L1, [](const QJsonValue &v) { return v.isArray() && onlyTexts(v.toArray()); }, [&](const QJsonValue &v) {
            const QJsonArray list = v.toArray();
            for (const QJsonValue &message : list)
                spec.messages += {message["role"_L1].toString(), message["content"_L1].toString()};
        });
    } else {
        take(endpoint == pd::Endpoint::Generate ? "text"_L1 : "prompt"_L1, isText, [&](const QJsonValue &v) { spec.prompt = v.toString(); });
    }
    if (endpoint == pd::Endpoint::Generate) {
        // An object of its own: with members that are no fields it stays as a whole, since `extra` replaces whole members.
        QJsonObject sampling = rest["sampling_params"_L1].toObject();
        const RequestSpec before = spec;
        const auto of = [&](QLatin1StringView name, auto use) {
            if (sampling[name].isDouble()) {
                use(sampling[name]);
                sampling.remove(name);
            }
        };
        of("max_new_tokens"_L1, [&](const QJsonValue &v) { spec.maxTokens = v.toInt(); });
        of("temperature"_L1, [&](const QJsonValue &v) { spec.temperature = v.toDouble(); });
        of("top_p"_L1, [&](const QJsonValue &v) { spec.topP = v.toDouble(); });
        if (sampling.isEmpty())
            rest.remove("sampling_params"_L1);
        else
            spec = before;
    } else {
        take("max_tokens"_L1, isWhole, [&](const QJsonValue &v) { spec.maxTokens = v.toInt(); });
        take("temperature"_L1, isNumber, [&](const QJsonValue &v) { spec.temperature = v.toDouble(); });
        take("top_p"_L1, isNumber, [&](const QJsonValue &v) { spec.topP = v.toDouble(); });
        take("seed"_L1, isWhole, [&](const QJsonValue &v) { spec.seed = v.toInteger(); });
        take("n"_L1, isWhole, [&](const QJsonValue &v) { spec.samples = v.toInt(); });
        take("stop"_L1, isText, [&](const QJsonValue &v) { spec.stop = {v.toString()}; });
        take("stream_options"_L1, [](const QJsonValue &v) { return v.toObject() == QJsonObject{{u"include_usage"_s, true}}; },
             [&](const QJsonValue &) { spec.includeUsage = true; });
    }
    spec.extra = rest;
    return spec;
}

QString toCurl(const QString &url, const RequestSpec &spec)
{
    RequestSpec shown = spec;
    shown.apiKey.clear();
    const RequestBytes bytes = shown.toBytes();
    QString command = u"curl"_s + (bytes.stream ? u" -N"_s : QString()) + u' ' + shellQuoted(url + QString::fromUtf8(bytes.target));
    for (const http::Header &header : bytes.headers)
        command += u" \\\n  -H "_s + shellQuoted(QString::fromUtf8(header.name + ": " + header.value));
    if (!spec.apiKey.isEmpty())
        command += u" \\\n  -H \"Authorization: Bearer $OPENAI_API_KEY\""_s;
    return command + u" \\\n  -d "_s + shellQuoted(QString::fromUtf8(bytes.body)) + u'\n';
}

QString toPython(const QString &url, const RequestSpec &spec)
{
    RequestSpec shown = spec;
    shown.apiKey.clear();
    const RequestBytes bytes = shown.toBytes();
    // JSON text inside Python's own quotes: only backslashes and quotes need care.
    QString body = QString::fromUtf8(QJsonDocument::fromJson(bytes.body).toJson(QJsonDocument::Indented)).trimmed();
    body.replace(u'\\', u"\\\\"_s).replace(u"\"\"\""_s, u"\\\"\\\"\\\""_s);
    QString headers;
    const auto quoted = [](QByteArray text) { return u'"' + QString::fromUtf8(text.replace('\\', "\\\\").replace('"', "\\\"")) + u'"'; };
    for (const http::Header &header : bytes.headers)
        headers += u"    %1: %2,\n"_s.arg(quoted(header.name), quoted(header.value));
    if (!spec.apiKey.isEmpty())
        headers += u"    \"Authorization\": \"Bearer \" + os.environ[\"OPENAI_API_KEY\"],\n"_s;
    QString script = spec.apiKey.isEmpty() ? u"import requests\n\n"_s : u"import os\n\nimport requests\n\n"_s;
    script += u"body = \"\"\"%1\"\"\"\nheaders = {\n%2}\n"_s.arg(body, headers);
    script += u"answer = requests.post(%1, data=body.encode(), headers=headers, stream=%2)\n"_s
                  .arg(quoted((url + QString::fromUtf8(bytes.target)).toUtf8()), bytes.stream ? u"True"_s : u"False"_s);
    script += bytes.stream ? u"for line in answer.iter_lines():\n    print(line.decode())\n"_s : u"print(answer.status_code, answer.text)\n"_s;
    return script;
}

} // namespace pdlb::client
