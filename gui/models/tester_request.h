// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/request_spec.h"

#include <QDateTime>

namespace pdlb::gui {

/// Where the tester sends.
struct TesterTarget {
    enum class Kind { Balancer, Pair, Prefill, Decode, Url };
    Kind kind = Kind::Balancer;
    QString name; ///< "p1/d2", "p1", "http://…"

    bool operator==(const TesterTarget &) const = default;
};

/// One request of the tester as it is saved: a preset, an entry of the history. Without keys.
struct TesterRequest {
    TesterTarget target;
    client::RequestSpec spec;
    QDateTime sentAt; ///< of the history
    QString outcome; ///< likewise: "200, 212 ms"

    QJsonObject toJson() const;
    static Result<TesterRequest> fromJson(const QJsonObject &object);
    /// For lists: the last message's begin.
    QString title() const;
};

/// The newest requests that were sent, kept in a file. GUI thread.
class TesterHistory
{
public:
    static constexpr qsizetype most = 100;

    /// Reads the file; what cannot be read is left out.
    explicit TesterHistory(const QString &path);
    void add(const TesterRequest &request);
    /// The newest first.
    const QList<TesterRequest> &list() const { return m_list; }

private:
    QString m_path;
    QList<TesterRequest> m_list;
};

} // namespace pdlb::gui
