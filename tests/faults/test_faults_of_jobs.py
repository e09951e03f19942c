"""Jobs of Bulk 2.0 that are given up half way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.desk import Desk

BULK = {"bulk_reads_from": 3, "bulk_creates_from": 3}
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


@ENDS
@pytest.mark.guarantee("G21")
def test_creates_whose_job_is_given_up_half_way(open_desk: Callable[..., Desk], kind: str) -> None:
    desk = open_desk(extra=BULK)
    desk.in_step(0)
    for number in range(7):
        desk.add(f"new{number}@example.com")
    fault = desk.salesforce.fault(kind, object="Lead", operation="insert", rows=4)

    desk.push()

    assert fault.struck == 1
    assert len(desk.records()) == 4
    assert "the job ended before this record" in desk.said()
    assert desk.office.one("SELECT count(*) FROM sync_intents") == 0  # the job has told what became of each
    desk.settle()
    desk.account({(f"new{number}@example.com", "last_name"): "Inside" for number in range(7)})
