"""`modstamp undo`: every field that a run wrote goes back, unless someone has edited it since."""

from __future__ import annotations

import pytest

from modstamp.connectors.memory.system import Fault
from modstamp.engine.handoff import Summary
from modstamp.engine.undo import Undone, undo
from modstamp.errors import LeaseHeldError
from modstamp.model import Direction
from tests.fixtures.probes import Stopped, stop_at
from tests.fixtures.world import LEAD, World


def take_back(world: World, run: Summary | Undone, *, dry_run: bool = False) -> Undone:
    world.system.advance(1)
    with world.store.begin(read_only=True) as tx:
        undone = tx.runs.get(run.run_id)
    assert undone is not None
    return undo(world.environment, undone, f"undo-{next(world.numbers)}", dry_run=dry_run)


def pairs(world: World, count: int) -> list[tuple[str, str]]:
    """Linked records whose title is old on both sides."""
    for number in range(count):
        world.lead(Email=f"{number}@example.com", LastName=f"Last{number}", Title="old")
    world.settle(1)
    return world.links()


def inside(world: World) -> list[str]:
    return [row["title"] for row in world.prospects().values()]


def outside(world: World) -> list[str]:
    return [str(row["Title"]) for row in world.leads().values()]


@pytest.mark.guarantee("G22")
def test_a_run_that_was_killed_can_be_taken_back_when_its_lease_has_run_out(sqlite_world: World) -> None:
    world = sqlite_world
    world.with_one_clock()
    for _, lead in pairs(world, 2):
        world.edit_lead(lead, Title="new")
    handoff = world.extract(Direction.POLLING)
    world.reach = stop_at("cursors.put", 2)
    with pytest.raises(Stopped):
        world.load(handoff)
    assert inside(world) == ["new", "new"]
    with world.store.begin(read_only=True) as tx:
        killed = tx.runs.get(handoff.run_id)
    assert killed is not None
    assert killed.status == "running"
    with pytest.raises(LeaseHeldError):
        undo(world.environment, killed, "too early", dry_run=False)
    world.later()

    assert undo(world.environment, killed, "undo", dry_run=False).fields["restored"] == 2

    assert inside(world) == ["old", "old"]
    assert world.sql("SELECT status, message FROM sync_runs WHERE id = :run", run=killed.id) == [
        ("failed", "it never ended")
    ]


@pytest.mark.guarantee("G10")
@pytest.mark.guarantee("G17")
def test_of_a_thousand_updated_records_those_edited_since_stay(sqlite_world: World) -> None:
    world = sqlite_world
    linked = pairs(world, 1_000)
    for number, (_, lead) in enumerate(linked):
        world.edit_lead(lead, Title=f"new {number}")
    run = world.poll()
    assert run.counts["updated"] == 1_000
    for record, _ in linked[:30]:
        world.edit_prospect(record, title="edited since")

    rehearsed = take_back(world, run, dry_run=True)
    assert (rehearsed.fields["restored"], inside(world).count("old")) == (970, 0)
    done = take_back(world, run)

    assert done.fields == {"restored": 970, "back already": 0, "kept": 30}
    assert {each.internal_id for each in done.kept} == {record for record, _ in linked[:30]}
    assert done.kept[0].reason == "edited since: it holds 'edited since', the run left 'new 0'"
    assert sorted(inside(world)) == ["edited since"] * 30 + ["old"] * 970
    again = take_back(world, run)
    assert again.fields == {"restored": 0, "back already": 970, "kept": 30}
    world.settle()
    assert inside(world).count("old") == 970  # neither direction carries it back
    assert sum(title.startswith("new") for title in outside(world)) == 970
    world.edit_lead(linked[30][1], Title="newer")  # and the next edit decides
    world.edit_prospect(linked[31][0], title="mine")
    world.settle()
    assert world.prospects()[linked[30][0]]["title"] == "newer"
    assert world.leads()[linked[31][1]]["Title"] == "mine"


@pytest.mark.guarantee("G10")
@pytest.mark.guarantee("G18")
def test_outside_too_and_what_the_server_made_of_a_value_is_no_edit(world: World) -> None:
    world.system.rewrites[LEAD, "Title"] = lambda value: value and str(value).lower()
    linked = pairs(world, 40)
    for number, (record, _) in enumerate(linked):
        world.edit_prospect(record, title=f"NEW {number}")
    run = world.push()
    assert run.counts["updated"] == 40
    for _, lead in linked[:5]:
        world.edit_lead(lead, Title="edited since")

    done = take_back(world, run)

    assert done.fields == {"restored": 35, "back already": 0, "kept": 5}
    assert {each.external_id for each in done.kept} == {lead for _, lead in linked[:5]}
    assert sorted(outside(world)) == ["edited since"] * 5 + ["old"] * 35
    world.settle()
    assert outside(world).count("old") == 35
    assert sum(title.startswith("NEW") for title in inside(world)) == 35
    assert (world.pending("pushing"), world.waiting()) == ([], [])
    world.edit_prospect(linked[6][0], title="mine")
    world.edit_lead(linked[7][1], Title="theirs")
    world.settle()
    assert world.leads()[linked[6][1]]["Title"] == "mine"
    assert world.prospects()[linked[7][0]]["title"] == "theirs"


