// SPDX-License-Identifier: Apache-2.0
#include "config/config_json.h"

#include "config/config_fields.h"
#include "config/json_path.h"

#include <QJsonArray>

#include <algorithm>
#include <array>
#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

QString numberText(double number)
{
    return number == std::floor(number) && std::abs(number) < 1e15 ? QString::number(qint64(number)) : QString::number(number);
}

template <typename Enum> QStringList words()
{
    QStringList list;
    for (const char *word : wordsOf(Enum{}))
        list += QString::fromLatin1(word);
    return list;
}

// Writing.

QJsonValue toJson(const QString &text) { return text; }
QJsonValue toJson(const QStringList &texts) { return QJsonArray::fromStringList(texts); }
QJsonValue toJson(std::chrono::milliseconds duration) { return double(duration.count()) / 1000; }
template <typename T> QJsonValue toJson(const std::optional<T> &number) { return number ? QJsonValue(qint64(*number)) : QJsonValue(QJsonValue::Null); }

QJsonValue toJson(const QList<double> &numbers)
{
    QJsonArray array;
    for (const double number : numbers)
        array.append(number);
    return array;
}

QJsonValue toJson(const QByteArrayList &texts)
{
    QJsonArray array;
    for (const QByteArray &text : texts)
        array.append(QString::fromUtf8(text));
    return array;
}

QJsonValue toJson(const QMap<QString, QString> &texts)
{
    QJsonObject object;
    for (auto it = texts.cbegin(); it != texts.cend(); ++it)
        object.insert(it.key(), it.value());
    return object;
}

QJsonValue toJson(const BootstrapPort &port)
{
    return port.kind == BootstrapPort::Kind::Fixed ? QJsonValue(int(port.port)) : QJsonValue(port.toString());
}

template <typename T> QJsonValue toJson(T value)
{
    if constexpr (std::is_enum_v<T>)
        return words<T>().at(int(value));
    else if constexpr (std::is_same_v<T, quint16>)
        return int(value);
    else
        return QJsonValue(value);
}

template <typename Owner>
QJsonObject write(std::span<const Field<Owner>> fields, const Owner &owner, WriteFields which)
{
    const Owner defaults;
    QJsonObject object = owner.extra;
    for (const Field<Owner> &field : fields) {
        if (which == WriteFields::Changed && field.sameIn(owner, defaults))
            continue;
        const QJsonValue value = std::visit([](auto *v) { return toJson(*v); }, field.in(owner));
        const QString key = QString::fromLatin1(field.key);
        if (const qsizetype dot = key.indexOf(u'.'); dot >= 0) {
            QJsonObject section = object.value(key.first(dot)).toObject();
            section.insert(key.sliced(dot + 1), value);
            object.insert(key.first(dot), section);
        } else {
            object.insert(key, value);
        }
    }
    return object;
}

// Reading: each returns what was expected instead, or nothing when it was that.

template <typename T> QString read(const QJsonValue &value, T &to, double least, double most)
{
    if constexpr (std::is_enum_v<T>) {
        const qsizetype index = value.isString() ? words<T>().indexOf(value.toString()) : -1;
        if (index < 0)
            return u"one of \"%1\""_s.arg(words<T>().join(u"\", \""_s));
        to = T(index);
        return {};
    } else {
        const double number = value.toDouble(std::nan(""));
        const bool whole = !std::is_same_v<T, double>;
        if (!value.isDouble() || !(number >= least && number <= most) || (whole && number != std::floor(number)))
            return u"a %1number from %2 to %3"_s.arg(whole ? u"whole "_s : u""_s, numberText(least), numberText(most));
        to = T(number);
        return {};
    }
}

QString read(const QJsonValue &value, bool &to, double, double)
{
    if (!value.isBool())
        return u"true or false"_s;
    to = value.toBool();
    return {};
}

QString read(const QJsonValue &value, QString &to, double, double)
{
    if (!value.isString())
        return u"a text"_s;
    to = value.toString();
    return {};
}

template <typename T> QString read(const QJsonValue &value, std::optional<T> &to, double least, double most)
{
    to.reset();
    return value.isNull() ? QString() : read(value, to.emplace(), least, most);
}

QString read(const QJsonValue &value, std::chrono::milliseconds &to, double least, double most)
{
    double seconds = 0;
    if (const QString expected = read(value, seconds, least, most); !expected.isEmpty())
        return expected + u" (seconds)"_s;
    to = std::chrono::milliseconds(std::llround(seconds * 1000));
    return {};
}

QString read(const QJsonValue &value, QStringList &to, double, double)
{
    const QJsonArray array = value.toArray();
    if (!value.isArray() || !std::all_of(array.begin(), array.end(), [](const QJsonValue &v) { return v.isString(); }))
        return u"a list of texts"_s;
    to.clear();
    for (const QJsonValue &text : array)
        to += text.toString();
    return {};
}

