// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <algorithm>

#include <sys/ioctl.h>
#include <unistd.h>

namespace pdlb::cli {

bool outputIsTerminal()
{
    return ::isatty(STDOUT_FILENO) == 1;
}

int outputWidth()
{
    constexpr int usual = 80;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const int columns = qEnvironmentVariableIntValue("COLUMNS");
    return columns > 0 ? columns : usual;
}

bool outputIsUnicode()
{
    for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        if (const QByteArray value = qgetenv(name).toLower(); !value.isEmpty())
            return value.contains("utf-8") || value.contains("utf8");
    }
    return false;
}

bool wantsColor(const std::string &choice)
{
    if (choice != "auto")
        return choice == "always";
    return outputIsTerminal() && qEnvironmentVariableIsEmpty("NO_COLOR") && qgetenv("TERM") != "dumb";
}

} // namespace pdlb::cli
