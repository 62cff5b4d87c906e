# SPDX-License-Identifier: Apache-2.0
# Fails when a text of FILE (Qt's .ts) has no finished translation.
file(READ ${FILE} text)
string(REGEX MATCHALL "type=\"unfinished\"" unfinished "${text}")
list(LENGTH unfinished count)
string(REGEX MATCHALL "<source>" sources "${text}")
list(LENGTH sources total)
if(total LESS 100 OR count GREATER 0)
    message(FATAL_ERROR "${count} of ${total} texts have no translation; see HACKING.md")
endif()
message("${total} texts are translated")
