"""A changed mapping means something for records that are linked, withheld or in quarantine already (G30)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from modstamp.errors import FatalError, LeaseLostError
from modstamp.model import Direction
from tests.fixtures.probes import Stopped, stop_at
from tests.fixtures.world import MAPPING, World

MAIL = "ada@example.com"
BASIC = MAPPING["fields"]
SOURCE = {"internal": "source", "external": "Description"}
WITHOUT_DESCRIPTION = [row for row in BASIC if row["external"] != "Description"]
PAIRS = [{"internal": "Dr", "external": "Doctor"}, {"internal": "Ms", "external": "Miss"}]


def with_title(**keys: Any) -> list[dict[str, Any]]:
    return [{**row, **keys} if row["internal"] == "title" else row for row in BASIC]


def activity(world: World) -> list[tuple[str, str]]:
    rows = world.sql("SELECT verb, object FROM sync_changes ORDER BY id")
    return [(verb, what) for verb, what in rows if what != f"{world.mapping.name}: the mapping"]


def detail(world: World) -> dict[str, Any]:
    found = world.sql("SELECT detail FROM sync_changes ORDER BY id DESC LIMIT 1")[0][0]
    return dict(found if isinstance(found, dict) else json.loads(found))


def linked(world: World, count: int = 1, **values: Any) -> list[tuple[str, str]]:
    """Pairs in step, far behind the lookback."""
    for number in range(count):
        world.lead(**{"Email": f"{number}@example.com", "LastName": f"Last{number}", **values})
    world.settle()
    world.later(3600)
    world.poll()
    return world.links()


def bases(world: World, side: str) -> list[dict[str, Any]]:
    rows = world.sql(f"SELECT {side}_base FROM sync_links ORDER BY id")  # noqa: S608
    return [dict(each if isinstance(each, dict) else json.loads(each)) for (each,) in rows]


@pytest.mark.guarantee("G30")
def test_a_field_that_is_added_follows_the_first_link_rule_on_linked_records(world: World) -> None:
    world.change_mapping(fields=WITHOUT_DESCRIPTION)
    (blank, full) = linked(world, 2)
    world.edit_lead(blank[1], Description="theirs")
    world.edit_lead(full[1], Description="theirs")
    world.edit_prospect(full[0], source="mine")
    world.settle()
    world.later(3600)
    world.poll()

    world.change_mapping(fields=[*WITHOUT_DESCRIPTION, SOURCE])
    world.settle()

    assert world.prospects()[blank[0]]["source"] == "theirs"  # a blank is filled
    assert world.prospects()[full[0]]["source"] == "mine"  # where both differ nothing is overwritten
    assert world.leads()[full[1]]["Description"] == "theirs"
    assert activity(world) == [("added", "salesforce_lead: field source")]
    assert detail(world)["new"]["external"] == "Description"
    assert world.pending("polling") == world.pending("pushing") == []


@pytest.mark.guarantee("G30")
def test_a_field_that_is_added_is_looked_at_by_a_push_where_nothing_polls(world: World) -> None:
    world.change_mapping(fields=WITHOUT_DESCRIPTION)
    ((record, lead),) = linked(world)
    world.edit_prospect(record, source="mine")
    world.push()
    assert world.pending("pushing") == []

    world.change_mapping(fields=[*WITHOUT_DESCRIPTION, SOURCE], polling=False)
    world.push()

    assert world.leads()[lead]["Description"] == "mine"


@pytest.mark.guarantee("G30")
def test_a_changed_value_table_pushes_nothing_over_what_stands_there(world: World) -> None:
    world.change_mapping(fields=with_title(values=PAIRS))
    linked(world, 3, Title="Doctor")
    before = len(world.hooks.sent)

    turned = [{"internal": "Dr", "external": "Miss"}, {"internal": "Ms", "external": "Doctor"}]
    world.change_mapping(fields=with_title(values=turned))
    for prospect in world.prospects():
        world.edit_prospect(prospect, phone="1")
    first = world.poll()
    world.settle()

    assert first.reasons["held"] == {"first link: both sides differ": 3}
    assert {row["title"] for row in world.prospects().values()} == {"Dr"}
    assert {row["Title"] for row in world.leads().values()} == {"Doctor"}
    assert all(set(action.values) == {"Phone"} for action in world.hooks.sent[before:])


@pytest.mark.guarantee("G30")
def test_a_pair_that_is_added_lets_waiting_edits_through_and_touches_no_other_record(world: World) -> None:
    world.change_mapping(fields=with_title(values=PAIRS))
    (edited, other) = linked(world, 2, Title="Doctor")
    world.edit_lead(edited[1], Title="Madam")
    world.poll()
    assert [row[2] for row in world.waiting()] == ["rejected"]
    world.later(3600)

    world.change_mapping(fields=with_title(values=[*PAIRS, {"internal": "Mrs", "external": "Madam"}]))
    summary = world.poll()

    assert world.prospects()[edited[0]]["title"] == "Mrs"
    assert world.prospects()[other[0]]["title"] == "Dr"
    assert world.waiting() == []
    assert summary.counts["seen"] == 1


@pytest.mark.guarantee("G30")
def test_another_counterpart_field_begins_without_a_base(world: World) -> None:
    ((record, lead),) = linked(world, 1, Title="title", Description="text")
    world.edit_lead(lead, Description="by someone")

    fields = [row for row in with_title(external="Description") if row["internal"] != "description"]
    world.change_mapping(fields=fields)
    world.settle()

    assert world.prospects()[record]["title"] == "title"
    assert world.leads()[lead]["Description"] == "by someone"
    world.edit_prospect(record, title="by hand")
    world.settle()
    assert world.leads()[lead]["Description"] == "by hand"  # held fields go by later edits


@pytest.mark.guarantee("G30")
def test_a_field_that_travels_both_ways_from_now_on_sends_no_edits_of_the_past(world: World) -> None:
    ((record, lead),) = linked(world, 1, Company="theirs")
    world.edit_prospect(record, city="for our own use")
    world.settle()

    both = [{**row, "direction": "both"} for row in BASIC]
    world.change_mapping(fields=both)
    world.settle()

    assert world.leads()[lead]["Company"] == "theirs"
    assert world.prospects()[record]["city"] == "for our own use"


@pytest.mark.guarantee("G30")
def test_a_removed_field_keeps_its_base_for_a_while(world: World) -> None:
    world.with_one_clock()
    ((record, lead),) = linked(world, 1, Phone="0")
    without = [row for row in BASIC if row["internal"] != "phone"]
    world.change_mapping(fields=without)
    world.settle()
    world.edit_prospect(record, phone="1")
    world.settle()
    assert world.leads()[lead]["Phone"] == "0"

    world.later(3600)
    world.change_mapping(fields=list(BASIC))
    world.settle()

    assert world.leads()[lead]["Phone"] == "1"  # against its base it is an edit, not a difference
    world.change_mapping(fields=without)
    world.settle()
    assert "phone" in bases(world, "internal")[0]
    world.later(timedelta(days=31).total_seconds())
    world.settle(1)
    assert "phone" not in bases(world, "internal")[0]
    assert "Phone" not in bases(world, "external")[0]
    assert [verb for verb, _ in activity(world)] == ["removed", "restored", "removed", "purged"]


@pytest.mark.guarantee("G30")
def test_a_loosened_condition_looks_again_at_what_it_withheld(world: World) -> None:
    has_mail = {"field": "Email", "operator": "is not empty"}
    named = {"field": "last_name", "operator": "is not", "value": "Secret"}
    world.change_mapping(
        inbound={"create": {"when": has_mail}, "update": {"when": has_mail}}, outbound={"create": {"when": named}}
    )
    ((record, lead),) = linked(world)
    world.lead(LastName="Unlinked")
    world.edit_lead(lead, Email=None, Phone="withheld")
    world.prospect(email="s@example.com", last_name="Secret")
    world.settle()
    assert len(world.prospects()) == 2
    assert len(world.leads()) == 2
    world.later(3600)
    world.poll()

    world.change_mapping(inbound={"create": True, "update": True}, outbound={"create": True, "update": True})
    world.settle()

    assert world.prospects()[record]["phone"] == "withheld"
    assert {row["last_name"] for row in world.prospects().values()} == {"Last0", "Unlinked", "Secret"}
    assert {row["LastName"] for row in world.leads().values()} == {"Last0", "Unlinked", "Secret"}
    assert world.waiting() == []
    assert ("changed", "salesforce_lead: condition of inbound create") in activity(world)


@pytest.mark.guarantee("G30")
def test_a_toggle_that_is_switched_on_looks_at_what_it_kept_back(world: World) -> None:
    world.change_mapping(inbound={"create": False, "update": False}, outbound={"create": False, "update": False})
    world.lead(Email=MAIL, LastName="Theirs")
    world.prospect(email=MAIL, last_name="Theirs")
    world.settle()
    ((record, lead),) = world.links()
    world.edit_lead(lead, Phone="theirs")
    world.edit_prospect(record, title="mine")
    world.lead(Email="b@example.com", LastName="Outside")
    world.prospect(email="c@example.com", last_name="Inside")
    world.settle()
    world.later(3600)
    world.settle(1)
    assert len(world.prospects()) == len(world.leads()) == 2

    world.change_mapping(inbound={"create": True, "update": True}, outbound={"create": True, "update": True})
    world.settle()

    assert world.prospects()[record]["phone"] == "theirs"
    assert world.leads()[lead]["Title"] == "mine"
    assert len(world.prospects()) == len(world.leads()) == 3
    assert ("switched on", "salesforce_lead: outbound create") in activity(world)


@pytest.mark.guarantee("G30")
def test_a_change_is_carried_out_once(world: World) -> None:
    linked(world)
    world.change_mapping(fields=with_title(conflict="crm"))

    world.settle()

    assert activity(world) == [("changed", "salesforce_lead: field title")]


@pytest.mark.guarantee("G30")
@pytest.mark.parametrize("late", Direction)
def test_a_run_that_began_with_the_old_mapping_commits_nothing_more(world: World, late: Direction) -> None:
    world.change_mapping(fields=with_title(values=PAIRS))
    ((record, lead),) = linked(world, 1, Title="Doctor")
    world.edit_lead(lead, Title="Miss")
    world.edit_prospect(record, phone="1")
    world.system.advance(1)
    handoff = world.extract(late)
    before = world.mapping

    world.change_mapping(fields=with_title(values=[{"internal": "Ms", "external": "Doctor"}]))
    world.extract(late.other)

    with pytest.raises(FatalError, match="changed while this run was under way"):
        world.load(handoff)
    world.mapping = before  # as a process has it that read the file before
    with pytest.raises(LeaseLostError):
        world.load(handoff)
    assert world.prospects()[record]["title"] == "Dr"
    assert world.leads()[lead]["Phone"] is None


@pytest.mark.guarantee("G30")
def test_a_stop_while_a_change_is_carried_out_leaves_all_of_it_to_the_next_run(world: World) -> None:
    world.with_one_clock()
    world.change_mapping(fields=with_title(values=PAIRS))
    ((record, lead),) = linked(world, 1, Title="Doctor")
    world.change_mapping(fields=with_title(values=[{"internal": "Ms", "external": "Doctor"}]))
    for step in ("adoption.forget", "adoption.keep", "adoption.note"):
        world.reach = stop_at(step)
        with pytest.raises(Stopped):
            world.poll()
        world.reach = lambda _: None
        world.later()
        assert "title" in bases(world, "internal")[0]

    world.settle()

    assert (world.prospects()[record]["title"], world.leads()[lead]["Title"]) == ("Dr", "Doctor")
    assert activity(world) == [("changed", "salesforce_lead: field title")]


@pytest.mark.guarantee("G30")
def test_a_write_without_an_answer_sets_no_base_for_what_changed_meanwhile(world: World) -> None:
    world.with_one_clock()
    world.change_mapping(fields=with_title(values=PAIRS))
    ((record, lead),) = linked(world, 1, Title="Doctor")
    world.edit_prospect(record, title="Ms", phone="1")
    world.hooks.after("push", lambda: (_ for _ in ()).throw(Stopped("the answer is lost")))
    with pytest.raises(Stopped):
        world.push()
    world.later()

    fields = [row for row in with_title(external="Description") if row["internal"] != "description"]
    world.change_mapping(fields=fields)
    world.settle()

    assert world.leads()[lead]["Phone"] == "1"
    assert world.prospects()[record]["title"] == "Ms"
    assert world.leads()[lead]["Description"] == "Ms"  # it was blank: filled, by the rule of a first link
    assert world.pending("pushing") == []


@pytest.mark.guarantee("G30")
def test_a_write_without_an_answer_sets_no_base_for_a_value_that_means_another_one_by_now(sqlite_world: World) -> None:
    world = sqlite_world
    world.with_one_clock()
    world.change_mapping(fields=with_title(values=PAIRS), conflict="engagement")
    ((record, lead),) = linked(world, 1, Title="Doctor")
    world.edit_prospect(record, title="Ms")
    world.hooks.after("push", lambda: (_ for _ in ()).throw(Stopped("the answer is lost")))
    with pytest.raises(Stopped):
        world.push()
    assert world.leads()[lead]["Title"] == "Miss"
    world.later()

    pairs = [PAIRS[0], {"internal": "Ms", "external": "Lady"}, {"internal": "Mrs", "external": "Miss"}]
    world.change_mapping(fields=with_title(values=pairs))
    world.settle()

    assert (world.prospects()[record]["title"], world.leads()[lead]["Title"]) == ("Ms", "Lady")


@pytest.mark.guarantee("G30")
def test_a_create_without_an_answer_is_found_although_its_match_key_changed(world: World) -> None:
    world.with_one_clock()
    world.poll()
    world.prospect(email=MAIL, last_name="Lovelace", phone="1")
    world.hooks.after("push", lambda: (_ for _ in ()).throw(Stopped("the answer is lost")))
    with pytest.raises(Stopped):
        world.push()
    world.later()

    world.change_mapping(match=["phone"])
    world.settle()

    assert len(world.leads()) == 1
    assert len(world.links()) == 1


@pytest.mark.guarantee("G30")
def test_another_match_key_looks_at_everything_that_is_not_linked(world: World) -> None:
    world.change_mapping(inbound={"create": False, "update": True}, outbound={"create": False, "update": True})
    lead = world.lead(Email="work@example.com", LastName="Lovelace", Phone="1")
    record = world.prospect(email="home@example.com", last_name="Lovelace", phone="1")
    world.settle()
    world.later(3600)
    world.settle(1)
    assert world.links() == []

    world.change_mapping(match=["phone"])
    world.settle()

    assert world.links() == [(record, lead)]
    assert world.prospects()[record]["email"] == "home@example.com"


@pytest.mark.guarantee("G30")
def test_a_plan_says_what_a_changed_mapping_will_set_off(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(fields=WITHOUT_DESCRIPTION)
    linked(world)
    world.change_mapping(fields=BASIC, match=["last_name"])

    told = world.poll(dry_run=True).message

    assert "the mapping changed: field description added, match changed" in told
    assert "looks again at" in told
    assert "records without a link, the external side from the beginning" in told
    assert world.pending("polling") + world.pending("pushing") == []
    world.poll()
    assert world.poll(dry_run=True).message == ""
