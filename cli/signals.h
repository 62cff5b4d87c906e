// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace pdlb::cli {

/// Turns SIGINT and SIGTERM into a signal of the event loop (signalfd). One object per process; from its construction on
/// the two no longer end the program by themselves.
class TerminationSignals final : public QObject
{
    Q_OBJECT

public:
    explicit TerminationSignals(QObject *parent = nullptr);
    ~TerminationSignals() override;

Q_SIGNALS:
    void requested(int signalNumber);

private:
    int m_descriptor = -1;
};

/// Blocks SIGINT and SIGTERM for this thread and all that it starts later, and ignores SIGPIPE. Call before any thread
/// is started.
void prepareSignals();

} // namespace pdlb::cli
