// SPDX-License-Identifier: Apache-2.0

// Table C as a JSON list on standard output; bytes in base64.
#include "tables/client_rows.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <cstdio>

using namespace pdlb::tables;
using namespace Qt::StringLiterals;

namespace {

QString base64(const QByteArray &bytes)
{
    return QString::fromLatin1(bytes.toBase64());
}

QJsonObject toJson(const ClientRow &row)
{
    QJsonArray answers;
    for (const QList<int> &allowed : row.answers) {
        QJsonArray statuses;
        for (const int status : allowed)
            statuses.append(status);
        answers.append(statuses);
    }
    QJsonArray requests;
    for (const SeenRequest &request : row.requests) {
        requests.append(QJsonObject{{u"method"_s, QString::fromLatin1(request.method)},
                                    {u"target"_s, QString::fromLatin1(request.target)},
                                    {u"body"_s, base64(request.body)}});
    }
    static const char *fates[] = {"closed", "kept", "either"};
    return {{u"id"_s, QString::fromLatin1(row.id)},
            {u"name"_s, QString::fromLatin1(row.name)},
            {u"bytes"_s, base64(row.bytes)},
            {u"answers"_s, answers},
            {u"fate"_s, QString::fromLatin1(fates[int(row.fate)])},
            {u"requests"_s, requests},
            {u"interim"_s, row.interim},
            {u"half_closed"_s, row.halfClosed},
            {u"waits"_s, row.waits}};
}

} // namespace

int main()
{
    QJsonArray list;
    for (const ClientRow &row : clientRows())
        list.append(toJson(row));
    const QByteArray json = QJsonDocument(list).toJson();
    return std::fwrite(json.constData(), 1, size_t(json.size()), stdout) == size_t(json.size()) ? 0 : 1;
}
