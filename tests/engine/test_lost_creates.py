"""Creates without an own key whose answer was lost: who created what, and when, tells (G20, G21)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import pytest

from modstamp.connectors.memory import Fault
from modstamp.errors import LimitReachedError
from modstamp.model import Value
from tests.fixtures.world import LEAD, World

MAIL = "ada@example.com"
ADA = {"email": MAIL, "last_name": "Lovelace", "first_name": "Ada", "phone": "1"}

pytestmark = [pytest.mark.guarantee("G20"), pytest.mark.guarantee("G21")]


@pytest.fixture
def lost(sqlite_world: World) -> World:
    """After the first complete match."""
    sqlite_world.with_one_clock()
    sqlite_world.poll()
    return sqlite_world


def _lose(world: World, fault: Fault = Fault.LOST_AFTER, **changes: Value) -> str:
    record = world.prospect(**{**ADA, **changes})
    world.system.faults.append((fault, 0))
    world.push()
    return record


def _intents(world: World) -> int:
    return int(world.sql("SELECT count(*) FROM sync_intents")[0][0])


def _once(world: World, record: str) -> None:
    """The record exists once on each side, and the two are linked."""
    world.poll()
    world.later()
    world.settle()
    (lead,) = world.leads()
    assert world.links() == [(record, lead)]
    assert list(world.prospects()) == [record]
    assert _intents(world) == 0
    assert world.pending("polling") + world.pending("pushing") == []


@pytest.mark.parametrize("mail", ["new@example.com", None])
def test_a_match_key_that_was_edited_meanwhile_does_not_double_it(lost: World, mail: str | None) -> None:
    record = _lose(lost)
    lost.edit_lead(next(iter(lost.leads())), Email=mail)

    _once(lost, record)

    assert lost.prospects()[record]["email"] == mail


def test_a_record_without_key_that_was_edited_meanwhile_is_known_by_the_rest(lost: World) -> None:
    record = _lose(lost, email=None)
    lost.edit_lead(next(iter(lost.leads())), Phone="2")

    _once(lost, record)

    assert lost.prospects()[record]["phone"] == "2"


def test_the_other_fields_may_all_have_changed_if_the_key_has_not(lost: World) -> None:
    record = _lose(lost)
    lost.edit_lead(next(iter(lost.leads())), Phone="2", LastName="Byron", FirstName="A.")

    _once(lost, record)

    assert lost.prospects()[record]["last_name"] == "Byron"


def test_what_is_hardly_recognised_is_held_and_nothing_takes_it_for_new(lost: World) -> None:
    record = _lose(lost)
    (lead,) = lost.leads()
    lost.edit_lead(lead, Email="new@example.com", Phone="2", LastName="Byron")

    for _ in range(3):
        lost.poll()
        lost.later(4_000)
        lost.push()

    assert list(lost.leads()) == [lead]
    assert list(lost.prospects()) == [record]
    ((direction, held, kind, reason),) = lost.waiting()
    assert (direction, held, kind) == ("pushing", record, "held")
    assert lead in reason
    lost.edit_lead(lead, Email=MAIL)  # a person helps
    lost.later(4_000)
    _once(lost, record)
    assert lost.waiting() == []


def test_what_is_held_is_looked_at_once_an_hour(lost: World) -> None:
    _lose(lost)
    lost.edit_lead(next(iter(lost.leads())), Email="new@example.com", Phone="2", LastName="Byron")
    lost.later()
    lost.push()
    looks: list[int] = []
    lost.hooks.before("created", lambda: looks.append(1))

    for _ in range(5):
        lost.push()

    assert looks == []


def test_what_is_held_keeps_no_other_record_waiting(lost: World) -> None:
    _lose(lost)
    lost.edit_lead(next(iter(lost.leads())), Email="new@example.com", Phone="2", LastName="Byron")
    lost.later()
    lost.push()
    theirs = lost.lead(LastName="Somebody")

    lost.settle()

    assert theirs in {external for _, external in lost.links()}


def test_a_record_created_and_deleted_meanwhile_is_not_created_again(lost: World) -> None:
    record = _lose(lost)
    (lead,) = lost.leads()
    lost.system.delete(LEAD, lead)
    lost.poll()
    lost.later()

    lost.settle()

    assert lost.leads() == {}
    assert len(lost.hooks.sent) == 1
    assert list(lost.prospects()) == [record]
    assert lost.links("tombstone") == [(record, lead)]
    assert lost.sql("SELECT deleted_side FROM sync_links") == [("external",)]
    assert lost.pending("polling") + lost.pending("pushing") == []


def test_created_and_deleted_meanwhile_it_is_deleted_inside_where_that_is_on(lost: World) -> None:
    lost.change_mapping(inbound={"create": True, "update": True, "delete": True})
    _lose(lost)
    lost.system.delete(LEAD, next(iter(lost.leads())))
    lost.poll()
    lost.later()

    lost.settle()

    assert lost.prospects() == {}
    assert lost.leads() == {}


def test_a_record_of_somebody_else_with_the_same_key_is_no_landed_create(lost: World) -> None:
    record = _lose(lost, Fault.LOST_BEFORE)
    lead = lost.lead(Email=MAIL, LastName="Lovelace", Phone="theirs")
    lost.later()

    lost.settle()

    assert list(lost.leads()) == [lead]
    assert lost.links() == [(record, lead)]
    assert lost.prospects()[record]["phone"] == "1"  # nobody's edit: both sides keep theirs
    assert lost.leads()[lead]["Phone"] == "theirs"


def test_an_older_record_of_ours_is_no_landed_create(lost: World) -> None:
    """It stays what it was: one that no mapping has linked."""
    older = lost.system.create(LEAD, {"LastName": "Lovelace", "FirstName": "Ada", "Phone": "1"}, by="modstamp")
    lost.change_mapping(inbound={"create": False, "update": True})
    lost.later(600)
    record = _lose(lost, Fault.LOST_BEFORE, email=None)
    lost.later()

    lost.settle()

    assert older not in {external for _, external in lost.links()}
    assert len(lost.leads()) == 2
    assert [internal for internal, _ in lost.links()] == [record]


def test_of_two_that_share_most_values_each_is_given_its_own(lost: World) -> None:
    lost.connector.batch_size = 1
    ada = lost.prospect(**ADA)
    byron = lost.prospect(**{**ADA, "first_name": "George", "email": "george@example.com"})
    lost.system.faults += [(Fault.LOST_BEFORE, 0), (Fault.LOST_AFTER, 0)]
    lost.push()
    (lead,) = lost.leads()
    lost.edit_lead(lead, Email="new@example.com")
    lost.later()

    lost.settle()

    assert dict(lost.links())[byron] == lead
    assert {record for record, _ in lost.links()} == {ada, byron}
    assert len(lost.leads()) == len(lost.prospects()) == 2


def test_twins_of_two_runs_are_given_what_each_run_has_made(lost: World) -> None:
    """The first run's never arrived, and the second one's were made too late to be the first one's."""
    same = {"last_name": "Same"}
    first = [lost.prospect(**same) for _ in range(2)]
    lost.system.faults.append((Fault.LOST_BEFORE, 0))
    lost.push()
    lost.system.advance(lost.settings.answer_wait(creates=False).total_seconds() + 1)
    second = [lost.prospect(**same) for _ in range(2)]
    lost.system.faults.append((Fault.LOST_AFTER, 0))
    lost.push()
    made = set(lost.leads())
    assert len(made) == 2
    lost.sql("UPDATE sync_intents SET recover_after = '2000-01-01 00:00:00.000000'")

    lost.push()

    assert lost.waiting() == []
    assert {internal: external in made for internal, external in lost.links()} == {
        **dict.fromkeys(first, False),
        **dict.fromkeys(second, True),
    }
    assert len(lost.leads()) == 4


