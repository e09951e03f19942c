"""What every connector must do, whatever system it speaks to.

A connector's test module subclasses `ConnectorContract` and gives the fixture `world`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pandas as pd
import pytest
from pydantic import TypeAdapter

from modstamp.errors import ConfigurationError, LimitReachedError
from modstamp.frames import object_frame
from modstamp.instants import to_text
from modstamp.mapping.conditions import Condition, Criteria
from modstamp.model import Action, Column, Operation, Presence, Status, Values, Window
from modstamp.ports import Connector, Page

MOMENT = datetime(2025, 6, 1, 12, 0, 0, tzinfo=UTC)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class World(Protocol):
    """An outside system, seen from behind, with one type to play with."""

    @property
    def connector(self) -> Connector: ...

    type_name: str
    key: str  # a text field that recognises a record
    text: str  # a text field that may be empty
    page: int  # records per page

    def values(self, number: int) -> dict[str, str]:
        """A record that the system accepts. Its key differs from every other number's."""
        ...

    def create(self, values: Iterable[Values], at: datetime = MOMENT) -> list[str]: ...

    def delete(self, record_id: str) -> None: ...

    def hide(self, record_id: str) -> None: ...

    def merge(self, winner: str, loser: str) -> None: ...

    def convert(self, record_id: str) -> str:
        """Let a record become one of another type, ``Type:id``."""
        ...

    def read(self, record_id: str) -> Values: ...

    def refuse(self, text: str) -> None:
        """From now on the system refuses records whose text field has this value."""
        ...

    def drop_field(self, name: str) -> None: ...

    def lose_answer(self, *, done: bool) -> None:
        """The next write is done, or not, and gets no answer."""
        ...

    def exhaust(self) -> None:
        """From now on no call is left."""
        ...


def whole(world: World, *, lower: datetime | None = EPOCH, after: tuple[datetime, str] | None = None) -> Window:
    return Window(lower=lower, upper=world.connector.now(), after=after)


def pull(world: World, window: Window, fields: Sequence[str] = ()) -> tuple[pd.DataFrame, list[Page]]:
    pages = list(world.connector.pull(world.type_name, fields or [world.key, world.text], window))
    return pd.concat([page.records for page in pages], ignore_index=True), pages


def update(record_id: str, **values: str | None) -> Action:
    return Action(operation=Operation.UPDATE, id=record_id, values=values)


