// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/header_list.h"

#include <QList>
#include <QString>

#include <chrono>

namespace pdlb::doctor {

struct Options {
    std::chrono::milliseconds timeout = std::chrono::seconds(5); ///< of each question and each request
    std::chrono::milliseconds slow = std::chrono::seconds(1); ///< a one-token request that takes longer is worth a warning
    QList<std::pair<QString, QString>> pairs; ///< only these, by name, also when they are not paired; empty: all that are
    http::HeaderList headers; ///< credentials of whoever asks, where the engines get those
};

} // namespace pdlb::doctor
