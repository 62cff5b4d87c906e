// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/access_rules.h"

#include <QHash>

#include <functional>
#include <vector>

namespace pdlb::edge {

class Exchange;

/// A path that is served.
struct Route {
    using Handler = std::function<void(Exchange &)>;
    QByteArray path; ///< may have parameters, see http::matchPath()
    QByteArrayList methods;
    Handler handler;
    Access access = Access::Key;
    qint64 maxBody = 0; ///< bytes of a request's body; 0: what the edge allows
    bool isDirect = false; ///< not by Qt HTTP Server

    /// The methods, and HEAD where GET is served.
    QByteArrayList allowed() const;
    bool serves(const QByteArray &method) const;
};

/// Finds the route of a path. One without parameters goes before one with.
class RouteTable
{
public:
    void add(Route route);
    /// Null: there is none. Valid until the next add().
    const Route *find(const QByteArray &path) const;

private:
    QHash<QByteArray, Route> m_fixed;
    std::vector<Route> m_patterns;
};

} // namespace pdlb::edge
