from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from modstamp.connectors.memory import Fault, MemoryConnector, MemorySystem
from modstamp.errors import RetryableError
from modstamp.model import Action, Column, Field, Operation, Presence, Status, TypeDescription, Values
from tests.connectors.contract import MOMENT, ConnectorContract, pull, update, whole

LEAD = TypeDescription(
    name="Lead",
    fields={
        "Email": Field(name="Email", kind="text", length=80, unique=True),
        "LastName": Field(name="LastName", kind="text", length=80, required=True),
        "Phone": Field(name="Phone", kind="text", length=40),
        "Status": Field(name="Status", kind="choice", choices=("New", "Old"), restricted=True),
    },
)
CONTACT = TypeDescription(name="Contact", fields={"Email": Field(name="Email", kind="text", length=80)})


class MemoryWorld:
    type_name = "Lead"
    key = "Email"
    text = "Phone"
    page = 5

    def __init__(self) -> None:
        self.system = MemorySystem(LEAD, CONTACT)
        self.connector = MemoryConnector(self.system, page_size=self.page, batch_size=3)

    def values(self, number: int) -> dict[str, str]:
        return {"Email": f"person{number}@example.com", "LastName": f"Person {number}"}

    def create(self, values: Iterable[Values], at: datetime = MOMENT) -> list[str]:
        now, self.system.clock = self.system.clock, at
        ids = [self.system.create("Lead", row) for row in values]
        self.system.clock = now
        return ids

    def delete(self, record_id: str) -> None:
        self.system.delete("Lead", record_id)

    def hide(self, record_id: str) -> None:
        self.system.hide("Lead", record_id)

    def merge(self, winner: str, loser: str) -> None:
        self.system.merge("Lead", winner, loser)

    def convert(self, record_id: str) -> str:
        return f"Contact:{self.system.convert('Lead', record_id, 'Contact')}"

    def read(self, record_id: str) -> Values:
        return self.system.rows("Lead")[record_id]

    def refuse(self, text: str) -> None:
        self.system.rules.append(lambda _, values: "no" if values["Phone"] == text else None)

    def drop_field(self, name: str) -> None:
        self.system.drop_field("Lead", name)

    def lose_answer(self, *, done: bool) -> None:
        self.system.faults.append((Fault.LOST_AFTER if done else Fault.LOST_BEFORE, 0))

    def exhaust(self) -> None:
        self.connector.maximum = self.connector.calls


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


class TestContract(ConnectorContract):
    pass


@pytest.mark.guarantee("G1")
def test_a_late_change_keeps_its_stamp_and_is_seen_late(world: MemoryWorld) -> None:
    record_id = world.system.create("Lead", world.values(1), late=5)
    stamp = world.connector.now()
    assert len(pull(world, whole(world))[0]) == 0
    world.system.advance(5)
    records, _ = pull(world, whole(world))
    assert list(records[Column.ID]) == [record_id]
    assert world.system.read("Lead", record_id).stamp == stamp  # type: ignore[union-attr]


def test_stamps_are_whole_seconds_so_two_edits_can_share_one(world: MemoryWorld) -> None:
    record_id = world.system.create("Lead", world.values(1))
    first = world.system.read("Lead", record_id)
    world.system.advance(0.5)
    world.system.edit("Lead", record_id, {"Phone": "1"})
    second = world.system.read("Lead", record_id)
    assert first
    assert second
    assert first.stamp == second.stamp
    assert first.fields != second.fields


def test_the_next_write_waits_for_an_open_transaction(world: MemoryWorld) -> None:
    record_id = world.system.create("Lead", world.values(1))
    world.system.edit("Lead", record_id, {"Phone": "1"}, late=60)
    world.system.edit("Lead", record_id, {"LastName": "New"}, late=60)
    shown = world.system.read("Lead", record_id)
    assert shown
    assert (shown.fields["Phone"], shown.fields["LastName"]) == ("1", "Person 1")
    world.system.advance(60)
    assert world.system.rows("Lead")[record_id]["LastName"] == "New"


def test_a_restored_record_lives_and_a_purged_one_leaves_no_proof(world: MemoryWorld) -> None:
    ids = world.create([world.values(1), world.values(2)])
    for record_id in ids:
        world.delete(record_id)
    world.system.restore("Lead", ids[0])
    world.system.purge("Lead", ids[1])
    records = world.connector.get("Lead", [], ids)
    assert list(records[Column.STATE]) == [Presence.FOUND, Presence.HIDDEN]


