// SPDX-License-Identifier: Apache-2.0
#include "edge/route_table.h"

#include "http/path_pattern.h"

#include <algorithm>

namespace pdlb::edge {

QByteArrayList Route::allowed() const
{
    QByteArrayList list = methods;
    if (list.contains("GET") && !list.contains("HEAD"))
        list += "HEAD";
    return list;
}

bool Route::serves(const QByteArray &method) const
{
    return methods.contains(method) || (method == "HEAD" && methods.contains("GET"));
}

void RouteTable::add(Route route)
{
    if (http::hasParameters(route.path))
        m_patterns.push_back(std::move(route));
    else
        m_fixed.insert(route.path, route);
}

const Route *RouteTable::find(const QByteArray &path) const
{
    if (const auto fixed = m_fixed.constFind(path); fixed != m_fixed.constEnd())
        return &*fixed;
    const auto pattern = std::find_if(m_patterns.begin(), m_patterns.end(), [&](const Route &route) {
        return http::matchPath(route.path, path).has_value();
    });
    return pattern == m_patterns.end() ? nullptr : &*pattern;
}

} // namespace pdlb::edge
