// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/generation_task.h"

namespace pdlb::mock {

/// What the information endpoints tell besides the options.
struct EngineFacts {
    quint16 port = 0;
    int running = 0; ///< requests being worked on
    int queued = 0; ///< requests that wait for room
    int lookup = 0; ///< prompts by phase, see RoomSide::Phase
    int waiting = 0;
    int computing = 0;
    int transferring = 0;
    int decoding = 0;
    qint64 generatedTokens = 0;
};

/// GET /server_info: the members that a debugger of a PD setup reads.
QByteArray serverInfo(const GenerationTask::Engine &engine, const EngineFacts &facts);
/// GET /model_info.
QByteArray modelInfo(const MockOptions &options);
/// GET /v1/models.
QByteArray modelList(const MockOptions &options);
/// GET /v1/loads, with the disaggregation queues.
QByteArray loads(const GenerationTask::Engine &engine, const EngineFacts &facts);
/// The bootstrap server's answer to GET /route with all parameters -1.
QByteArray bootstrapInfo(const MockOptions &options, quint16 httpPort);

} // namespace pdlb::mock
