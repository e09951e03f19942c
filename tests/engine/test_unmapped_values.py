"""What becomes of a value that its value table does not name: held, passed on, or replaced."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp.engine.frames import frame
from modstamp.engine.transform import by_lookup, transform
from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.documents import Document
from modstamp.mapping.options import check
from modstamp.mapping.schema import TypeMapping
from modstamp.mapping.values import ValueTable
from modstamp.model import Direction

TABLES = {"stage": ValueTable("stage", (("New", "Open"),))}
REFERENCE = {"type": "stage", "by": "name"}


def mapping(**row: Any) -> TypeMapping:
    fields = [{"internal": "stage", "external": "Status", "values": "stage", **row}]
    return TypeMapping.model_validate(
        {"internal": "lead", "external": "salesforce.Lead", "connection": "salesforce", "fields": fields}
    )


@pytest.mark.parametrize(
    ("policy", "inbound", "outbound"),
    [
        ("hold", None, None),
        ("pass", "Odd", "Strange"),
        ({"inbound": "Bad Data", "outbound": "Other"}, "Bad Data", "Other"),
        ({"inbound": "Bad Data"}, "Bad Data", None),
    ],
)
def test_the_policy_says_what_travels(policy: Any, inbound: str | None, outbound: str | None) -> None:
    kept = mapping(unmapped=policy)
    for direction, values, expected in (
        (Direction.POLLING, ["Open", "Odd", None], ["New", inbound, None]),
        (Direction.PUSHING, ["New", "Strange", ""], ["Open", outbound, None]),
    ):
        (field,) = kept.fields
        done = transform(frame({field.name(direction.source): values}), kept, direction, TABLES, {})
        assert done.converted[field.name(direction.target)].tolist() == expected
        assert [bool(each) for each in done.rejected] == [False, expected[1] is None, False]


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ("hold", {"1": "Open"}),
        ("pass", {"1": "Open", "2": "Replied"}),
        ({"outbound": "Other"}, {"1": "Open", "2": "Other"}),
    ],
)
def test_a_stage_by_reference_goes_out_by_the_same_policy(policy: Any, found: dict[str, str]) -> None:
    (field,) = mapping(unmapped=policy, reference=REFERENCE).fields
    assert by_lookup(field, Direction.PUSHING, TABLES, {"1": "New", "2": "Replied"}) == found


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"values": None, "unmapped": "pass"}, "without a value table"),
        ({"direction": "in", "unmapped": {"outbound": "Other"}}, "nothing travels outbound"),
        ({"unmapped": {"inbound": "New"}}, ""),
        ({"unmapped": {"inbound": "Other"}}, "'Other' is in no pair"),
        ({"unmapped": {"outbound": "Else"}}, "'Else' is in no pair"),
        ({"unmapped": {"inbound": "Other", "outbound": "Else"}}, ""),
        ({"unmapped": {"inbound": "Other"}, "direction": "in"}, ""),
    ],
)
def test_a_policy_that_means_nothing_is_refused(row: dict[str, Any], told: str) -> None:
    problems = list(check(MappingFile(mapping=mapping(**row), document=Document("lead.yaml", {}, {}), tables=TABLES)))
    assert [told in each.what for each in problems] == ([True] if told else [])