QString read(const QJsonValue &value, QList<double> &to, double, double)
{
    const QJsonArray array = value.toArray();
    if (!value.isArray() || !std::all_of(array.begin(), array.end(), [](const QJsonValue &v) { return v.isDouble(); }))
        return u"a list of numbers"_s;
    to.clear();
    for (const QJsonValue &number : array)
        to += number.toDouble();
    return {};
}

QString read(const QJsonValue &value, QByteArrayList &to, double least, double most)
{
    QStringList texts;
    QString expected = read(value, texts, least, most);
    if (expected.isEmpty()) {
        to.clear();
        for (const QString &text : std::as_const(texts))
            to += text.toUtf8();
    }
    return expected;
}

QString read(const QJsonValue &value, QMap<QString, QString> &to, double, double)
{
    const QJsonObject object = value.toObject();
    if (!value.isObject() || !std::all_of(object.begin(), object.end(), [](const QJsonValue &v) { return v.isString(); }))
        return u"an object of texts"_s;
    to.clear();
    for (auto it = object.begin(); it != object.end(); ++it)
        to.insert(it.key(), it.value().toString());
    return {};
}

QString read(const QJsonValue &value, BootstrapPort &to, double, double)
{
    int number = 0;
    const auto port = value.isString() ? BootstrapPort::parse(value.toString())
        : read(value, number, 1, 65535).isEmpty() ? Result<BootstrapPort>(BootstrapPort::fixed(quint16(number)))
                                                  : Result<BootstrapPort>(failure({}));
    if (!port)
        return u"a whole number from 1 to 65535, \"none\" or \"auto\""_s;
    to = *port;
    return {};
}

/// What reading has found so far.
struct Findings {
    ConfigProblems problems;
    QStringList unknownKeys;

    void keepUnknown(const QString &path, const QString &key, const QJsonValue &value, QJsonObject &extra)
    {
        static const std::array secrets{"api_key"_L1, "api_keys"_L1, "engine_api_key"_L1, "password"_L1, "secret"_L1, "token"_L1};
        if (std::any_of(secrets.begin(), secrets.end(), [&](QLatin1StringView s) { return key.compare(s, Qt::CaseInsensitive) == 0; })) {
            problems.append({memberPath(path, key), u"keys do not belong here, since this is shown and saved; name where it is: \"file:PATH\" or "
                                                    "\"env:NAME\" in api_key_ref (of a server) or in access.api_key_refs, access.engine_api_key_ref"_s});
            return;
        }
        unknownKeys += memberPath(path, key);
        extra.insert(key, value);
    }
};

template <typename Owner>
void readField(const Field<Owner> &field, const QJsonValue &value, const QString &path, Owner &owner, Findings &findings)
{
    const QString expected = std::visit([&](auto *to) { return read(value, *to, field.least, field.most); }, field.of(owner));
    if (!expected.isEmpty())
        findings.problems.append({path, u"%1: expected %2"_s.arg(QString::fromLatin1(field.key), expected)});
}

template <typename Owner> const Field<Owner> *find(std::span<const Field<Owner>> fields, const QString &key)
{
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field<Owner> &f) { return key == QLatin1StringView(f.key); });
    return field == fields.end() ? nullptr : &*field;
}

/// Members that are neither fields nor sections go to `other`.
template <typename Owner, typename Other>
void readFields(std::span<const Field<Owner>> fields, const QJsonObject &object, const QString &path, Owner &owner, Findings &findings,
                const Other &other)
{
    for (auto it = object.begin(); it != object.end(); ++it) {
        const QString inner = memberPath(path, it.key());
        const QString prefix = it.key() + u'.';
        const bool section = std::any_of(fields.begin(), fields.end(), [&](const Field<Owner> &f) { return QLatin1StringView(f.key).startsWith(prefix); });
        if (!section) {
            if (const Field<Owner> *field = find(fields, it.key()))
                readField(*field, it.value(), inner, owner, findings);
            else
                other(it.key(), it.value());
            continue;
        }
        if (!it.value().isObject()) {
            findings.problems.append({inner, u"%1: expected an object"_s.arg(it.key())});
            continue;
        }
        const QJsonObject members = it.value().toObject();
        QJsonObject extra;
        for (auto member = members.begin(); member != members.end(); ++member) {
            if (const Field<Owner> *field = find(fields, prefix + member.key()))
                readField(*field, member.value(), memberPath(inner, member.key()), owner, findings);
            else
                findings.keepUnknown(inner, member.key(), member.value(), extra);
        }
        if (!extra.isEmpty())
            owner.extra.insert(it.key(), extra);
    }
}