class ConnectorContract:
    def test_the_clock_is_aware(self, world: World) -> None:
        assert world.connector.now().utcoffset() == timedelta(0)

    def test_a_type_is_described(self, world: World) -> None:
        described = world.connector.describe(world.type_name)
        assert described.fields[world.key].kind == "text"
        assert described.fields[world.text].updateable

    def test_an_unknown_type_is_a_fault_of_the_configuration(self, world: World) -> None:
        with pytest.raises(ConfigurationError, match="NoSuchType"):
            world.connector.describe("NoSuchType")

    @pytest.mark.guarantee("G1")
    def test_both_ends_of_a_window_belong_to_it(self, world: World) -> None:
        seconds = [-1, 0, 5, 6]
        ids = [world.create([world.values(n)], MOMENT + timedelta(seconds=n))[0] for n in seconds]
        records, _ = pull(world, Window(lower=MOMENT, upper=MOMENT + timedelta(seconds=5)))
        assert list(records[Column.ID]) == ids[1:3]
        assert list(records[Column.STAMP]) == [to_text(MOMENT), to_text(MOMENT + timedelta(seconds=5))]

    def test_a_window_without_a_lower_end_reads_everything(self, world: World) -> None:
        ids = world.create([world.values(1)], EPOCH)
        records, _ = pull(world, whole(world, lower=None))
        assert list(records[Column.ID]) == ids

    def test_an_empty_window_is_one_empty_page(self, world: World) -> None:
        records, pages = pull(world, whole(world))
        assert [(page.total, len(page.records)) for page in pages] == [(0, 0)]
        assert {world.key, world.text, *Column} == set(records.columns)

    def test_values_are_scalars_in_object_columns(self, world: World) -> None:
        values = {**world.values(1), world.text: None}
        world.create([values])
        records, _ = pull(world, whole(world))
        assert {str(kind) for kind in records.dtypes} == {"object"}
        row = records.iloc[0]
        assert row[world.key] == values[world.key]
        assert row[world.text] is None
        assert row[Column.STATE] == Presence.FOUND
        assert row[Column.MODIFIED_AT] == to_text(MOMENT)
        assert row[Column.MODIFIED_BY]
        assert row[Column.READ_AT].endswith("Z")

    @pytest.mark.guarantee("G2")
    def test_a_tie_larger_than_a_page_is_read_whole_and_in_order(self, world: World) -> None:
        ids = world.create(world.values(n) for n in range(2 * world.page + 1))
        records, pages = pull(world, whole(world))
        assert list(records[Column.ID]) == sorted(ids)
        assert len(pages) > 1
        assert {page.total for page in pages} == {len(ids)}

    @pytest.mark.guarantee("G3")
    def test_a_checkpoint_goes_on_behind_its_record(self, world: World) -> None:
        tied = sorted(world.create([world.values(n) for n in range(5)]))
        later = world.create([world.values(6)], MOMENT + timedelta(seconds=1))
        world.create([world.values(7)], MOMENT - timedelta(seconds=1))
        records, pages = pull(world, whole(world, after=(MOMENT, tied[2])))
        assert list(records[Column.ID]) == tied[3:] + later
        assert pages[0].total == 3

    @pytest.mark.guarantee("G12")
    @pytest.mark.guarantee("G3")
    def test_a_slice_is_the_first_records_in_order(self, world: World) -> None:
        ids = [world.create([world.values(n)], MOMENT + timedelta(seconds=n))[0] for n in range(5)]
        window = whole(world)
        records, pages = pull(world, replace(window, at_most=3))
        assert list(records[Column.ID]) == ids[:3]
        assert {page.total for page in pages} == {3}
        rest, _ = pull(world, replace(window, at_most=3, after=(MOMENT + timedelta(seconds=2), ids[2])))
        assert list(rest[Column.ID]) == ids[3:]

    def test_a_window_is_counted_with_its_deleted_records(self, world: World) -> None:
        ids = world.create(world.values(n) for n in range(4))
        world.delete(ids[0])
        window = whole(world)
        assert world.connector.count(world.type_name, window) == 4
        assert world.connector.count(world.type_name, replace(window, upper=MOMENT - timedelta(seconds=1))) == 0

    def test_reading_more_never_costs_less(self, world: World) -> None:
        assert world.connector.calls_to_read(0) == 1
        assert world.connector.calls_to_read(world.page + 1) >= world.connector.calls_to_read(world.page) >= 1

    def test_finding_nothing_costs_nothing_and_more_never_less(self, world: World) -> None:
        few, many = (
            object_frame({world.key: [world.values(n)[world.key] for n in range(size)]}) for size in (2, 9_000)
        )
        assert world.connector.calls_to_find(world.type_name, [], few[:0]) == 0
        assert world.connector.calls_to_find(world.type_name, [], few) >= 1
        assert world.connector.calls_to_find(world.type_name, [], few) <= world.connector.calls_to_find(
            world.type_name, [], many
        )

    def test_a_deleted_record_is_read_as_deleted(self, world: World) -> None:
        ids = world.create([world.values(1), world.values(2)])
        world.delete(ids[0])
        records, _ = pull(world, whole(world))
        states = dict(zip(records[Column.ID], records[Column.STATE], strict=True))
        assert states == {ids[0]: Presence.DELETED, ids[1]: Presence.FOUND}

    @pytest.mark.guarantee("G12")
    def test_a_merged_record_names_its_survivor(self, world: World) -> None:
        winner, loser, other = world.create([world.values(n) for n in range(3)])
        world.merge(winner, loser)
        world.delete(other)
        for records in (pull(world, whole(world))[0], world.connector.get(world.type_name, [], [winner, loser, other])):
            known = records.set_index(Column.ID)
            assert dict(known[Column.MOVED_TO]) == {winner: None, loser: f"{world.type_name}:{winner}", other: None}
            assert known[Column.STATE][loser] == Presence.DELETED

    @pytest.mark.guarantee("G12")
    def test_a_converted_record_names_what_it_became(self, world: World) -> None:
        (record,) = world.create([world.values(1)])
        became = world.convert(record)
        for records in (pull(world, whole(world))[0], world.connector.get(world.type_name, [world.key], [record])):
            assert list(records[Column.MOVED_TO]) == [became]
            assert list(records[Column.STATE]) == [Presence.FOUND]

    @pytest.mark.guarantee("G8")
    def test_a_field_that_is_gone_is_left_out(self, world: World) -> None:
        ids = world.create([world.values(1)])
        world.connector.describe(world.type_name)
        world.drop_field(world.text)
        pulled, _ = pull(world, whole(world))
        read = world.connector.get(world.type_name, [world.key, world.text], ids)
        for records in (pulled, read):
            assert world.text not in records
            assert list(records[world.key]) == [world.values(1)[world.key]]

    @pytest.mark.guarantee("G12")
    def test_get_tells_found_deleted_and_hidden_apart(self, world: World) -> None:
        ids = world.create([world.values(n) for n in range(4)])
        world.delete(ids[1])
        world.hide(ids[2])
        asked = [ids[3], ids[2], ids[1], ids[0]]
        records = world.connector.get(world.type_name, [world.key], asked)
        assert list(records[Column.ID]) == asked
        assert list(records[Column.STATE]) == [Presence.FOUND, Presence.HIDDEN, Presence.DELETED, Presence.FOUND]
        assert records[world.key][0] == world.values(3)[world.key]
        assert records[world.key][1] is None

    def test_get_of_nothing_is_an_empty_frame(self, world: World) -> None:
        records = world.connector.get(world.type_name, [world.key], [])
        assert len(records) == 0
        assert {world.key, *Column} == set(records.columns)

    def test_find_compares_without_case_and_finds_only_the_living(self, world: World) -> None:
        ids = world.create([world.values(n) for n in range(4)])
        world.delete(ids[1])
        world.hide(ids[2])
        wanted = [world.values(n)[world.key].upper() for n in range(3)]
        found = world.connector.find(world.type_name, [world.text], object_frame({world.key: [*wanted, None]}))
        assert list(found[Column.ID]) == ids[:1]
        assert list(found[world.key]) == [world.values(0)[world.key]]
        assert world.text in found

    def test_find_wants_all_columns_of_one_row(self, world: World) -> None:
        rows = [{**world.values(n), world.text: text} for n, text in enumerate(["a", "b", 'a\'s \\ "c"'])]
        ids = world.create(rows)
        texts = ["a", "a", 'a\'s \\ "c"']
        keys = object_frame({world.key: [row[world.key] for row in rows], world.text: texts})
        found = world.connector.find(world.type_name, [], keys)
        assert sorted(found[Column.ID]) == sorted([ids[0], ids[2]])

    @pytest.mark.requirement("STG-030")
    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ({"operator": "is", "value": "Ann"}, ["Ann"]),
            ({"operator": "is not", "value": "Ann"}, ["ann", "Bea", None]),
            ({"operator": "starts with", "value": "AN"}, ["Ann", "ann"]),
            ({"operator": "does not contain", "value": "an"}, ["Bea", None]),
            ({"operator": "in", "value": ["Bea", None]}, ["Bea", None]),
            ({"operator": "is empty"}, [None]),
            ({"operator": "greater than", "value": 5}, []),
        ],
    )
    def test_find_applies_criteria_exactly(self, world: World, row: dict[str, object], expected: list[object]) -> None:
        texts = ["Ann", "ann", "Bea", None]
        world.create([{**world.values(n), world.text: text} for n, text in enumerate(texts)])
        condition = TypeAdapter(Condition).validate_python({"field": world.text, **row})
        keys = object_frame({world.key: [world.values(n)[world.key] for n in range(4)]})
        found = world.connector.find(world.type_name, [], keys, criteria=Criteria(condition, MOMENT))
        assert sorted(found[world.text], key=texts.index) == expected

    def test_find_of_nothing_is_an_empty_frame(self, world: World) -> None:
        world.create([{**world.values(1), world.text: None}])
        for keys in ([], [None, ""]):
            found = world.connector.find(world.type_name, [world.key], object_frame({world.text: keys}))
            assert len(found) == 0
            assert {world.key, world.text, *Column} == set(found.columns)
        equal_in_one = object_frame({world.key: [world.values(1)[world.key]], world.text: ["another"]})
        found = world.connector.find(world.type_name, [world.key], equal_in_one)
        assert len(found) == 0
        assert {world.key, world.text, *Column} == set(found.columns)

    @pytest.mark.guarantee("G21")
    def test_what_our_user_created_is_found_by_its_time_deleted_or_not(self, world: World) -> None:
        since = world.connector.now() - timedelta(seconds=5)
        world.create([world.values(1)], since)
        creates = [Action(operation=Operation.CREATE, id=None, values=world.values(n)) for n in (2, 3)]
        ids = [str(outcome.id) for outcome in world.connector.push(world.type_name, creates, [world.key])]
        world.delete(ids[0])
        until = world.connector.now() + timedelta(seconds=5)
        found = world.connector.created(world.type_name, [world.key], since, until)
        states = dict(zip(found[Column.ID], found[Column.STATE], strict=True))
        assert states == {ids[0]: Presence.DELETED, ids[1]: Presence.FOUND}
        assert set(found[Column.CREATED_BY]) == {world.connector.user()}
        assert world.key in found
        earlier = since - timedelta(hours=1)
        assert world.connector.created(world.type_name, [world.key], earlier, since - timedelta(seconds=5)).empty

    def test_outcomes_come_in_the_order_of_their_actions(self, world: World) -> None:
        ids = world.create([world.values(n) for n in range(4)])
        world.delete(ids[2])
        world.refuse("refused")
        actions = [
            Action(operation=Operation.DELETE, id=ids[0]),
            Action(operation=Operation.CREATE, id=None, values=world.values(10)),
            update(ids[1], **{world.text: "refused"}),
            update(ids[2], **{world.text: "new"}),
            Action(operation=Operation.CREATE, id=None, values={**world.values(11), world.text: "refused"}),
            update(ids[3], **{world.text: "new"}),
            Action(operation=Operation.DELETE, id=ids[2]),
        ]
        outcomes = world.connector.push(world.type_name, actions, [world.key])
        expected = [
            Status.OK, Status.OK, Status.REJECTED, Status.MISSING, Status.REJECTED, Status.OK, Status.MISSING,
        ]  # fmt: skip
        assert [outcome.status for outcome in outcomes] == expected
        assert [outcome.id for outcome in outcomes if outcome.id][0] == ids[0]  # noqa: RUF015 - an empty list should fail
        assert outcomes[1].id
        assert world.read(outcomes[1].id)[world.key] == world.values(10)[world.key]
        assert outcomes[2].code
        assert outcomes[2].message
        assert world.read(ids[3])[world.text] == "new"

    @pytest.mark.guarantee("G19")
    def test_a_write_shows_what_it_left(self, world: World) -> None:
        ids = world.create([{**world.values(n), world.text: f"old {n}"} for n in range(2)])
        actions = [
            update(ids[0], **{world.text: "new"}),
            update(ids[1], **{world.text: None}),
            Action(operation=Operation.CREATE, id=None, values=world.values(5)),
        ]
        outcomes = world.connector.push(world.type_name, actions, [world.key, world.text])
        shown = [outcome.shown for outcome in outcomes]
        assert all(shown)
        assert [row[world.text] for row in shown[:2] if row] == ["new", None]
        assert [row[world.key] for row in shown if row] == [world.values(n)[world.key] for n in (0, 1, 5)]
        assert [row[Column.ID] for row in shown if row] == [outcome.id for outcome in outcomes]
        assert all(row[name] for row in shown if row for name in Column if name is not Column.MOVED_TO)

    def test_pushing_nothing_does_nothing(self, world: World) -> None:
        assert world.connector.push(world.type_name, [], [world.key]) == []

    @pytest.mark.guarantee("G21")
    @pytest.mark.parametrize("done", [True, False])
    def test_a_write_without_an_answer_is_unknown(self, world: World, *, done: bool) -> None:
        ids = world.create([{**world.values(1), world.text: "old"}])
        world.lose_answer(done=done)
        outcomes = world.connector.push(world.type_name, [update(ids[0], **{world.text: "new"})], [world.text])
        assert [outcome.status for outcome in outcomes] == [Status.UNKNOWN]
        assert world.read(ids[0])[world.text] == ("new" if done else "old")

    @pytest.mark.guarantee("G27")
    @pytest.mark.requirement("OSF-084")
    def test_a_call_over_the_limit_is_not_sent(self, world: World) -> None:
        ids = world.create([{**world.values(1), world.text: "old"}])
        world.connector.describe(world.type_name)
        world.exhaust()
        with pytest.raises(LimitReachedError) as caught:
            world.connector.push(world.type_name, [update(ids[0], **{world.text: "new"})], [world.text])
        assert caught.value.until
        with pytest.raises(LimitReachedError):
            world.connector.get(world.type_name, [world.text], ids)
        with pytest.raises(LimitReachedError):
            pull(world, whole(world))
        assert world.read(ids[0])[world.text] == "old"

    def test_what_a_connector_can_do_is_stated(self, world: World) -> None:
        abilities = world.connector.abilities()
        assert abilities.batch_size > 0
        assert abilities.read_size > 0
        assert world.connector.budget().used_by_us >= 0
