// SPDX-License-Identifier: Apache-2.0
#include "models/tester_request.h"

#include "client/curl_command.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSaveFile>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr int version = 1;
const QStringList kinds{u"balancer"_s, u"pair"_s, u"prefill"_s, u"decode"_s, u"url"_s};

} // namespace

QJsonObject TesterRequest::toJson() const
{
    client::RequestSpec bare = spec;
    bare.apiKey.clear();
    const client::RequestBytes bytes = bare.toBytes();
    QJsonObject object{{u"version"_s, version},
                       {u"target"_s, QJsonObject{{u"kind"_s, kinds[int(target.kind)]}, {u"name"_s, target.name}}},
                       {u"endpoint"_s, QString::fromUtf8(bytes.target)},
                       {u"body"_s, QJsonDocument::fromJson(bytes.body).object()}};
    if (sentAt.isValid())
        object.insert(u"sent_at"_s, sentAt.toUTC().toString(Qt::ISODateWithMs));
    if (!outcome.isEmpty())
        object.insert(u"outcome"_s, outcome);
    return object;
}

Result<TesterRequest> TesterRequest::fromJson(const QJsonObject &object)
{
    if (object["version"_L1].toInt() != version)
        return failure(u"it is no request of this program (\"version\": %1)"_s.arg(version));
    const auto endpoint = client::endpointOf(object["endpoint"_L1].toString().toUtf8());
    if (!endpoint)
        return failure(u"endpoint: \"%1\" is not known"_s.arg(object["endpoint"_L1].toString().left(100)));
    if (!object["body"_L1].isObject())
        return failure(u"body: expected an object"_s);
    TesterRequest request;
    const QJsonObject target = object["target"_L1].toObject();
    const qsizetype kind = kinds.indexOf(target["kind"_L1].toString());
    request.target = {kind < 0 ? TesterTarget::Kind::Balancer : TesterTarget::Kind(kind), target["name"_L1].toString()};
    request.spec = client::specOfBody(*endpoint, object["body"_L1].toObject());
    request.sentAt = QDateTime::fromString(object["sent_at"_L1].toString(), Qt::ISODateWithMs);
    request.outcome = object["outcome"_L1].toString();
    return request;
}

QString TesterRequest::title() const
{
    const QString text = spec.messages.isEmpty() ? spec.prompt : spec.messages.last().content;
    return text.simplified().left(60);
}

TesterHistory::TesterHistory(const QString &path) : m_path(path)
{
    QFile file(path);
    constexpr qint64 mostBytes = qint64(64) * 1024 * 1024;
    if (path.isEmpty() || !file.open(QIODevice::ReadOnly))
        return;
    const QJsonArray list = QJsonDocument::fromJson(file.read(mostBytes)).array();
    for (const QJsonValue &value : list) {
        if (auto request = TesterRequest::fromJson(value.toObject()); request && m_list.size() < most)
            m_list += *request;
    }
}

void TesterHistory::add(const TesterRequest &request)
{
    m_list.prepend(request);
    while (m_list.size() > most)
        m_list.removeLast();
    if (m_path.isEmpty())
        return;
    QJsonArray list;
    for (const TesterRequest &entry : std::as_const(m_list)) {
        QJsonObject object = entry.toJson();
        constexpr qsizetype longest = 256 * 1024; // a prompt of that length is no history
        if (QJsonDocument(object).toJson(QJsonDocument::Compact).size() <= longest)
            list.append(object);
    }
    QDir().mkpath(QFileInfo(m_path).path());
    QSaveFile file(m_path);
    if (file.open(QIODevice::WriteOnly)) {
        file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner); // prompts are nobody else's business
        file.write(QJsonDocument(list).toJson(QJsonDocument::Compact));
        file.commit();
    }
}

} // namespace pdlb::gui