@pytest.mark.guarantee("G9")
def test_the_server_rewrites_what_it_gets(world: MemoryWorld) -> None:
    world.system.rewrites["Lead", "Phone"] = lambda value: str(value).strip()
    record_id = world.system.create("Lead", world.values(1))
    (outcome,) = world.connector.push("Lead", [update(record_id, Phone=" 1 ")], ["Phone"])
    assert outcome.shown
    assert outcome.shown["Phone"] == "1"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"LastName": None}, "REQUIRED_FIELD_MISSING"),
        ({"Phone": "1" * 41}, "STRING_TOO_LONG"),
        ({"Status": "Odd"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Nothing": "1"}, "INVALID_FIELD"),
        ({"Email": "PERSON2@example.com"}, "DUPLICATE_VALUE"),
    ],
)
def test_bad_values_are_refused_with_a_code(world: MemoryWorld, values: dict[str, str | None], code: str) -> None:
    ids = world.create([world.values(1), world.values(2)])
    (outcome,) = world.connector.push("Lead", [update(ids[0], **values)], [])
    assert (outcome.status, outcome.code) == (Status.REJECTED, code)
    assert outcome.message
    assert world.read(ids[0])["LastName"] == "Person 1"


def test_a_create_that_meets_its_own_key_names_the_record(world: MemoryWorld) -> None:
    ids = world.create([world.values(1)])
    action = Action(operation=Operation.CREATE, id=None, values=world.values(1))
    (outcome,) = world.connector.push("Lead", [action], [])
    assert (outcome.status, outcome.id) == (Status.EXISTS, ids[0])


def test_a_locked_row_is_to_be_tried_again(world: MemoryWorld) -> None:
    ids = world.create([world.values(1)])
    world.system.locked.add(("Lead", ids[0]))
    (outcome,) = world.connector.push("Lead", [update(ids[0], Phone="1")], [])
    assert outcome.status is Status.LOCKED


def test_a_slow_write_lands_after_its_answer_was_lost(world: MemoryWorld) -> None:
    ids = world.create([world.values(1)])
    world.system.faults.append((Fault.SLOW, 30))
    (outcome,) = world.connector.push("Lead", [update(ids[0], Phone="1")], [])
    assert outcome.status is Status.UNKNOWN
    assert world.connector.get("Lead", ["Phone"], ids)["Phone"][0] is None
    world.system.advance(30)
    assert world.connector.get("Lead", ["Phone"], ids)["Phone"][0] == "1"


def test_a_refused_request_may_be_sent_again(world: MemoryWorld) -> None:
    ids = world.create([world.values(1)])
    world.system.faults.append((Fault.REFUSED, 0))
    outcomes = [world.connector.push("Lead", [update(ids[0], Phone="1")], [])[0].status for _ in range(2)]
    assert outcomes == [Status.RETRY, Status.OK]


@pytest.mark.guarantee("G27")
def test_outcomes_of_what_was_sent_survive_the_limit(world: MemoryWorld) -> None:
    ids = world.create([world.values(n) for n in range(5)])
    world.connector.maximum = world.connector.calls + 1
    outcomes = world.connector.push("Lead", [update(record_id, Phone="1") for record_id in ids], [])
    assert [outcome.status for outcome in outcomes] == [Status.OK] * 3 + [Status.RETRY] * 2


def test_an_unreachable_system_is_to_be_tried_again(world: MemoryWorld) -> None:
    world.system.reachable = False
    with pytest.raises(RetryableError):
        world.connector.describe("Lead")


def test_a_client_may_get_no_read_back(world: MemoryWorld) -> None:
    world.connector.reads_back = False
    action = Action(operation=Operation.CREATE, id=None, values=world.values(1))
    (outcome,) = world.connector.push("Lead", [action], ["Phone"])
    assert outcome.status is Status.OK
    assert outcome.shown is None


def test_time_moves_only_when_it_is_moved(world: MemoryWorld) -> None:
    before = world.connector.now()
    world.system.advance(1.5)
    assert world.connector.now() - before == timedelta(seconds=1.5)
