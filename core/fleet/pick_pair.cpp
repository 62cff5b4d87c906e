// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_pair.h"

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

namespace {

enum class Strictness {
    Healthy, ///< nothing that probes call down
    Enabled, ///< whatever is not switched off
};

inline bool isUsable(const Server &server, Strictness strictness)
{
    if (!server.enabled)
        return false;
    const ServerState &state = *server.state;
    if (server.maxInFlight > 0 && state.inFlight.load(std::memory_order_relaxed) >= server.maxInFlight)
        return false;
    if (strictness == Strictness::Enabled)
        return true;
    const Health health = state.health.health();
    return health != Health::Down && (health != Health::Unknown || !state.health.isFailing());
}

inline Candidate candidateOf(const Server &server, int factor)
{
    const ServerState &state = *server.state;
    const qint64 inFlight = state.inFlight.load(std::memory_order_relaxed);
    const double since = double(inFlight - state.loadInFlight.load(std::memory_order_relaxed));
    // This way round std::max() keeps a NaN.
    return {server.id, server.name, server.weight * factor, inFlight,
            std::max(state.load.load(std::memory_order_relaxed) + since, 0.0)};
}

/// The servers of a role that may be picked, and which of the snapshot's they are. Filled for each request: memory is
/// kept, and adding is no more than writing.
class Choices
{
public:
    void clear(size_t most)
    {
        m_size = 0;
        if (m_indexes.size() < most) {
            m_candidates.resize(most);
            m_indexes.resize(most);
        }
    }
    void add(const Server &server, size_t index, int factor)
    {
        m_candidates[m_size] = candidateOf(server, factor);
        m_indexes[m_size++] = qsizetype(index);
    }
    void avoid(qsizetype index)
    {
        const auto end = m_indexes.begin() + qsizetype(m_size);
        const auto found = std::find(m_indexes.begin(), end, index);
        if (m_size < 2 || found == end)
            return;
        const qsizetype at = found - m_indexes.begin();
        std::copy(found + 1, end, found);
        std::copy(m_candidates.begin() + at + 1, m_candidates.begin() + qsizetype(m_size), m_candidates.begin() + at);
        --m_size;
    }
    qsizetype size() const { return qsizetype(m_size); }
    std::span<const Candidate> candidates() const { return {m_candidates.data(), m_size}; }
    qsizetype index(qsizetype choice) const { return m_indexes[size_t(choice)]; }

private:
    std::vector<Candidate> m_candidates;
    std::vector<qsizetype> m_indexes;
    size_t m_size = 0;
};

/// What the pin leaves of a role: -1 for everything, else an index.
struct Pin {
    qsizetype prefill = -1;
    qsizetype decode = -1;
    bool given = false;
    bool allows(qsizetype p, qsizetype d) const { return (prefill < 0 || p == prefill) && (decode < 0 || d == decode); }
};

Result<qsizetype, ApiError> pinnedIndex(const FleetSnapshot &fleet, Role role, QByteArrayView name)
{
    if (name == "*")
        return -1;
    const Server *server = fleet.find(role, name);
    if (!server) {
        return tl::unexpected(ApiError{400, "unknown_server", u"X-Pdlb-Pair names a %1 \"%2\", which is not in the fleet"_s
            .arg(QLatin1StringView(roleName(role)), QString::fromUtf8(name.first(std::min<qsizetype>(name.size(), 64))))});
    }
    if (!server->config.enabled)
        return tl::unexpected(ApiError{503, "server_disabled", u"X-Pdlb-Pair names %1, which is disabled"_s.arg(server->label)});
    return server - fleet.servers(role).data();
}

Result<Pin, ApiError> readPin(const FleetSnapshot &fleet, QByteArrayView text)
{
    if (text.isEmpty())
        return Pin{};
    const qsizetype slash = text.indexOf('/');
    if (slash < 1 || slash + 1 == text.size())
        return tl::unexpected(ApiError{400, "invalid_pair", u"X-Pdlb-Pair: expected PREFILL/DECODE, names of servers or *"_s});
    const auto prefill = pinnedIndex(fleet, Role::Prefill, text.first(slash).trimmed());
    if (!prefill)
        return tl::unexpected(prefill.error());
    const auto decode = pinnedIndex(fleet, Role::Decode, text.sliced(slash + 1).trimmed());
    if (!decode)
        return tl::unexpected(decode.error());
    return Pin{*prefill, *decode, true};
}

/// One try with one strictness.
class Picker
{
public:
    Picker(const FleetSnapshot &fleet, const PickRequest &request, const Pin &pin, Strictness strictness, Random &random)
        : m_fleet(fleet), m_request(request), m_pin(pin), m_strictness(strictness), m_random(random)
    {
    }

