# SPDX-License-Identifier: Apache-2.0
# Fails when appstreamcli (PROGRAM) finds a mistake in FILE, other than that the project has no home page.
execute_process(COMMAND ${PROGRAM} validate --no-net ${FILE} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
message("${output}")
string(REGEX REPLACE "W: [^\n]*url-homepage-missing\n" "" rest "${output}")
if(NOT output MATCHES "Validation" OR rest MATCHES "(^|\n)[EW]: ")
    message(FATAL_ERROR "appstreamcli is not content (it ended with ${result})")
endif()
