// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_pair.h"

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

namespace {

/// What a server is asked for.
struct Demands {
    bool health = true; ///< nothing that probes call down
    bool room = true; ///< fewer legs than its limit
};

inline bool isHealthy(const ServerState &state)
{
    const Health health = state.health.health();
    return health != Health::Down && (health != Health::Unknown || !state.health.isFailing());
}

inline bool passesBreaker(const Server &server, const Config &config, Monotonic now)
{
    return !config.breaker.enabled || server.state->breaker.allows(now);
}

inline bool isUsable(const FleetSnapshot &fleet, const Server &server, const PickRequest &request, Demands demands)
{
    return server.enabled && (!demands.room || server.maxInFlight == 0 || hasRoom(server, request.legs))
        && passesBreaker(server, *fleet.config, request.now) && (!demands.health || (isHealthy(*server.state) && !server.portPending));
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
    /// Leaves at least one.
    void avoid(std::span<const ServerState *const> failed, const std::vector<Server> &servers)
    {
        if (failed.empty())
            return;
        size_t kept = 0;
        size_t left = m_size;
        for (size_t i = 0; i < m_size; ++i) {
            const ServerState *state = servers[size_t(m_indexes[i])].state.get();
            if (left > 1 && std::find(failed.begin(), failed.end(), state) != failed.end()) {
                --left;
                continue;
            }
            m_candidates[kept] = m_candidates[i];
            m_indexes[kept++] = m_indexes[i];
        }
        m_size = kept;
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

/// One try with certain demands.
class Picker
{
public:
    Picker(const FleetSnapshot &fleet, const PickRequest &request, const Pin &pin, Demands demands, Random &random)
        : m_fleet(fleet), m_request(request), m_pin(pin), m_demands(demands), m_random(random)
    {
    }

    /// Nothing when no pair meets the demands.
    std::optional<Picked> pick()
    {
        // Each time that a place is lost another request got it; who loses so often finds the servers busy.
        for (int tries = 0; tries < mostTries; ++tries) {
            const auto pair = choosePair();
            if (!pair)
                return {};
            if (auto picked = take(*pair))
                return picked;
        }
        return {};
    }

    std::optional<Pair> choosePair()
    {
        // Kept by the thread: nothing is allocated per request.
        static thread_local Choices prefills, decodes;
        static thread_local std::vector<quint8> usable;
        const bool anyPair = m_fleet.pairs.isUniform() && !m_pin.given;
        usable.resize(m_fleet.decode.size());
        decodes.clear(m_fleet.decode.size());
        qsizetype usableDecodes = 0;
        for (size_t d = 0; d < usable.size(); ++d) {
            const Server &server = m_fleet.decode[d];
            usable[d] = isUsable(m_fleet, server, m_request, demandsOf(m_pin.decode));
            usableDecodes += usable[d];
            if (anyPair && usable[d])
                decodes.add(server, d, 1);
        }
        prefills.clear(m_fleet.prefill.size());
        for (size_t p = 0; p < m_fleet.prefill.size() && usableDecodes > 0; ++p) {
            const Server &server = m_fleet.prefill[p];
            if (isUsable(m_fleet, server, m_request, demandsOf(m_pin.prefill)) && (anyPair || hasDecode(qsizetype(p), usable)))
                prefills.add(server, p, m_fleet.pairs.prefillWeight(qsizetype(p)));
        }
        if (prefills.size() == 0)
            return {};
        prefills.avoid(m_request.avoid, m_fleet.prefill);
        const qsizetype p = choose(Role::Prefill, prefills, usableDecodes);
        for (size_t d = 0; d < usable.size() && !anyPair; ++d) {
            if (usable[d] && isAllowed(p, qsizetype(d)))
                decodes.add(m_fleet.decode[d], d, std::max(1, m_fleet.pairs.weight(p, qsizetype(d))));
        }
        decodes.avoid(m_request.avoid, m_fleet.decode);
        return Pair{p, choose(Role::Decode, decodes, prefills.size())};
    }

    /// Whether some pair meets the demands; no policy is asked.
    bool isPossible() const
    {
        for (qsizetype p = 0; p < qsizetype(m_fleet.prefill.size()); ++p) {
            if (!isUsable(m_fleet, m_fleet.prefill[size_t(p)], m_request, demandsOf(m_pin.prefill)))
                continue;
            for (qsizetype d = 0; d < qsizetype(m_fleet.decode.size()); ++d) {
                if (isAllowed(p, d) && isUsable(m_fleet, m_fleet.decode[size_t(d)], m_request, demandsOf(m_pin.decode)))
                    return true;
            }
        }
        return false;
    }

private:
    static constexpr int mostTries = 64;

    std::optional<Picked> take(const Pair &pair) const
    {
        const BreakerRules &rules = m_fleet.config->breaker;
        auto prefill = Place::take(m_fleet.prefill[size_t(pair.prefill)], m_request.legs, rules, m_request.now);
        if (!prefill)
            return {};
        auto decode = Place::take(m_fleet.decode[size_t(pair.decode)], m_request.legs, rules, m_request.now);
        if (!decode)
            return {};
        return Picked{pair, std::move(*prefill), std::move(*decode), {}};
    }
    /// Who names a server wants that one, well or not.
    Demands demandsOf(qsizetype pinned) const { return {m_demands.health && pinned < 0, m_demands.room}; }
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
    Demands m_demands;
    Random &m_random;
};

/// Why no pair is left, by the first of the reasons that holds for a pinned server or a whole role.
ApiError nothingLeft(const FleetSnapshot &fleet, const PickRequest &request, const Pin &pin)
{
    for (const auto &[servers, index] : {std::pair(&fleet.prefill, pin.prefill), {&fleet.decode, pin.decode}}) {
        if (index < 0)
            continue;
        const Server &server = (*servers)[size_t(index)];
        if (!passesBreaker(server, *fleet.config, request.now)) {
            return {503, "breaker_open", u"X-Pdlb-Pair names %1, which failed too many requests in a row and is left alone for a while"_s
                .arg(server.label), {}, server.state->breaker.report(request.now).left};
        }
    }
    for (const Role role : {Role::Prefill, Role::Decode}) {
        const auto &servers = fleet.servers(role);
        const QLatin1StringView name(roleName(role));
        const auto none = [&](auto &&condition) { return std::none_of(servers.begin(), servers.end(), condition); };
        const auto open = [&](const Server &s) { return s.config.enabled && !passesBreaker(s, *fleet.config, request.now); };
        if (none([](const Server &s) { return s.config.enabled; }))
            return {503, "no_enabled_server", u"every %1 server is disabled"_s.arg(name)};
        if (none([&](const Server &s) { return isUsable(fleet, s, request, {.health = false, .room = false}); })) {
            Monotonic left = Monotonic::max();
            for (const Server &server : servers) {
                if (open(server))
                    left = std::min(left, server.state->breaker.report(request.now).left);
            }
            return {503, "breaker_open", u"every %1 server failed too many requests in a row and is left alone for a while"_s.arg(name), {}, left};
        }
        if (none([&](const Server &s) { return isUsable(fleet, s, request, {.health = true, .room = false}); })) {
            return {503, "no_healthy_server", u"no %1 server is healthy; see /health of the servers, or pdlb doctor"_s.arg(name), {},
                    fleet.config->health.interval};
        }
    }
    return {503, "no_pair", u"no prefill that may be used now is paired with a decode that may be used now"_s};
}

/// Every server of a role that could be used but for its limit is at its limit.
bool isFull(const FleetSnapshot &fleet, Role role, const PickRequest &request, bool health)
{
    const auto &servers = fleet.servers(role);
    return std::none_of(servers.begin(), servers.end(), [&](const Server &s) { return isUsable(fleet, s, request, {health, true}); });
}

PickError busy(const FleetSnapshot &fleet, const PickRequest &request, bool health)
{
    const PickRequest one{.legs = 1, .now = request.now}; // what asks for more may wait where others need not
    for (const Role role : {Role::Prefill, Role::Decode}) {
        if (isFull(fleet, role, one, health))
            return {{503, "servers_busy", u"every %1 server runs as many requests as it may"_s.arg(QLatin1StringView(roleName(role)))},
                    PickError::Wait::ForAnyServer};
    }
    return {{503, "servers_busy", u"the servers that this request may go to run as many requests as they may"_s},
            PickError::Wait::ForServer};
}

} // namespace

Result<Picked, PickError> pickPair(const FleetSnapshot &fleet, const PickRequest &request, Random &random)
{
    const auto pin = readPin(fleet, request.pin);
    if (!pin)
        return tl::unexpected(PickError{pin.error()});
    for (const bool health : {true, false}) {
        if (!health && fleet.config->onNoHealthy == OnNoHealthy::Fail)
            break;
        if (auto picked = Picker(fleet, request, *pin, {health, true}, random).pick()) {
            const QByteArray prefillPolicy = fleet.prefillPolicy->name();
            const QByteArray decodePolicy = fleet.decodePolicy->name();
            picked->reason = !health ? QByteArrayLiteral("no healthy server: tried all the same")
                : pin->given ? QByteArrayLiteral("pinned")
                : prefillPolicy == decodePolicy ? prefillPolicy : prefillPolicy + '/' + decodePolicy;
            return std::move(*picked);
        }
        // A healthy pair is worth waiting for.
        if (Picker(fleet, request, *pin, {health, false}, random).isPossible())
            return tl::unexpected(busy(fleet, request, health));
    }
    return tl::unexpected(PickError{nothingLeft(fleet, request, *pin)});
}

qsizetype usableServers(const FleetSnapshot &fleet, Role role, Monotonic now)
{
    const auto &servers = fleet.servers(role);
    return std::count_if(servers.begin(), servers.end(), [&](const Server &s) { return isUsable(fleet, s, {.now = now}, {.health = true, .room = false}); });
}

} // namespace pdlb::fleet
