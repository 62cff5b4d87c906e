// SPDX-License-Identifier: Apache-2.0
#include "session/local_session.h"

#include "balancer.h"
#include "config/config_file.h"
#include "control/endpoint.h"

#include <QJsonDocument>
#include <QPointer>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

LocalSession::LocalSession(const Config &config, QObject *parent) : Session(parent), m_thread(u"pdlb-balancer"_s)
{
    m_thread.begin();
    setConfig(config);
}

LocalSession::~LocalSession()
{
    m_thread.finish([this] { m_balancer.reset(); });
}

void LocalSession::setConfigFile(const QString &path)
{
    m_configFile = path;
}

void LocalSession::setCapturing(bool capturing)
{
    Session::setCapturing(capturing);
    m_mailbox.setOpen(capturing);
}

void LocalSession::post(Work work)
{
    m_thread.post([this, work = std::move(work)] {
        if (m_balancer)
            work(*m_balancer);
    });
}

void LocalSession::start()
{
    if (state() != State::Stopped)
        return;
    setState(State::Starting);
    m_thread.post([this, config = config()] {
        m_balancer = std::make_unique<Balancer>();
        m_balancer->setTraceSink(&m_mailbox);
        connect(m_balancer.get(), &Balancer::stopped, m_balancer.get(), [this](bool) {
            QMetaObject::invokeMethod(this, &LocalSession::ended, Qt::QueuedConnection);
        });
        connect(m_balancer.get(), &Balancer::listening, m_balancer.get(), [this] {
            QMetaObject::invokeMethod(this, [this, url = m_balancer->url(), bodies = m_balancer->bodyBudget()] {
                if (state() != State::Starting)
                    return;
                m_url = url;
                m_bodies = bodies;
                setState(State::Running);
                Q_EMIT happened(tr("The balancer listens on %1").arg(url.toString()), false);
                refresh();
            }, Qt::QueuedConnection);
        });
        if (const auto started = m_balancer->start(config); !started) {
            m_balancer.reset();
            QMetaObject::invokeMethod(this, [this, error = started.error().message] {
                setState(State::Stopped, error);
                Q_EMIT happened(tr("The balancer did not start: %1").arg(error), true);
            }, Qt::QueuedConnection);
        }
    });
}

void LocalSession::stop(bool drains)
{
    if (state() == State::Stopped)
        return;
    setState(State::Draining);
    m_thread.post([this, drains] {
        if (m_balancer && drains) {
            m_balancer->drain(); // stopped() follows
            return;
        }
        m_balancer.reset();
        QMetaObject::invokeMethod(this, &LocalSession::ended, Qt::QueuedConnection);
    });
}

void LocalSession::ended()
{
    m_thread.post([this] { m_balancer.reset(); });
    m_url.clear();
    setState(State::Stopped);
    Q_EMIT happened(tr("The balancer has stopped"), false);
}

void LocalSession::ask(const QByteArray &method, const QByteArray &target, const QByteArray &body, QObject *context, Answer answer)
{
    const qsizetype mark = target.indexOf('?');
    control::ControlRequest request{method, mark < 0 ? target : target.left(mark), mark < 0 ? QByteArray() : target.sliced(mark + 1), {}, body};
    m_thread.post([this, request = std::move(request), context = QPointer(context), answer = std::move(answer)] {
        const auto told = [this, context, answer](const control::ControlReply &reply) {
            AdminAnswer result{.status = reply.status, .body = reply.body};
            if (reply.pieces) { // an export: its size is that of what is exported
                for (QByteArray piece = reply.pieces(); !piece.isEmpty(); piece = reply.pieces())
                    result.body += piece;
            }
            if (!result.isGood()) {
                const QJsonValue error = result.json()["error"_L1];
                result.error = error["message"_L1].toString(QString::fromUtf8(reply.body));
            }
            QMetaObject::invokeMethod(this, [context, answer, result] {
                if (context)
                    answer(result);
            }, Qt::QueuedConnection);
        };
        if (m_balancer)
            m_balancer->admin(request, told);
        else
            told(control::errorReply({503, "not_running", u"the balancer is not running"_s}));
    });
}

void LocalSession::apply(const Config &config, QObject *context, Applied applied)
{
    const auto finish = [this, config, context = QPointer(context), applied = std::move(applied)](const Result<QStringList> &result) {
        Result<QStringList> told = result;
        if (result) {
            setConfig(config);
            if (!m_configFile.isEmpty()) {
                if (const auto saved = saveConfigFile(m_configFile, config); !saved)
                    told = failure(tr("It is in force, but not saved: %1").arg(saved.error().message));
            }
        }
        if (context)
            applied(told);
    };
    if (state() == State::Stopped) {
        const auto valid = config.validate();
        QMetaObject::invokeMethod(this, [finish, valid] { finish(valid ? Result<QStringList>() : tl::unexpected(valid.error())); }, Qt::QueuedConnection);
        return;
    }
    m_thread.post([this, config, finish] {
        const Result<QStringList> result = m_balancer ? m_balancer->apply(config) : failure(tr("the balancer is not running any more"));
        QMetaObject::invokeMethod(this, [finish, result] { finish(result); }, Qt::QueuedConnection);
    });
}

void LocalSession::askConfig()
{
    post([this](Balancer &balancer) {
        QMetaObject::invokeMethod(this, [this, inForce = balancer.config()] {
            Config told = inForce;
            told.keepStartSettings(config()); // those may wait for the next start
            setConfig(told);
        }, Qt::QueuedConnection);
    });
}

void LocalSession::askRunning()
{
    post([this](Balancer &balancer) {
        QMetaObject::invokeMethod(this, [this, running = balancer.running()] { Q_EMIT runningTold(running); }, Qt::QueuedConnection);
    });
}

} // namespace pdlb::gui
