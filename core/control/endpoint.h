// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/header_list.h"
#include "util/api_error.h"

#include <QByteArrayList>
#include <QJsonObject>

#include <functional>
#include <vector>

namespace pdlb::control {

/// A client's request to an endpoint that is no PD request, free of its connection so that it can cross threads.
struct ControlRequest {
    QByteArray method;
    QByteArray path;
    QByteArray query;
    http::HeaderList headers; ///< end-to-end; credentials are those for the engines
    QByteArray body;
    QByteArrayList parameters = {}; ///< what stands for the braces of Endpoint::path
};

struct ControlReply {
    int status = 200;
    http::HeaderList headers = {};
    QByteArray body = {};
    /// When there is one, the body is what it returns until it returns nothing. Called in the control thread, when there is
    /// room for more; destroyed in any thread.
    std::function<QByteArray()> pieces = {};
};

/// To be called exactly once, in the control thread.
using Reply = std::function<void(const ControlReply &)>;

ControlReply jsonReply(int status, const QByteArray &json);
ControlReply jsonReply(int status, const QJsonObject &json);
ControlReply errorReply(const ApiError &error);

/// One path of the control plane.
struct Endpoint {
    using Handler = std::function<void(const ControlRequest &, const Reply &)>;
    QByteArray path; ///< may have parameters, see http::matchPath()
    QByteArrayList methods;
    Handler handler; ///< called in the control thread
    bool admin = false; ///< under the access rules of the admin API
};
using Endpoints = std::vector<Endpoint>;

} // namespace pdlb::control
