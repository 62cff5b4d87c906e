// SPDX-License-Identifier: Apache-2.0
#include "session/doctor_run.h"

#include "config/secrets.h"
#include "doctor/doctor.h"
#include "session/session.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

DoctorVerdicts verdictsOf(const QJsonObject &report)
{
    DoctorVerdicts verdicts;
    const QJsonArray pairs = report["pairs"_L1].toArray();
    for (const QJsonValue &value : pairs) {
        DoctorVerdict verdict{.verdict = value["verdict"_L1].toString(), .notTried = value["not_tried"_L1].toString()};
        if (value["prefill_ms"_L1].isDouble())
            verdict.prefillMs = value["prefill_ms"_L1].toDouble();
        if (value["decode_ms"_L1].isDouble())
            verdict.decodeMs = value["decode_ms"_L1].toDouble();
        const QJsonArray findings = value["findings"_L1].toArray();
        for (const QJsonValue &finding : findings) {
            verdict.findings += {finding["severity"_L1].toString(), finding["name"_L1].toString(), finding["where"_L1].toString(), finding["what"_L1].toString(),
                                 finding["cause"_L1].toString(), finding["fix"_L1].toString()};
        }
        if (verdict.verdict != "not_paired"_L1)
            verdicts.insert({value["prefill"_L1].toString(), value["decode"_L1].toString()}, verdict);
    }
    return verdicts;
}

DoctorRun::DoctorRun(QObject *parent) : QObject(parent) {}
DoctorRun::~DoctorRun() = default;

void DoctorRun::stop()
{
    ++m_job;
    m_running = false;
    if (m_doctor) {
        m_doctor->disconnect(this);
        m_doctor->deleteLater();
        m_doctor = nullptr;
    }
}

void DoctorRun::start(Session &session, const Config &draft, const QList<std::pair<QString, QString>> &pairs)
{
    stop();
    const int job = m_job;
    m_running = true;
    const auto fail = [this, job](const QString &why) {
        QTimer::singleShot(0, this, [this, job, why] {
            if (job != m_job)
                return;
            stop();
            Q_EMIT failed(why);
        });
    };
    if (!session.isLocal()) {
        QJsonArray wanted;
        for (const auto &[prefill, decode] : pairs)
            wanted.append(QJsonArray{prefill, decode});
        const QJsonObject body = wanted.isEmpty() ? QJsonObject() : QJsonObject{{u"pairs"_s, wanted}};
        Q_EMIT progress(0, 0, tr("the balancer examines its servers"));
        session.ask("POST", "/admin/v1/doctor", QJsonDocument(body).toJson(QJsonDocument::Compact), this, [this, job, fail](const AdminAnswer &answer) {
            if (job != m_job)
                return;
            if (!answer.isGood()) {
                fail(answer.error);
                return;
            }
            m_running = false;
            Q_EMIT finished(verdictsOf(answer.json()));
        });
        return;
    }
    Config config = draft;
    if (const auto resolved = resolveSecrets(config); !resolved) {
        fail(resolved.error().message);
        return;
    }
    if (const auto valid = config.validate(); !valid) {
        fail(valid.error().message);
        return;
    }
    m_doctor = new doctor::Doctor(config, {.pairs = pairs}, nullptr, this);
    connect(m_doctor, &doctor::Doctor::progress, this, &DoctorRun::progress);
    connect(m_doctor, &doctor::Doctor::finished, this, [this](const doctor::Report &report) {
        const DoctorVerdicts verdicts = verdictsOf(doctor::toJson(report));
        stop();
        Q_EMIT finished(verdicts);
    });
    if (const auto started = m_doctor->start(); !started)
        fail(started.error().message);
}

} // namespace pdlb::gui
