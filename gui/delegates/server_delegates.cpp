// SPDX-License-Identifier: Apache-2.0
#include "delegates/server_delegates.h"

#include "models/matrix_model.h"
#include "models/server_model.h"
#include "models/trace_text.h"
#include "theme/theme.h"

#include <QComboBox>
#include <QLineEdit>
#include <QPainter>
#include <QSpinBox>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

void ServerDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    painter->save();
    const bool selected = option.state & QStyle::State_Selected;
    const QString problem = index.data(ServerModel::ProblemRole).toString();
    painter->fillRect(option.rect, color(selected ? Tone::Selection : Tone::Surface));
    painter->setPen(color(Tone::Border));
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
    QRect rect = option.rect.adjusted(8, 0, -8, 0);
    if (index.column() == ServerModel::EnabledColumn) {
        const bool enabled = index.data(Qt::CheckStateRole).toInt() == Qt::Checked;
        const QRect box(option.rect.center().x() - 7, option.rect.center().y() - 7, 14, 14);
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(QPen(color(enabled ? Tone::Accent : Tone::Muted), 1.2));
        painter->setBrush(enabled ? QBrush(color(Tone::Accent)) : QBrush(Qt::NoBrush));
        painter->drawRoundedRect(box, 3, 3);
        if (enabled) {
            painter->setPen(QPen(color(Tone::OnAccent), 1.8));
            painter->drawPolyline(QPolygonF{QPointF(box.left() + 3, box.center().y() + 1), QPointF(box.left() + 6, box.bottom() - 3), QPointF(box.right() - 2, box.top() + 4)});
        }
    } else {
        if (!problem.isEmpty()) {
            painter->setPen(color(Tone::Bad));
            painter->drawText(rect, Qt::AlignRight | Qt::AlignVCenter, u"✖"_s);
            rect.adjust(0, 0, -18, 0);
        }
        const QVariant foreground = index.data(Qt::ForegroundRole);
        painter->setPen(foreground.isValid() ? foreground.value<QColor>() : color(Tone::Text));
        painter->setFont(option.font);
        const auto alignment = Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt());
        QString text = index.data().toString();
        if (index.column() == ServerModel::LatencyColumn) {
            const auto latencies = index.data(ServerModel::LatenciesRole).value<QList<double>>();
            const int textWidth = option.fontMetrics.horizontalAdvance(u"0000 ms "_s);
            const QRectF line(rect.left() + textWidth, rect.top() + 7, rect.width() - textWidth, rect.height() - 14);
            if (latencies.size() > 1 && line.width() > 20) {
                const double top = std::max(*std::max_element(latencies.begin(), latencies.end()), 0.001);
                QPolygonF points;
                for (qsizetype i = 0; i < latencies.size(); ++i)
                    points += QPointF(line.left() + line.width() * double(i) / double(latencies.size() - 1), line.bottom() - line.height() * latencies[i] / top);
                painter->save();
                painter->setRenderHint(QPainter::Antialiasing);
                painter->setPen(QPen(color(Tone::Accent), 1.3));
                painter->drawPolyline(points);
                painter->restore();
            }
        }
        if (text.isEmpty() && !problem.isEmpty())
            text = u"…"_s;
        painter->drawText(rect, int(alignment) | Qt::TextSingleLine, option.fontMetrics.elidedText(text, Qt::ElideRight, rect.width()));
    }
    if (option.state & QStyle::State_HasFocus) {
        painter->setRenderHint(QPainter::Antialiasing, false);
        painter->setBrush(Qt::NoBrush);
        painter->setPen(color(Tone::Accent));
        painter->drawRect(option.rect.adjusted(0, 0, -1, -2));
    }
    painter->restore();
}

