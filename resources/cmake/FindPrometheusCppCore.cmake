# SPDX-License-Identifier: Apache-2.0
# Gives the target prometheus-cpp::core. Debian's own CMake package of prometheus-cpp finds all of its parts or none, and
# the others want libcurl, zlib and civetweb.
find_path(PROMETHEUS_CPP_INCLUDE_DIR prometheus/text_serializer.h)
find_library(PROMETHEUS_CPP_CORE_LIBRARY prometheus-cpp-core)
mark_as_advanced(PROMETHEUS_CPP_INCLUDE_DIR PROMETHEUS_CPP_CORE_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PrometheusCppCore
    REQUIRED_VARS PROMETHEUS_CPP_CORE_LIBRARY PROMETHEUS_CPP_INCLUDE_DIR)

if(PrometheusCppCore_FOUND AND NOT TARGET prometheus-cpp::core)
    add_library(prometheus-cpp::core UNKNOWN IMPORTED)
    set_target_properties(prometheus-cpp::core PROPERTIES
        IMPORTED_LOCATION "${PROMETHEUS_CPP_CORE_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${PROMETHEUS_CPP_INCLUDE_DIR}")
endif()
