// SPDX-License-Identifier: Apache-2.0
#include "control/doctor_api.h"

#include "control/config_edit.h"
#include "doctor/doctor.h"

#include <QJsonArray>

#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

constexpr double shortestTimeout = 0.1; // seconds
constexpr double longestTimeout = 60;

OrReply<doctor::Options> optionsOf(const ControlRequest &request)
{
    const auto wrong = [](const char *where, const QString &expected) {
        return tl::unexpected(errorReply({422, "invalid_request", u"expected %1"_s.arg(expected), where}));
    };
    const auto object = bodyObject(request);
    if (!object)
        return tl::unexpected(object.error());
    doctor::Options options{.headers = request.headers};
    if (const QJsonValue timeout = object->value("timeout"_L1); !timeout.isUndefined()) {
        const double seconds = timeout.toDouble(-1);
        if (!(seconds >= shortestTimeout && seconds <= longestTimeout))
            return wrong("$.timeout", u"seconds, %1 to %2"_s.arg(shortestTimeout).arg(longestTimeout));
        options.timeout = std::chrono::milliseconds(std::llround(seconds * 1000));
    }
    const QJsonValue pairs = object->value("pairs"_L1);
    if (!pairs.isUndefined() && !pairs.isArray())
        return wrong("$.pairs", u"[[PREFILL, DECODE], …]"_s);
    for (const QJsonValue &value : pairs.toArray()) {
        const QJsonArray pair = value.toArray();
        if (pair.size() != 2 || !pair[0].isString() || !pair[1].isString())
            return wrong("$.pairs", u"[[PREFILL, DECODE], …]"_s);
        options.pairs.append({pair[0].toString(), pair[1].toString()});
    }
    return options;
}

} // namespace

Endpoints DoctorApi::endpoints()
{
    return {{"/admin/v1/doctor",
             {"POST"},
             [this](const ControlRequest &request, const Reply &reply) { handle(request, reply); },
             true}};
}

void DoctorApi::handle(const ControlRequest &request, const Reply &reply)
{
    if (m_running) {
        reply(errorReply({409, "doctor_running", u"an examination is under way; ask again when it has ended"_s}));
        return;
    }
    const auto options = optionsOf(request);
    if (!options) {
        reply(options.error());
        return;
    }
    // With addresses in place of names, as requests see it.
    auto *doctor = new doctor::Doctor(*m_context.fleet.snapshot()->config, *options, nullptr, this);
    if (const auto started = doctor->start(); !started) {
        delete doctor;
        reply(errorReply({422, "invalid_request", started.error().message}));
        return;
    }
    m_running = doctor;
    connect(doctor, &doctor::Doctor::finished, this, [this, doctor, reply](const doctor::Report &report) {
        m_running = nullptr;
        doctor->deleteLater();
        reply(jsonReply(200, doctor::toJson(report)));
    });
}

} // namespace pdlb::control
