// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "widgets/plain_edit.h"

namespace pdlb::gui {

/// A body, read-only: JSON is laid out in lines, everything else is shown as it is; secrets are hidden. Long ones are cut.
class BodyView final : public PlainEdit
{
    Q_OBJECT

public:
    explicit BodyView(QWidget *parent = nullptr);
    void setBody(const QByteArray &bytes);
    void setLines(const QString &text);

    static constexpr qsizetype most = qsizetype(2) * 1024 * 1024; ///< bytes that are shown

private:
    class Highlighter;
};

} // namespace pdlb::gui
