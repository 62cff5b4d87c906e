// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QTimer>

#include <functional>

class QLabel;
class QPushButton;

namespace pdlb::gui {

/// A line inside a page that says what happened, with something to do about it; in place of message boxes. Errors stay until
/// they are closed or replaced; information goes by itself.
class MessageBanner final : public QFrame
{
    Q_OBJECT

public:
    enum class Kind { Information, Warning, Error };

    explicit MessageBanner(QWidget *parent = nullptr);
    /// `text` is plain. `action`, if any, is a button's text.
    void show(Kind kind, const QString &text, const QString &action = {}, std::function<void()> act = {});
    void clear();
    QString text() const;
    Kind kind() const { return m_kind; }

    static constexpr std::chrono::milliseconds informationTime = std::chrono::seconds(6);

private:
    void paintTone();

    QLabel *m_icon;
    QLabel *m_text;
    QPushButton *m_action;
    std::function<void()> m_act;
    QTimer m_fade;
    Kind m_kind = Kind::Information;
};

} // namespace pdlb::gui