@pytest.mark.parametrize("direction", list(Direction))
def test_an_undo_can_be_undone(world: World, direction: Direction) -> None:
    ((record, lead),) = pairs(world, 1)
    if direction is Direction.POLLING:
        world.edit_lead(lead, Title="new", Phone="1")
        run = world.poll()
    else:
        world.edit_prospect(record, title="new", phone="1")
        run = world.push()

    first = take_back(world, run)
    assert (first.fields["restored"], first.records) == (2, 1)
    side = inside if direction is Direction.POLLING else outside
    assert side(world) == ["old"]
    assert take_back(world, first).fields["restored"] == 2

    assert side(world) == ["new"]
    world.settle()
    assert (inside(world), outside(world)) == (["new"], ["new"])
    rules = world.sql("SELECT DISTINCT rule FROM sync_history WHERE run_id = :run", run=first.run_id)
    assert rules == [("undo",)]
    assert world.sql("SELECT kind, status FROM sync_runs WHERE id = :run", run=first.run_id) == [("undo", "completed")]


@pytest.mark.guarantee("G20")
def test_creates_are_listed_and_stay(sqlite_world: World) -> None:
    sqlite_world.lead(Email="a@example.com")
    run = sqlite_world.poll()
    done = take_back(sqlite_world, run)
    assert (done.fields["restored"], done.not_undone) == (0, {"created": 1})
    assert len(sqlite_world.prospects()) == 1


@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.LOST_BEFORE])
def test_an_undo_without_an_answer_is_found_out_by_the_next_push(sqlite_world: World, fault: Fault) -> None:
    world = sqlite_world
    world.with_one_clock()
    ((record, lead),) = pairs(world, 1)
    world.edit_prospect(record, title="new")
    run = world.push()
    world.system.faults.append((fault, 0.0))

    done = take_back(world, run)
    assert (done.fields["restored"], done.unsettled) == (0, 1)
    world.later()
    if fault is Fault.LOST_BEFORE:
        assert take_back(world, run).fields["restored"] == 1  # it looks up what was lost, and goes on
    world.settle()

    assert (inside(world), outside(world)) == (["new"], ["old"])
    assert world.sql("SELECT * FROM sync_intents") == []
    assert (world.pending("pushing"), lead in world.leads()) == ([], True)


@pytest.mark.guarantee("G29")
def test_a_former_value_that_is_refused_by_now_is_told_and_holds_nothing_up(sqlite_world: World) -> None:
    world = sqlite_world
    ((record, lead),) = pairs(world, 1)
    world.edit_prospect(record, title="new")
    run = world.push()
    world.system.rules.append(lambda _, values: "old is out" if values["Title"] == "old" else None)

    done = take_back(world, run)

    assert (done.fields["restored"], done.unsettled) == (0, 1)
    assert done.reasons == {"quarantined": {"FIELD_CUSTOM_VALIDATION_EXCEPTION: old is out": 1}}
    world.edit_prospect(record, phone="1")
    world.settle()
    assert world.waiting() == []
    assert world.leads()[lead]["Phone"] == "1"


@pytest.mark.guarantee("G22")
def test_it_waits_for_a_run_that_is_at_work(sqlite_world: World) -> None:
    ((_, lead),) = pairs(sqlite_world, 1)
    sqlite_world.edit_lead(lead, Title="new")
    run = sqlite_world.poll()
    sqlite_world.store.grant(sqlite_world.mapping.name, Direction.POLLING, "another")
    with pytest.raises(LeaseHeldError):
        take_back(sqlite_world, run)


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("direction", list(Direction))
def test_the_value_that_lost_a_conflict_is_in_the_history_and_comes_back(world: World, direction: Direction) -> None:
    world.change_mapping(conflict="crm" if direction is Direction.POLLING else "engagement")
    ((record, lead),) = pairs(world, 1)
    world.edit_prospect(record, title="inside")
    world.edit_lead(lead, Title="outside")
    runs = [world.poll(), world.push()]
    run = runs[0] if direction is Direction.POLLING else runs[1]

    (lost,) = world.sql("SELECT side, old, new, rule FROM sync_history WHERE run_id = :run", run=run.run_id)
    assert "inside" in str(lost[1 if direction is Direction.POLLING else 2])
    assert lost[3] == f"lost: {world.mapping.conflict}"
    take_back(world, run)
    assert (inside(world), outside(world)) == (["inside"], ["outside"])
    world.settle()
    assert (inside(world), outside(world)) == (["inside"], ["outside"])


@pytest.mark.guarantee("G5")
def test_what_the_database_changes_by_itself_when_a_poll_is_taken_back_is_pushed(sqlite_world: World) -> None:
    world = sqlite_world
    ((_, lead),) = pairs(world, 1)
    world.edit_lead(lead, Phone="1")
    run = world.poll()
    then = "UPDATE prospects SET title = 'called' WHERE id = new.id"
    world.sql(f"CREATE TRIGGER reaction AFTER UPDATE OF phone ON prospects BEGIN {then}; END")

    take_back(world, run)
    world.push()

    assert outside(world) == ["called"]
