"""A record that is deleted and made again between two runs, and one that is linked before our answer comes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from modstamp.model import Action, Operation, Outcome
from tests.fixtures.hooks import Hooks
from tests.fixtures.world import LEAD, World

MAIL = "ada@example.com"


@pytest.mark.guarantee("G13")
@pytest.mark.guarantee("G26")
def test_a_lead_that_was_deleted_and_made_again_takes_its_place(world: World) -> None:
    old = world.lead(Email=MAIL, LastName="Lovelace")
    world.settle()
    (prospect,) = world.prospects()
    world.system.delete(LEAD, old)
    new = world.lead(Email=MAIL, LastName="Lovelace")
    world.later()

    world.settle()

    assert world.links() == [(prospect, new)]
    assert world.waiting() == []
    assert list(world.prospects()) == [prospect]


class _Rewriting(Hooks):
    """Somebody changes the key of a new record, and a poll runs, before our answer is stored."""

    world: World

    def push(self, type_name: str, actions: Sequence[Action], read_back: Sequence[str]) -> list[Outcome]:
        outcomes = super().push(type_name, actions, read_back)
        if any(each.operation is Operation.CREATE for each in actions):
            first = outcomes[0].id or ""
            self.world.hooks = self.inner  # type: ignore[assignment]
            self.world.system.advance(5)
            self.world.edit_lead(first, Email="changed@example.com")
            self.world.poll()
        return outcomes


@pytest.mark.guarantee("G18")
def test_a_poll_leaves_a_new_record_to_us_whatever_becomes_of_its_key(world: World) -> None:
    world.poll()
    world.prospect(email=MAIL, last_name="Lovelace")
    world.prospect(email="grace@example.com", last_name="Hopper")
    seeing = world.hooks
    hooks = _Rewriting(seeing.inner)
    hooks.world = world
    world.hooks = hooks

    world.push()
    world.hooks = seeing
    world.later()
    world.settle()

    mails = sorted(str(each["Email"]) for each in world.leads().values())
    assert mails == ["changed@example.com", "grace@example.com"]
    # The poll knew the record by its creator, whatever its key, and left it to us: the changed key is an edit (G20).
    assert sorted(str(each["email"]) for each in world.prospects().values()) == mails
    assert world.waiting() == []