    std::optional<Pair> pick()
    {
        // Kept by the thread: nothing is allocated per request.
        static thread_local Choices prefills, decodes;
        static thread_local std::vector<quint8> usable;
        usable.resize(m_fleet.decode.size());
        qsizetype usableDecodes = 0;
        for (size_t d = 0; d < usable.size(); ++d) {
            usable[d] = isUsable(m_fleet.decode[d], strictnessOf(m_pin.decode));
            usableDecodes += usable[d];
        }
        const bool anyPair = m_fleet.pairs.isFull() && !m_pin.given;
        prefills.clear(m_fleet.prefill.size());
        for (size_t p = 0; p < m_fleet.prefill.size() && usableDecodes > 0; ++p) {
            const Server &server = m_fleet.prefill[p];
            if (isUsable(server, strictnessOf(m_pin.prefill)) && (anyPair || hasDecode(qsizetype(p), usable)))
                prefills.add(server, p, m_fleet.pairs.prefillWeight(qsizetype(p)));
        }
        if (prefills.size() == 0)
            return {};
        if (m_request.avoid)
            prefills.avoid(m_request.avoid->prefill);
        const qsizetype p = choose(Role::Prefill, prefills, usableDecodes);
        decodes.clear(m_fleet.decode.size());
        for (size_t d = 0; d < usable.size(); ++d) {
            if (usable[d] && (anyPair || isAllowed(p, qsizetype(d))))
                decodes.add(m_fleet.decode[d], d, std::max(1, m_fleet.pairs.weight(p, qsizetype(d))));
        }
        if (m_request.avoid)
            decodes.avoid(m_request.avoid->decode);
        return Pair{p, choose(Role::Decode, decodes, prefills.size())};
    }

private:
    /// Who names a server wants that one, well or not.
    Strictness strictnessOf(qsizetype pinned) const { return pinned >= 0 ? Strictness::Enabled : m_strictness; }
    bool isAllowed(qsizetype p, qsizetype d) const
    {
        return m_pin.allows(p, d) && (m_fleet.pairs.weight(p, d) > 0 || (m_pin.prefill >= 0 && m_pin.decode >= 0));
    }
    bool hasDecode(qsizetype p, const std::vector<quint8> &usable) const
    {
        for (qsizetype d = 0; d < qsizetype(usable.size()); ++d) {
            if (usable[size_t(d)] && isAllowed(p, d))
                return true;
        }
        return false;
    }
    qsizetype choose(Role role, const Choices &choices, qsizetype peers)
    {
        RequestTraits traits = m_request.traits;
        traits.prefill = role == Role::Prefill;
        traits.peers = peers;
        const qsizetype chosen = m_fleet.policy(role)->pick(choices.candidates(), traits, m_random);
        // A plugin may be wrong.
        return choices.index(std::clamp<qsizetype>(chosen, 0, choices.size() - 1));
    }

    const FleetSnapshot &m_fleet;
    const PickRequest &m_request;
    const Pin &m_pin;
    Strictness m_strictness;
    Random &m_random;
};

/// Why no pair is left, by the first of the reasons that holds for a whole role.
ApiError nothingLeft(const FleetSnapshot &fleet)
{
    for (const Role role : {Role::Prefill, Role::Decode}) {
        const auto &servers = fleet.servers(role);
        const QLatin1StringView name(roleName(role));
        if (std::none_of(servers.begin(), servers.end(), [](const Server &s) { return s.config.enabled; }))
            return {503, "no_enabled_server", u"every %1 server is disabled"_s.arg(name)};
        if (std::none_of(servers.begin(), servers.end(), [](const Server &s) { return isUsable(s, Strictness::Enabled); }))
            return {503, "servers_busy", u"every %1 server runs as many requests as it may; try again later"_s.arg(name)};
        if (std::none_of(servers.begin(), servers.end(), [](const Server &s) { return isUsable(s, Strictness::Healthy); }))
            return {503, "no_healthy_server", u"no %1 server is healthy; see /health of the servers, or pdlb doctor"_s.arg(name)};
    }
    return {503, "no_pair", u"no prefill that may be used now is paired with a decode that may be used now"_s};
}

} // namespace

Result<Picked, ApiError> pickPair(const FleetSnapshot &fleet, const PickRequest &request, Random &random)
{
    const auto pin = readPin(fleet, request.pin);
    if (!pin)
        return tl::unexpected(pin.error());
    if (const auto pair = Picker(fleet, request, *pin, Strictness::Healthy, random).pick()) {
        const QByteArray prefillPolicy = fleet.prefillPolicy->name();
        const QByteArray decodePolicy = fleet.decodePolicy->name();
        return Picked{*pair, pin->given ? QByteArrayLiteral("pinned") : prefillPolicy == decodePolicy ? prefillPolicy : prefillPolicy + '/' + decodePolicy};
    }
    if (fleet.config->onNoHealthy == OnNoHealthy::Try) {
        if (const auto pair = Picker(fleet, request, *pin, Strictness::Enabled, random).pick())
            return Picked{*pair, QByteArrayLiteral("no healthy server: tried all the same")};
    }
    return tl::unexpected(nothingLeft(fleet));
}

} // namespace pdlb::fleet
