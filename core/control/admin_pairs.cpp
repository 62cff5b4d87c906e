// SPDX-License-Identifier: Apache-2.0
// AdminApi's pairs.
#include "config/config_json.h"
#include "control/admin_api.h"

#include <QJsonArray>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

qsizetype indexOf(const Config &config, const QString &prefill, const QString &decode)
{
    const auto found = std::find_if(config.pairs.begin(), config.pairs.end(),
                                    [&](const PairConfig &pair) { return pair.prefill == prefill && pair.decode == decode; });
    return found == config.pairs.end() ? -1 : found - config.pairs.begin();
}

qsizetype indexOf(const Config &config, const ControlRequest &request)
{
    return indexOf(config, QString::fromUtf8(request.parameters.value(0)), QString::fromUtf8(request.parameters.value(1)));
}

ControlReply unknownPair()
{
    return errorReply({404, "unknown_pair", u"there is no entry for that pair; GET /admin/v1/pairs lists them"_s});
}

OrReply<PairConfig> readPair(const QJsonObject &object, const PairConfig &base)
{
    const auto loaded = pairFromJson(object, u"$"_s, base);
    if (!loaded)
        return tl::unexpected(problemsReply(loaded.error()));
    if (!loaded->unknownKeys.isEmpty())
        return tl::unexpected(problemsReply({{loaded->unknownKeys.first(), u"a pair has no such member"_s}}));
    return loaded->value;
}

} // namespace

ControlReply AdminApi::listPairs(const ControlRequest &)
{
    const QJsonObject whole = configToJson(m_context.config());
    return jsonReply(200, QJsonObject{{u"pairing"_s, whole.value("pairing"_L1)}, {u"pairs"_s, whole.value("pairs"_L1)}});
}

ControlReply AdminApi::addPair(const ControlRequest &request)
{
    const auto object = bodyObject(request);
    if (!object)
        return object.error();
    const auto pair = readPair(*object, {});
    if (!pair)
        return pair.error();
    Config config = m_context.config();
    if (indexOf(config, pair->prefill, pair->decode) >= 0)
        return errorReply({409, "duplicate_pair", u"there is an entry for %1/%2 already"_s.arg(pair->prefill, pair->decode)});
    config.pairs.append(*pair);
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return applied.error();
    ControlReply reply = jsonReply(201, pairToJson(*pair));
    reply.headers.add("Location", "/admin/v1/pairs/" + pair->prefill.toUtf8().toPercentEncoding() + '/' + pair->decode.toUtf8().toPercentEncoding());
    return reply;
}

ControlReply AdminApi::showPair(const ControlRequest &request)
{
    const Config config = m_context.config();
    const qsizetype index = indexOf(config, request);
    return index < 0 ? unknownPair() : jsonReply(200, pairToJson(config.pairs[index]));
}

ControlReply AdminApi::changePair(const ControlRequest &request)
{
    Config config = m_context.config();
    const qsizetype index = indexOf(config, request);
    if (index < 0)
        return unknownPair();
    const auto object = bodyObject(request);
    if (!object)
        return object.error();
    const auto changed = readPair(*object, config.pairs[index]);
    if (!changed)
        return changed.error();
    const qsizetype other = indexOf(config, changed->prefill, changed->decode);
    if (other >= 0 && other != index)
        return errorReply({409, "duplicate_pair", u"there is an entry for %1/%2 already"_s.arg(changed->prefill, changed->decode)});
    config.pairs[index] = *changed;
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return applied.error();
    return jsonReply(200, pairToJson(*changed));
}

ControlReply AdminApi::deletePair(const ControlRequest &request)
{
    Config config = m_context.config();
    const qsizetype index = indexOf(config, request);
    if (index < 0)
        return unknownPair();
    config.pairs.removeAt(index);
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return applied.error();
    return {.status = 204};
}

} // namespace pdlb::control
