// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/export/exporter.h"

#include <QList>
#include <QObject>
#include <QSaveFile>

namespace pdlb::gui {

/// Writes requests to a file, some at a time, so that the window stays alive. over() comes once.
class ExportJob final : public QObject
{
    Q_OBJECT

public:
    /// `format`: one of trace::exportFormats(), or "csv".
    ExportJob(const QString &format, bool secrets, QList<trace::TimelinePtr> requests, const QString &path, QObject *parent);
    void start();

Q_SIGNALS:
    void over(const QString &what, bool isProblem);

private:
    void step();
    void fail();

    std::unique_ptr<trace::Exporter> m_exporter;
    QString m_format;
    QList<trace::TimelinePtr> m_requests;
    qsizetype m_next = 0;
    QSaveFile m_file;
};

} // namespace pdlb::gui
