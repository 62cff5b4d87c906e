// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

#include <QHash>
#include <QJsonObject>
#include <QObject>
#include <QPointer>

namespace pdlb::doctor {
class Doctor;
}

namespace pdlb::gui {

class Session;

/// What the doctor says of one thing.
struct DoctorFinding {
    QString severity; ///< "note", "warning", "error"
    QString name; ///< one token: "page_size_mismatch"
    QString where;
    QString what;
    QString cause;
    QString fix;
};

/// What the doctor says of a pair.
struct DoctorVerdict {
    QString verdict; ///< see doctor::verdictName(); empty: not examined
    std::optional<double> prefillMs;
    std::optional<double> decodeMs;
    QString notTried; ///< why no request was sent
    QList<DoctorFinding> findings;
};
using DoctorVerdicts = QHash<std::pair<QString, QString>, DoctorVerdict>;

/// One examination: of what is edited, from this machine; of a remote balancer's fleet, by that balancer.
class DoctorRun final : public QObject
{
    Q_OBJECT

public:
    explicit DoctorRun(QObject *parent);
    ~DoctorRun() override;

    /// `pairs`: only these; empty: all. One at a time: what runs is given up.
    void start(Session &session, const Config &draft, const QList<std::pair<QString, QString>> &pairs);
    void stop();
    bool isRunning() const { return m_running; }

Q_SIGNALS:
    void progress(int done, int total, const QString &what);
    void finished(const pdlb::gui::DoctorVerdicts &verdicts);
    void failed(const QString &why);

private:
    doctor::Doctor *m_doctor = nullptr; ///< child
    bool m_running = false;
    int m_job = 0;
};

/// Of a report as doctor::toJson() makes it.
DoctorVerdicts verdictsOf(const QJsonObject &report);

} // namespace pdlb::gui
