# SPDX-License-Identifier: Apache-2.0
foreach(name IN ITEMS tst_mock_http tst_mock_faults tst_mock_engine tst_mock_pair)
    pdlb_unit_test(${name})
endforeach()
