# SPDX-License-Identifier: Apache-2.0
pdlb_unit_test(tst_json_scan)
pdlb_unit_test(tst_pd_shape)
pdlb_unit_test(tst_pd_plan)
pdlb_unit_test(tst_pd_merger)
