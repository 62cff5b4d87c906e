// SPDX-License-Identifier: Apache-2.0
#include "doctor/report.h"

#include "util/escape.h"

#include <QJsonArray>
#include <QTextStream>

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

constexpr qsizetype columns = 110;
constexpr const char *red = "\x1b[31m";
constexpr const char *yellow = "\x1b[33m";
constexpr const char *green = "\x1b[32m";
constexpr const char *plain = "";

struct Cell {
    QString text;
    const char *colour = plain;
};
using Row = QList<Cell>;

class Writer
{
public:
    explicit Writer(const TextStyle &style) : m_style(style) {}

    QString painted(const Cell &cell) const
    {
        return m_style.colours && *cell.colour ? QLatin1StringView(cell.colour) + cell.text + u"\x1b[0m"_s : cell.text;
    }
    void table(const QList<Row> &rows)
    {
        QList<qsizetype> widths;
        for (const Row &row : rows) {
            for (qsizetype i = 0; i < row.size(); ++i) {
                if (i >= widths.size())
                    widths += 0;
                widths[i] = std::max(widths[i], row[i].text.size());
            }
        }
        for (const Row &row : rows) {
            QString line;
            for (qsizetype i = 0; i < row.size(); ++i)
                line += painted(row[i]) +
                        (i + 1 < row.size() ? QString(widths[i] - row[i].text.size() + 2, u' ') : QString());
            out += line + u'\n';
        }
    }
    /// "  label  text", further lines under the text.
    void paragraph(const QString &label, const QString &text)
    {
        const QString indent = u"  "_s + label.leftJustified(6);
        QString line = indent;
        for (const QString &word : text.split(u' ')) {
            if (line.size() > indent.size() && line.size() + 1 + word.size() > columns) {
                out += line + u'\n';
                line = QString(indent.size(), u' ');
            }
            if (line.size() > indent.size())
                line += u' ';
            line += word;
        }
        out += line + u'\n';
    }

    QString out;

private:
    TextStyle m_style;
};

QString text(const QJsonValue &value)
{
    return value.isDouble()   ? QString::number(value.toInteger())
           : value.isString() ? escapeControls(value.toString())
                              : u"-"_s;
}

QString milliseconds(const QJsonValue &value)
{
    return value.isDouble() ? u"%1 ms"_s.arg(value.toDouble(), 0, 'f', value.toDouble() < 10 ? 1 : 0) : u"-"_s;
}

QString sizes(const QJsonObject &object)
{
    return text(object["tp_size"_L1]) + u'/' + text(object["dp_size"_L1]) + u'/' + text(object["pp_size"_L1]);
}

/// "ok", or the worst finding's name.
Cell state(const QJsonArray &findings)
{
    for (const auto &[severity, colour] : {std::pair{"error"_L1, red}, std::pair{"warning"_L1, yellow}}) {
        for (const QJsonValue &finding : findings) {
            if (finding["severity"_L1].toString() == severity)
                return {text(finding["name"_L1]), colour};
        }
    }
    return {u"ok"_s, green};
}

QString clock(const QJsonObject &server)
{
    const QJsonValue offset = server["clock_offset_ms"_L1];
    if (!offset.isDouble())
        return u"unknown"_s;
    const double plusMinus = server["clock_plus_minus_ms"_L1].toDouble();
    return u"%1%2 ms ±%3"_s.arg(offset.toDouble() < 0 ? u""_s : u"+"_s)
        .arg(offset.toDouble(), 0, 'f', 0)
        .arg(plusMinus, 0, 'f', 0);
}

void writeServers(Writer &writer, const QJsonArray &servers)
{
    QList<Row> rows{{{u"SERVER"_s},
                     {u"ROLE"_s},
                     {u"WHERE"_s},
                     {u"STATE"_s},
                     {u"VERSION"_s},
                     {u"MODEL"_s},
                     {u"PAGE"_s},
                     {u"KV"_s},
                     {u"TP/DP/PP"_s},
                     {u"TRANSFER"_s},
                     {u"CLOCK"_s},
                     {u"ALONE"_s}}};
    for (const QJsonValue &value : servers) {
        const QJsonObject server = value.toObject();
        const QJsonObject engine = server["engine"_L1].toObject();
        rows += {{text(server["name"_L1])},
                 {text(server["role"_L1])},
                 {text(server["url"_L1])},
                 state(server["findings"_L1].toArray()),
                 {text(engine["version"_L1])},
                 {text(engine["model_path"_L1])},
                 {text(engine["page_size"_L1])},
                 {text(engine["kv_cache_dtype"_L1])},
                 {sizes(engine)},
                 {text(engine["disaggregation_transfer_backend"_L1])},
                 {clock(server)},
                 {milliseconds(server["alone_ms"_L1])}};
        if (!server.contains("bootstrap"_L1))
            continue;
        const QJsonObject bootstrap = server["bootstrap"_L1].toObject();
        const bool asked = bootstrap["port"_L1].isDouble();
        rows += {{QString()},
                 {u"bootstrap"_s},
                 {asked ? text(bootstrap["host"_L1]) + u':' + text(bootstrap["port"_L1]) : u"port unknown"_s},
                 asked || !bootstrap["findings"_L1].toArray().isEmpty() ? state(bootstrap["findings"_L1].toArray())
                                                                        : Cell{u"not asked"_s}};
    }
    writer.table(rows);
}