def test_more_records_than_creates_are_for_a_person(lost: World) -> None:
    record = _lose(lost, email=None)
    twin = lost.system.create(LEAD, {"LastName": "Lovelace", "FirstName": "Ada", "Phone": "1"}, by="modstamp")
    lost.poll()
    lost.later()

    lost.settle()

    assert len(lost.leads()) == 2
    assert list(lost.prospects()) == [record]
    assert [(row[1], row[2]) for row in lost.waiting()] == [(record, "held")]
    lost.system.delete(LEAD, twin)  # a person has decided
    lost.later(4_000)
    lost.settle()
    (lead,) = lost.leads()
    assert lost.links() == [(record, lead)]
    assert lost.waiting() == []


def test_a_create_that_has_been_held_for_weeks_makes_no_long_span(lost: World) -> None:
    """Each group of creates is looked for in its own time."""
    _lose(lost)
    lost.edit_lead(next(iter(lost.leads())), Email="new@example.com", Phone="2", LastName="Byron")
    lost.later()
    lost.push()
    lost.later(21 * 86_400)
    _lose(lost, email="grace@example.com", last_name="Hopper", phone="2")
    lost.later(86_400)
    spans: list[float] = []
    inner = lost.connector.created

    def created(name: str, fields: Sequence[str], since: datetime, until: datetime) -> pd.DataFrame:
        spans.append((until - since).total_seconds())
        return inner(name, fields, since, until)

    lost.connector.created = created  # type: ignore[assignment, method-assign]
    lost.push()

    assert len(spans) == 2
    assert max(spans) < 300
    assert len(lost.links()) == 1


def test_a_held_create_is_told_once(lost: World) -> None:
    _lose(lost)
    lost.edit_lead(next(iter(lost.leads())), Email="new@example.com", Phone="2", LastName="Byron")
    for _ in range(5):
        lost.later(4_000)
        lost.push()

    assert lost.sql("SELECT count(*) FROM sync_actions WHERE code = 'SEVERAL_FOUND'") == [(1,)]


@pytest.mark.guarantee("G27")
def test_what_was_found_out_before_a_limit_is_not_thrown_away(lost: World) -> None:
    """The update landed, which one call tells; the call that would tell of the create is refused."""
    lead = lost.lead(Email="grace@example.com", LastName="Hopper")
    lost.settle(1)
    ((edited, _),) = lost.links()
    lost.edit_prospect(edited, phone="2")
    lost.system.faults.append((Fault.LOST_AFTER, 0))
    lost.push()
    _lose(lost)
    lost.later()

    def limit() -> None:
        raise LimitReachedError("no calls are left")

    lost.hooks.before("created", limit)
    with pytest.raises(LimitReachedError):
        lost.push()

    assert lost.leads()[lead]["Phone"] == "2"
    assert lost.sql("SELECT operation FROM sync_intents") == [("create",)]
