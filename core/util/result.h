// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <tl/expected.hpp>

namespace pdlb {

/// Why an operation failed, for people: what, where, and what to do. Never holds a secret.
struct Error {
    QString message;
};

/// A value or the reason why there is none. No exception crosses a module boundary.
template <typename T, typename E = Error> using Result = tl::expected<T, E>;

inline tl::unexpected<Error> failure(QString message) { return tl::unexpected<Error>(Error{std::move(message)}); }

} // namespace pdlb