Cell pairCell(const QJsonObject &pair)
{
    const QString verdict = pair["verdict"_L1].toString();
    if (verdict == "works"_L1)
        return {u"works "_s + milliseconds(pair["decode_ms"_L1]), green};
    const Cell worst = state(pair["findings"_L1].toArray());
    if (verdict == "suspect"_L1)
        return {u"works "_s + milliseconds(pair["decode_ms"_L1]) + u", "_s + worst.text, yellow};
    if (verdict == "fails"_L1)
        return {u"FAILS "_s + worst.text, red};
    return {u"not paired"_s};
}

void writePairs(Writer &writer, const QJsonArray &servers, const QJsonArray &pairs)
{
    QStringList prefills, decodes;
    for (const QJsonValue &server : servers)
        (server["role"_L1].toString() == "prefill"_L1 ? prefills : decodes) += server["name"_L1].toString();
    QHash<std::pair<QString, QString>, Cell> cells;
    for (const QJsonValue &pair : pairs)
        cells.insert({pair["prefill"_L1].toString(), pair["decode"_L1].toString()}, pairCell(pair.toObject()));
    QList<Row> rows{{{u"PAIRS"_s}}};
    for (const QString &decode : decodes)
        rows.first() += Cell{escapeControls(decode)};
    for (const QString &prefill : prefills) {
        Row row{{escapeControls(prefill)}};
        for (const QString &decode : decodes)
            row += cells.value({prefill, decode}, {u"-"_s});
        rows += row;
    }
    writer.table(rows);
}

/// Findings that differ only in where they are, told once.
void writeFindings(Writer &writer, const QJsonArray &servers, const QJsonArray &pairs)
{
    struct Told {
        QJsonObject finding;
        QStringList where;
    };
    QList<Told> list;
    const auto add = [&](const QJsonValue &findings) {
        for (const QJsonValue &value : findings.toArray()) {
            QJsonObject finding = value.toObject();
            const QString where = finding.take("where"_L1).toString();
            auto told = std::find_if(list.begin(), list.end(), [&](const Told &t) { return t.finding == finding; });
            if (told == list.end())
                told = list.insert(list.end(), Told{finding, {}});
            if (!told->where.contains(where))
                told->where += where;
        }
    };
    for (const QJsonValue &server : servers) {
        add(server["findings"_L1]);
        add(server["bootstrap"_L1]["findings"_L1]);
    }
    for (const QJsonValue &pair : pairs)
        add(pair["findings"_L1]);
    const std::pair<QLatin1StringView, Cell> severities[] = {
        {"error"_L1, {u"ERROR"_s, red}}, {"warning"_L1, {u"WARNING"_s, yellow}}, {"note"_L1, {u"NOTE"_s}}};
    for (const auto &[severity, heading] : severities) {
        for (const auto &[finding, where] : std::as_const(list)) {
            if (finding["severity"_L1].toString() != severity)
                continue;
            writer.out += u'\n' + writer.painted(heading) + u' ' + text(finding["name"_L1]) + u" ("_s +
                          escapeControls(where.join(u", "_s)) + u")\n"_s;
            writer.paragraph(u"what"_s, text(finding["what"_L1]));
            writer.paragraph(u"why"_s, text(finding["cause"_L1]));
            writer.paragraph(u"do"_s, text(finding["fix"_L1]));
        }
    }
}

} // namespace

QString reportText(const QJsonObject &report, const TextStyle &style)
{
    const QJsonArray servers = report["servers"_L1].toArray();
    const QJsonArray pairs = report["pairs"_L1].toArray();
    Writer writer(style);
    writeServers(writer, servers);
    writer.out += u'\n';
    writePairs(writer, servers, pairs);
    writeFindings(writer, servers, pairs);
    const auto count = [&](QLatin1StringView verdict) {
        return std::count_if(pairs.begin(), pairs.end(),
                             [&](const QJsonValue &pair) { return pair["verdict"_L1].toString() == verdict; });
    };
    writer.out += u"\n%1 of %2 pairs work, %3 of them with warnings; %4 cannot work (%5 s)\n"_s
                      .arg(count("works"_L1) + count("suspect"_L1))
                      .arg(pairs.size() - count("not_paired"_L1))
                      .arg(count("suspect"_L1))
                      .arg(count("fails"_L1))
                      .arg(report["seconds"_L1].toDouble(), 0, 'f', 1);
    return writer.out;
}

} // namespace pdlb::doctor
