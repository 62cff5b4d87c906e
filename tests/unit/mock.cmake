# SPDX-License-Identifier: Apache-2.0
foreach(name IN ITEMS tst_mock_pair)
    pdlb_unit_test(${name})
endforeach()
