// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

namespace pdlb::control {

/// resources/openapi.json: the OpenAPI 3.1 description of every endpoint.
const QByteArray &openApiText();

} // namespace pdlb::control
