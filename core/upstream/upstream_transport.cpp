// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream_transport.h"

namespace pdlb::upstream {

LegObserver &Leg::nobody()
{
    struct Nobody final : LegObserver {
        void legReady() override {}
        void legSent() override {}
        void legHead(const http::ResponseHead &) override {}
        void legData(QByteArrayView) override {}
        void legFinished(const LegEnd &) override {}
    };
    static Nobody nobody;
    return nobody;
}

} // namespace pdlb::upstream
