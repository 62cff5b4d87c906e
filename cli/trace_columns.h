// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QJsonObject>
#include <QStringList>

namespace pdlb::cli {

/// The chosen columns of a list of requests, a line for each; what it shows are the members of trace::summaryJson().
class TraceColumns
{
public:
    /// Names separated by commas; empty: the usual ones. Errors: there is no such column.
    static Result<TraceColumns> parse(const QString &names, bool color);
    static QStringList names();

    QString header() const;
    QString line(const QJsonObject &request) const;

private:
    QList<int> m_columns; ///< of the table
    bool m_color = false;
};

} // namespace pdlb::cli
