// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"

namespace pdlb::fleet {

/// A request's share of one server: its legs are in flight there and its breaker waits for how they end. What is left
/// is given back when it is destroyed. Must not outlive the snapshot that the server is of. One thread.
class Place
{
public:
    /// Nothing when the server runs as many legs as it may or its breaker refuses: then another request was quicker. A
    /// request of more legs than a server may run gets it for itself.
    static std::optional<Place> take(const Server &server, int legs, const BreakerRules &rules, Monotonic now);
    Place(Place &&other) noexcept;
    Place &operator=(Place &&other) noexcept;
    ~Place() { release(); }

    const Server &server() const { return *m_server; }
    /// One of its legs has ended, whatever its end.
    void legOver();
    /// What a leg's end says of the server, for the breaker; nothing when it was cancelled.
    void succeeded(const BreakerRules &rules);
    void failed(const BreakerRules &rules, Monotonic now);
    /// The breaker is half open and waits for this request.
    bool isTrial() const { return m_pass.trial; }

private:
    Place(const Server &server, int legs, Breaker::Pass pass) : m_server(&server), m_legs(legs), m_pass(pass) {}
    void release();

    const Server *m_server; ///< null: moved from
    int m_legs;
    Breaker::Pass m_pass;
};

/// Whether a server's limit allows so many further legs now.
bool hasRoom(const Server &server, int legs);

} // namespace pdlb::fleet