QWidget *ServerDelegate::createEditor(QWidget *parent, const QStyleOptionViewItem &, const QModelIndex &index) const
{
    switch (index.column()) {
    case ServerModel::RoleColumn: {
        auto *combo = new QComboBox(parent);
        combo->addItems({ServerModel::tr("prefill"), ServerModel::tr("decode")});
        combo->setAccessibleName(tr("Role"));
        return combo;
    }
    case ServerModel::WeightColumn: {
        auto *spin = new QSpinBox(parent);
        spin->setRange(1, 1000);
        spin->setAccessibleName(tr("Weight"));
        return spin;
    }
    default: {
        auto *edit = new QLineEdit(parent);
        edit->setAccessibleName(index.model()->headerData(index.column(), Qt::Horizontal).toString());
        return edit;
    }
    }
}

void ServerDelegate::setEditorData(QWidget *editor, const QModelIndex &index) const
{
    if (auto *combo = qobject_cast<QComboBox *>(editor))
        combo->setCurrentText(index.data(Qt::EditRole).toString());
    else if (auto *spin = qobject_cast<QSpinBox *>(editor))
        spin->setValue(index.data(Qt::EditRole).toInt());
    else if (auto *edit = qobject_cast<QLineEdit *>(editor); edit && !edit->isModified())
        edit->setText(index.data(Qt::EditRole).toString());
}

void ServerDelegate::setModelData(QWidget *editor, QAbstractItemModel *model, const QModelIndex &index) const
{
    if (const auto *combo = qobject_cast<QComboBox *>(editor))
        model->setData(index, combo->currentText());
    else if (const auto *spin = qobject_cast<QSpinBox *>(editor))
        model->setData(index, spin->value());
    else if (const auto *edit = qobject_cast<QLineEdit *>(editor); edit && edit->text() != index.data(Qt::EditRole).toString())
        model->setData(index, edit->text());
}

void MatrixDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const auto *model = qobject_cast<const MatrixModel *>(index.model());
    const MatrixModel::Cell *cell = model ? model->cell(index) : nullptr;
    if (!cell)
        return;
    Tone tint = Tone::Surface;
    Tone tone = Tone::Muted;
    switch (cell->state) {
    case MatrixModel::CellState::Good: tint = Tone::OkTint; tone = Tone::Ok; break;
    case MatrixModel::CellState::Slow: tint = Tone::WarnTint; tone = Tone::Warn; break;
    case MatrixModel::CellState::Bad: tint = Tone::BadTint; tone = Tone::Bad; break;
    case MatrixModel::CellState::Off:
    case MatrixModel::CellState::Unknown: tint = Tone::Raised; break;
    }
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->fillRect(option.rect, color(Tone::Surface));
    const QRectF box = QRectF(option.rect).adjusted(4, 4, -4, -4);
    const bool chosen = option.state & QStyle::State_Selected;
    painter->setPen(QPen(color(chosen ? Tone::Accent : Tone::Border), chosen ? 2 : 1));
    painter->setBrush(color(tint));
    painter->drawRoundedRect(box, 6, 6);
    const QRect inner = box.toRect().adjusted(10, 8, -8, -8);
    painter->setFont(Theme::scaled(option.font, 1.1));
    painter->setPen(color(tone));
    painter->drawText(inner, Qt::AlignLeft | Qt::AlignTop, MatrixModel::symbol(cell->state));
    const QFont small = Theme::scaled(option.font, 0.92);
    const QFontMetrics metrics(small);
    painter->setFont(small);
    painter->setPen(color(cell->state == MatrixModel::CellState::Off ? Tone::Muted : Tone::Text));
    painter->drawText(inner.adjusted(0, metrics.height() + 6, 0, 0), Qt::AlignLeft | Qt::AlignTop | Qt::TextSingleLine,
                      metrics.elidedText(cell->word, Qt::ElideRight, inner.width()));
    if (cell->ttftP50 && cell->paired) {
        painter->setPen(color(Tone::Muted));
        painter->drawText(inner.adjusted(0, 2 * metrics.height() + 7, 0, 0), Qt::AlignLeft | Qt::AlignTop | Qt::TextSingleLine,
                          metrics.elidedText(tr("TTFT %1").arg(TraceText::duration(*cell->ttftP50)), Qt::ElideRight, inner.width()));
    }
    painter->restore();
}

} // namespace pdlb::gui
