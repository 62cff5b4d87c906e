// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayList>

#include <optional>

namespace pdlb::http {

/// Whether some segment of a pattern is in braces, like "/workers/{id}", and so stands for any one that is not empty.
bool hasParameters(const QByteArray &pattern);

/// What `path` has in place of the segments in braces, in their order and percent-decoded; nothing when it does not match.
std::optional<QByteArrayList> matchPath(const QByteArray &pattern, const QByteArray &path);

} // namespace pdlb::http
