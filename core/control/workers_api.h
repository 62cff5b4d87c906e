// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/config_edit.h"

#include <QObject>

namespace pdlb::control {

/// Other programs' ways of changing the fleet: the worker API of SGLang's gateway (POST, GET /workers, GET, PUT, DELETE
/// /workers/{id}; an id is a server's name), its older /add_worker, /remove_worker and /list_workers, and /register, with
/// which engines announce themselves to SGLang's mini load balancer. Statuses and bodies are theirs; who may call is told
/// by the admin API's rules. Control thread.
class WorkersApi final : public QObject
{
    Q_OBJECT

public:
    explicit WorkersApi(ControlContext &context) : m_context(context) {}
    Endpoints endpoints();

private:
    void workers(const ControlRequest &request, const Reply &reply);
    void worker(const ControlRequest &request, const Reply &reply);
    void addWorker(const ControlRequest &request, const Reply &reply);
    void removeWorker(const ControlRequest &request, const Reply &reply);
    void listWorkers(const ControlRequest &request, const Reply &reply);
    void registerEngine(const ControlRequest &request, const Reply &reply);

    /// Adds what `object` describes and says its name; an engine that is not said to be a prefill or a decode is asked.
    void add(const ControlRequest &request, const QJsonObject &object, const std::function<void(const OrReply<QString> &)> &done);
    OrReply<QString> addAs(const ControlRequest &request, const QString &type, ServerConfig server);
    /// The one with that name or URL.
    const fleet::Server *find(const fleet::FleetSnapshot &snapshot, const QByteArray &id) const;
    OrReply<QString> remove(const ControlRequest &request, const ServerPlace &place);

    ControlContext &m_context;
};

} // namespace pdlb::control
