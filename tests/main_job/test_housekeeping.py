"""What is done daily: what conditions withhold is looked at again, what was kept long enough goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from modstamp import housekeeping
from modstamp.errors import LimitReachedError
from modstamp.model import Direction
from tests.fixtures.hooks import Hooks
from tests.fixtures.office import Office
from tests.fixtures.shell import Shell, shell
from tests.fixtures.small_office import MappingFiles, files, small_office
from tests.fixtures.world import LEAD, World, sqlite_world

__all__ = ["files", "shell", "small_office", "sqlite_world"]


@pytest.mark.guarantee("G7")
def test_what_a_condition_withholds_is_looked_at_again_without_a_change_of_the_record(sqlite_world: World) -> None:
    world = sqlite_world
    condition = {"field": "Title", "operator": "is", "value": "Director"}
    world.change_mapping(inbound={"create": {"when": condition}, "update": {"when": condition}})
    lead = world.lead(Email="ada@example.com", LastName="Lovelace", Title="Director")
    world.settle(1)
    world.system.advance(40)
    world.edit_lead(lead, Title="Countess")
    world.poll()
    assert [row[:3] for row in world.waiting()] == [("polling", lead, "withheld")]

    assert housekeeping.queue(world.store, world.mapping, Direction.POLLING) == 1

    assert world.pending("polling") == [lead]
    world.poll()
    assert world.pending("polling") == []
    assert [row[:3] for row in world.waiting()] == [("polling", lead, "withheld")]


@pytest.mark.guarantee("G7")
def test_what_a_formula_lets_pass_by_now_is_let_in(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(
        inbound={"create": {"when": {"field": "Title", "operator": "is", "value": "Director"}}, "update": True}
    )
    lead = world.lead(Email="ada@example.com", LastName="Lovelace", Title="Countess")
    world.later()
    world.poll()
    world.system.recalculate(LEAD, lead, {"Title": "Director"})
    world.poll()
    assert world.prospects() == {}

    housekeeping.queue(world.store, world.mapping, Direction.POLLING)
    world.poll()

    assert [row["title"] for row in world.prospects().values()] == ["Director"]
    assert world.waiting() == []


def test_a_mapping_without_conditions_has_nothing_to_look_at_again(small_office: Office, files: MappingFiles) -> None:
    files.change("lead", inbound={"create": True, "update": True}, outbound={"create": True, "update": True})

    queued = housekeeping.look_again(small_office.settings, small_office.resolve)

    assert not [name for name in queued if name.startswith("salesforce_lead ")]


@pytest.mark.guarantee("G27")
def test_a_paused_run_leaves_no_parts_behind(sqlite_world: World) -> None:
    world = sqlite_world
    world.prospect(email="ada@example.com", last_name="Lovelace")
    world.poll()
    hooks: Hooks = world.hooks

    def limit() -> None:
        raise LimitReachedError("8,000 of 8,000 calls")

    hooks.before("push", limit)

    assert world.push().paused
    assert not any(Path(world.staging).iterdir())
    world.push()
    assert len(world.leads()) == 1


def test_the_command_does_all_of_it_and_says_what(shell: Shell) -> None:
    shell.office.fill_leads(2)
    shell("sync", "salesforce_lead")

    answer = shell("upkeep", "--json")

    assert answer.code == 0
    assert answer.document["forgotten"]["log"] == 0
    assert "Lead" in answer.document["refreshed"]["salesforce"]["types"]
    assert answer.document["refreshed"]["salesforce"]["maximum"]
    assert "forgotten: 0 log" in shell("upkeep").output