template <typename Part> void readPart(std::span<const Field<Part>> fields, const QJsonObject &object, const QString &path, Part &part, Findings &findings)
{
    readFields(fields, object, path, part, findings,
               [&](const QString &key, const QJsonValue &value) { findings.keepUnknown(path, key, value, part.extra); });
}

template <typename Part>
Result<LoadedPart<Part>, ConfigProblems> partFromJson(std::span<const Field<Part>> fields, const QJsonObject &object, const QString &path, const Part &base)
{
    Findings findings;
    LoadedPart<Part> loaded{base, {}};
    readPart(fields, object, path, loaded.value, findings);
    if (!findings.problems.isEmpty())
        return tl::unexpected(findings.problems);
    loaded.unknownKeys = findings.unknownKeys;
    return loaded;
}

template <typename Part>
void readList(std::span<const Field<Part>> fields, const QJsonValue &value, const QString &path, QList<Part> &list, Findings &findings)
{
    if (!value.isArray()) {
        findings.problems.append({path, u"expected a list of objects"_s});
        return;
    }
    for (const QJsonValue &element : value.toArray()) {
        const QString inner = path + u"[%1]"_s.arg(list.size());
        list.append(Part{});
        if (element.isObject())
            readPart(fields, element.toObject(), inner, list.last(), findings);
        else
            findings.problems.append({inner, u"expected an object"_s});
    }
}

template <typename Part> QJsonArray writeList(std::span<const Field<Part>> fields, const QList<Part> &list, WriteFields which)
{
    QJsonArray array;
    for (const Part &part : list)
        array.append(write(fields, part, which));
    return array;
}

/// Those of `more` that are not about the same place as one of `problems`.
void addOthers(ConfigProblems &problems, const ConfigProblems &more)
{
    const ConfigProblems before = problems;
    for (const ConfigProblem &problem : more) {
        if (std::none_of(before.begin(), before.end(), [&](const ConfigProblem &p) { return problem.path.startsWith(p.path) || p.path.startsWith(problem.path); }))
            problems.append(problem);
    }
}

} // namespace

QJsonObject serverToJson(const ServerConfig &server, WriteFields which)
{
    return write(serverFields(), server, which);
}

QJsonObject pairToJson(const PairConfig &pair, WriteFields which)
{
    return write(pairFields(), pair, which);
}

QJsonObject configToJson(const Config &config, WriteFields which)
{
    QJsonObject object = write(configFields(), config, which);
    object.insert("version"_L1, configVersion);
    object.insert("prefill"_L1, writeList(serverFields(), config.prefill, which));
    object.insert("decode"_L1, writeList(serverFields(), config.decode, which));
    if (which == WriteFields::All || !config.pairs.isEmpty())
        object.insert("pairs"_L1, writeList(pairFields(), config.pairs, which));
    return object;
}

Result<LoadedPart<ServerConfig>, ConfigProblems> serverFromJson(const QJsonObject &object, const QString &path, const ServerConfig &base)
{
    return partFromJson(serverFields(), object, path, base);
}

Result<LoadedPart<PairConfig>, ConfigProblems> pairFromJson(const QJsonObject &object, const QString &path, const PairConfig &base)
{
    return partFromJson(pairFields(), object, path, base);
}

Result<LoadedConfig, ConfigProblems> configFromJson(QByteArrayView bytes, CheckConfig check)
{
    const auto object = strictJsonObject(bytes);
    if (!object)
        return tl::unexpected(object.error());
    Findings findings;
    Config config;
    const QJsonValue version = object->value("version"_L1);
    if (version.toDouble() != configVersion)
        findings.problems.append({u"$.version"_s, version.toDouble() > configVersion
                                      ? u"version %1 is newer than this program, which reads version %2"_s.arg(version.toDouble()).arg(configVersion)
                                      : u"expected \"version\": %1"_s.arg(configVersion)});
    readFields(configFields(), *object, u"$"_s, config, findings, [&](const QString &key, const QJsonValue &value) {
        if (key == "prefill"_L1)
            readList(serverFields(), value, u"$.prefill"_s, config.prefill, findings);
        else if (key == "decode"_L1)
            readList(serverFields(), value, u"$.decode"_s, config.decode, findings);
        else if (key == "pairs"_L1)
            readList(pairFields(), value, u"$.pairs"_s, config.pairs, findings);
        else if (key != "version"_L1)
            findings.keepUnknown(u"$"_s, key, value, config.extra);
    });
    if (check == CheckConfig::Whole)
        addOthers(findings.problems, config.problems());
    if (!findings.problems.isEmpty())
        return tl::unexpected(findings.problems);
    return LoadedConfig{std::move(config), findings.unknownKeys};
}

} // namespace pdlb
