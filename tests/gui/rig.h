// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mainwindow.h"
#include "session/session.h"
#include "trace/timeline.h"

#include <QTemporaryDir>
#include <QTest>
#include <QTranslator>

#include <memory>

namespace pdlb::guitest {

/// A real window with settings of its own, and what tests do with it.
class Rig
{
public:
    explicit Rig(gui::MainWindow::Options options = {});
    ~Rig();

    gui::MainWindow &window() { return *m_window; }
    QString path(const QString &name) const { return m_folder.filePath(name); }
    /// The only one of that name; a test that asks for one that is not there fails.
    template <typename Widget> Widget *find(const char *name) const
    {
        const auto found = m_window->findChildren<Widget *>(QString::fromLatin1(name));
        if (found.size() != 1)
            qFatal("there are %lld widgets \"%s\"", static_cast<long long>(found.size()), name);
        return found.first();
    }
    /// With the left button, in its middle; it must be seen and enabled.
    static void click(QWidget *widget);
    void closeWindow() { m_window.reset(); }
    void reopen(gui::MainWindow::Options options);

    /// Starts the mocks by the first page's button and waits until the balancer runs.
    bool startMocks();
    /// Sends a request to the balancer and waits for its answer's end; the status.
    int send(const QByteArray &body = {}, const QByteArray &target = "/v1/chat/completions");

private:
    QTemporaryDir m_folder;
    std::unique_ptr<gui::MainWindow> m_window;
};

/// A folder for pictures; made if needed.
QString pictureFolder();
/// Widgets of a window that stick out of their parents or lie over their siblings, and texts that do not fit; in words.
QStringList layoutProblems(const QWidget &window);
/// A finished or running request that never was: for pictures and speed. Deterministic.
trace::TimelinePtr madeUp(quint64 serial, Monotonic received, bool running = false);

} // namespace pdlb::guitest
