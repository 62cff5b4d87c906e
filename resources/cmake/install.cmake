# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: the library with its public headers and the CMake package pdlb (target pdlb::core; pdlb::policy for
# plugins with policies). The program's rule is in cli/.
include(CMakePackageConfigHelpers)

set(pdlb_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pdlb)

set_target_properties(pdlb_core PROPERTIES EXPORT_NAME core)
set_target_properties(pdlb_http PROPERTIES EXPORT_NAME http)
# Plugins take what they call from the program that loads them: headers are all they need.
add_library(pdlb_policy INTERFACE)
set_target_properties(pdlb_policy PROPERTIES EXPORT_NAME policy)
target_compile_features(pdlb_policy INTERFACE cxx_std_20)
target_include_directories(pdlb_policy INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/core> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/pdlb>)
target_link_libraries(pdlb_policy INTERFACE Qt6::Core)
install(TARGETS pdlb_core pdlb_http pdlb_policy EXPORT pdlbTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT pdlbTargets NAMESPACE pdlb:: DESTINATION ${pdlb_package_dir})

# The facade and what its header includes.
install(FILES ${PROJECT_SOURCE_DIR}/core/balancer.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pdlb)
foreach(folder IN ITEMS config http trace util)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pdlb
        FILES_MATCHING PATTERN "*.h")
endforeach()

install(FILES ${PROJECT_SOURCE_DIR}/core/pd/answer_facts.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pdlb/pd) # a part of records
install(FILES ${PROJECT_SOURCE_DIR}/core/fleet/policy.h ${PROJECT_SOURCE_DIR}/core/fleet/policy_plugin.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pdlb/fleet)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/pdlbConfig.cmake.in ${PROJECT_BINARY_DIR}/pdlbConfig.cmake
    INSTALL_DESTINATION ${pdlb_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pdlbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pdlbConfig.cmake ${PROJECT_BINARY_DIR}/pdlbConfigVersion.cmake
    ${CMAKE_CURRENT_LIST_DIR}/FindPrometheusCppCore.cmake
    DESTINATION ${pdlb_package_dir})
