// SPDX-License-Identifier: Apache-2.0
#include "pages/log_page.h"

#include "theme/theme.h"
#include "widgets/read_table.h"

#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSortFilterProxyModel>
#include <QTableView>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

class LogFilter final : public QSortFilterProxyModel
{
public:
    using QSortFilterProxyModel::QSortFilterProxyModel;
    void setLeast(int level)
    {
        m_least = level;
        invalidateRowsFilter();
    }

protected:
    bool filterAcceptsRow(int row, const QModelIndex &parent) const override
    {
        return sourceModel()->index(row, 0, parent).data(LogModel::LevelRole).toInt() >= m_least && QSortFilterProxyModel::filterAcceptsRow(row, parent);
    }

private:
    int m_least = 0;
};

constexpr std::chrono::milliseconds pause{250};

} // namespace

LogPage::LogPage(QWidget *parent) : QWidget(parent), m_model(new LogModel(this)), m_proxy(new LogFilter(this)), m_table(new QTableView(this))
{
    setObjectName(u"logPage"_s);
    m_proxy->setSourceModel(m_model);
    m_proxy->setFilterKeyColumn(-1);
    m_proxy->setFilterCaseSensitivity(Qt::CaseInsensitive);
    auto *title = new QLabel(tr("Log"), this);
    title->setFont(Theme::scaled(font(), 1.2, true));
    auto *level = new QComboBox(this);
    level->addItems({tr("everything"), tr("info and above"), tr("warnings and above"), tr("errors")});
    level->setCurrentIndex(1);
    level->setAccessibleName(tr("Least level that is shown"));
    auto *filter = new QLineEdit(this);
    filter->setPlaceholderText(tr("Show messages with …"));
    filter->setAccessibleName(tr("Show messages with this text"));
    filter->setClearButtonEnabled(true);
    auto *copyButton = new QPushButton(tr("Copy"), this);
    auto *clear = new QPushButton(tr("Clear"), this);
    auto *head = new QHBoxLayout;
    head->addWidget(title);
    head->addSpacing(8);
    head->addWidget(filter, 1);
    head->addWidget(level);
    head->addWidget(copyButton);
    head->addWidget(clear);
    m_table->setObjectName(u"logTable"_s);
    m_table->setAccessibleName(tr("Messages"));
    m_table->setModel(m_proxy);
    makeReadTable(*m_table, {14, 13, 18});
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->addLayout(head);
    layout->addWidget(m_table, 1);
    const auto showLevel = [this](int least) { static_cast<LogFilter *>(m_proxy)->setLeast(least); };
    showLevel(1);
    connect(level, &QComboBox::currentIndexChanged, this, showLevel);
    connect(filter, &QLineEdit::textChanged, m_proxy, &QSortFilterProxyModel::setFilterFixedString);
    connect(copyButton, &QPushButton::clicked, this, &LogPage::copy);
    connect(clear, &QPushButton::clicked, m_model, &LogModel::clear);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        const QScrollBar *bar = m_table->verticalScrollBar();
        const bool follows = bar->value() >= bar->maximum() - 2;
        m_model->add(LogMailbox::instance().take());
        if (follows && isVisible())
            m_table->scrollToBottom();
    });
    m_timer.start(pause);
}

void LogPage::add(const QString &text, bool isProblem)
{
    LogMailbox::instance().add({QDateTime::currentDateTime(), isProblem ? LogEntry::Level::Warning : LogEntry::Level::Info, u"pdlb.gui"_s, text});
}

/// What is selected, or everything that is shown.
void LogPage::copy()
{
    QStringList lines;
    QModelIndexList rows = m_table->selectionModel()->selectedRows();
    if (rows.isEmpty()) {
        for (int row = 0; row < m_proxy->rowCount(); ++row)
            rows += m_proxy->index(row, 0);
    }
    for (const QModelIndex &row : std::as_const(rows)) {
        QStringList fields;
        for (int column = 0; column < LogModel::ColumnCount; ++column)
            fields += row.siblingAtColumn(column).data().toString();
        lines += fields.join(u' ');
    }
    QGuiApplication::clipboard()->setText(lines.join(u'\n'));
}

} // namespace pdlb::gui
