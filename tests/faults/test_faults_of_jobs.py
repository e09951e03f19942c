"""Jobs of Bulk 2.0 that are given up half way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.desk import Desk

BULK = {"bulk_reads_from": 3}
ENDS = pytest.mark.parametrize(
    "kind",
    [
        pytest.param("job_failed", marks=pytest.mark.fault("job_failed")),
        pytest.param("job_aborted", marks=pytest.mark.fault("job_aborted")),
    ],
)


@ENDS
@pytest.mark.guarantee("G2")
def test_a_window_whose_job_is_given_up_is_read_by_pages(open_desk: Callable[..., Desk], kind: str) -> None:
    desk = open_desk(extra=BULK)
    fault = desk.salesforce.fault(kind, operation="queryAll")
    desk.in_step(6)
    assert fault.struck == 1
