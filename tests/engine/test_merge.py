"""The table of fields: examples by hand, and a plain per-cell oracle against the vectorised one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstamp.engine.context import Context
from modstamp.engine.frames import ABSENT, Objects, column, frame, objects
from modstamp.engine.merge import Cell, Cells, merge
from modstamp.engine.transform import transform
from modstamp.mapping.field import FieldMapping, Placeholders
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from tests.engine.oracle import Judge, One

_TOLERANCE = 2.0


def mapping_with(**changes: Any) -> TypeMapping:
    return TypeMapping.model_validate(
        {
            "internal": "prospect",
            "external": "salesforce.Lead",
            "connection": "salesforce",
            "match": ["email"],
            "fields": [{"internal": "email", "external": "Email"}],
            **changes,
        }
    )


def judge(ones: list[One], field: FieldMapping, mapping: TypeMapping, direction: Direction) -> list[Cell]:
    cells = Cells(
        source=objects([each.source for each in ones]),
        target=objects([each.target for each in ones]),
        converted=_converted(ones, field, mapping, direction),
        source_base=objects([each.source_base for each in ones]),
        target_base=objects([each.target_base for each in ones]),
        waiting=np.array([each.waiting for each in ones], dtype=bool),
        unconfirmed=np.array([each.unconfirmed for each in ones], dtype=bool),
        kept=objects([each.kept for each in ones]),
        manual=np.array([each.manual for each in ones], dtype=bool),
        source_time=np.array([each.source_time for each in ones], dtype=float),
        target_time=np.array([each.target_time for each in ones], dtype=float),
    )
    return [Cell(cell) for cell in merge(field, mapping, direction, cells, _TOLERANCE).cells]


def _converted(ones: list[One], field: FieldMapping, mapping: TypeMapping, direction: Direction) -> Objects:
    """As a run converts it: nothing where it waits for a parent."""
    alone = mapping.model_copy(update={"fields": (field,)})
    records = frame({field.name(direction.source): [each.source for each in ones]})
    values = column(transform(records, alone, direction, {}, {}).converted, field.name(direction.target))
    return objects([None if each.waiting else value for each, value in zip(ones, values, strict=True)])


_values = st.sampled_from([None, "", "a", "b", "c", True, False])
_bases = st.one_of(st.just(ABSENT), _values)
_ones = st.builds(
    One,
    source=_values,
    target=_values,
    source_base=_bases,
    target_base=_bases,
    waiting=st.booleans(),
    unconfirmed=st.booleans(),
    kept=st.sampled_from([None, "internal", "external"]),
    manual=st.booleans(),
    source_time=st.sampled_from([0.0, 1.0, 2.0, 10.0]),
    target_time=st.sampled_from([0.0, 1.0, 2.0, 10.0]),
)
_fields = st.builds(
    FieldMapping,
    internal=st.just("email"),
    external=st.just("Email"),
    direction=st.sampled_from(["both", "in", "out"]),
    conflict=st.sampled_from(
        [None, "newest", "crm", "engagement", "crm_unless_blank", "engagement_unless_blank", "strictest", "ask"]
    ),
    skip_empty=st.sampled_from([(), (), ("inbound",), ("outbound",), ("inbound", "outbound")]),
    empty_as=st.builds(
        Placeholders, inbound=st.sampled_from([None, None, "a"]), outbound=st.sampled_from([None, None, "a", "b"])
    ),
    only_on=st.sampled_from([None, None, None, "create"]),
)
_derived = st.sampled_from(
    [
        (FieldMapping(internal="email", external="=Email|lower", direction="in"), Direction.POLLING),
        (FieldMapping(internal="=email|lower", external="Email", direction="out"), Direction.PUSHING),
    ]
)
_mappings = st.builds(
    mapping_with,
    first_link=st.sampled_from(["hold", "crm", "engagement"]),
    conflict=st.sampled_from(["newest", "crm", "engagement", "crm_unless_blank", "engagement_unless_blank", "ask"]),
)


@given(
    ones=st.lists(_ones, min_size=1, max_size=40),
    field=_fields,
    mapping=_mappings,
    direction=st.sampled_from(Direction),
)
def test_the_vectorised_table_is_the_table(
    ones: list[One], field: FieldMapping, mapping: TypeMapping, direction: Direction
) -> None:
    table = Judge(mapping=mapping, direction=direction, context=Context(tolerance=_TOLERANCE))
    assert judge(ones, field, mapping, direction) == [table.merged(one, field) for one in ones]


@given(ones=st.lists(_ones, min_size=1, max_size=40), derived=_derived, mapping=_mappings)
def test_derived_fields_are_in_the_table(
    ones: list[One], derived: tuple[FieldMapping, Direction], mapping: TypeMapping
) -> None:
    field, direction = derived
    table = Judge(mapping=mapping, direction=direction, context=Context(tolerance=_TOLERANCE))
    assert judge(ones, field, mapping, direction) == [table.merged(one, field) for one in ones]


def _one(**changes: Any) -> One:
    quiet: dict[str, Any] = {
        "source": "a",
        "target": "a",
        "source_base": "a",
        "target_base": "a",
        "waiting": False,
        "unconfirmed": False,
        "kept": None,
        "manual": False,
        "source_time": 0.0,
        "target_time": 0.0,
    }
    return One(**{**quiet, **changes})


_BOTH = FieldMapping(internal="email", external="Email")


@pytest.mark.guarantee("G9")
def test_a_server_that_rewrites_does_not_look_like_an_edit() -> None:
    # The user wrote ' V9 ', the server keeps 'v9': each side still equals its own base.
    one = _one(source="v9", source_base="v9", target=" V9 ", target_base=" V9 ")
    assert judge([one], _BOTH, mapping_with(), Direction.POLLING) == [Cell.SAME]


@pytest.mark.guarantee("G11")
def test_a_side_that_may_not_write_a_field_is_never_edited() -> None:
    inward = FieldMapping(internal="email", external="Email", direction="in")
    one = _one(target="edited inside")
    assert judge([one], inward, mapping_with(), Direction.POLLING) == [Cell.SAME]
    assert judge([_one(source="b", target="c")], inward, mapping_with(conflict="engagement"), Direction.POLLING) == [
        Cell.WRITE
    ]


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize(
    ("external_time", "internal_time", "expected"),
    [
        (10.0, 0.0, Cell.WRITE),
        (0.0, 10.0, Cell.LEAVE),
        (5.0, 5.0, Cell.WRITE),
        (5.0, 6.5, Cell.WRITE),
        (5.0, 7.5, Cell.LEAVE),
    ],
)
def test_newest_wins_and_external_when_too_close_to_tell(
    external_time: float, internal_time: float, expected: Cell
) -> None:
    one = _one(source="e", target="i", source_time=external_time, target_time=internal_time)
    assert judge([one], _BOTH, mapping_with(), Direction.POLLING) == [expected]


@pytest.mark.guarantee("G14")
def test_a_kept_decision_stands_against_the_clock() -> None:
    one = _one(source="e", target="i", source_time=10.0, kept="internal")
    assert judge([one], _BOTH, mapping_with(), Direction.POLLING) == [Cell.LEAVE]


@pytest.mark.guarantee("G19")
def test_an_internal_edit_wins_over_a_value_that_was_never_confirmed() -> None:
    one = _one(
        source="rewritten", source_base="sent", target="newer", target_base="sent", unconfirmed=True, source_time=99.0
    )
    assert judge([one], _BOTH, mapping_with(conflict="crm"), Direction.POLLING) == [Cell.LEAVE]


@pytest.mark.guarantee("G16")
def test_a_value_whose_parent_has_no_link_waits() -> None:
    assert judge([_one(source="parent", waiting=True)], _BOTH, mapping_with(), Direction.POLLING) == [Cell.WAIT]
