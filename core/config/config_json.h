// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

#include <QByteArrayView>
#include <QJsonObject>

namespace pdlb {

/// The version of the file's form that this program writes, and the newest that it reads.
inline constexpr int configVersion = 1;

enum class WriteFields {
    All,
    Changed, ///< only what differs from the default: what a file should hold
};

/// {"version": 1, "prefill": […], "decode": […], "health": {…}, …}: the keys are those of configFields(), serverFields() and
/// pairFields(). Keys of the API (secrets) are never in it, only their references; Config::extra is.
QJsonObject configToJson(const Config &config, WriteFields which = WriteFields::All);
QJsonObject serverToJson(const ServerConfig &server, WriteFields which = WriteFields::All);
QJsonObject pairToJson(const PairConfig &pair, WriteFields which = WriteFields::All);

struct LoadedConfig {
    Config config; ///< secrets are not resolved yet, see resolveSecrets()
    QStringList unknownKeys; ///< paths of keys that this program does not know; they are in the `extra` members
};

enum class CheckConfig {
    Form, ///< syntax, types and ranges: other sources may complete it
    Whole, ///< also Config::problems()
};

/// Reads a whole configuration (UTF-8, RFC 8259, no key twice). What is not there keeps its default. All problems are
/// reported, not only the first. A key (secret) in the text is a problem.
Result<LoadedConfig, ConfigProblems> configFromJson(QByteArrayView bytes, CheckConfig check = CheckConfig::Whole);

template <typename Value> struct LoadedPart {
    Value value;
    QStringList unknownKeys;
};

/// One server or pair, over `base`: what the object does not name stays as it is there. `path` stands before the paths of
/// problems: "$.prefill[1]". Types and whether numbers fit are checked; the rest is for Config::problems().
Result<LoadedPart<ServerConfig>, ConfigProblems> serverFromJson(const QJsonObject &object, const QString &path, const ServerConfig &base = {});
Result<LoadedPart<PairConfig>, ConfigProblems> pairFromJson(const QJsonObject &object, const QString &path, const PairConfig &base = {});

/// A JSON object from a text in which everything is refused that QJsonDocument would let pass or change: keys that stand
/// there twice, invalid UTF-8, depth beyond 32. Problems have a path, or line and column in the message. For any JSON
/// that people send: the file, admin calls.
Result<QJsonObject, ConfigProblems> strictJsonObject(QByteArrayView bytes);

} // namespace pdlb
