"""What Salesforce does of its own accord with records of some types: before it keeps them, and afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sandbox.salesforce import activities, events, invitees, opportunities
from sandbox.salesforce.saving import Saving, Values


def _nothing(_saving: Saving, _record_id: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Logic:
    """The rules of one type.

    `completed` gives the values with what follows from them, or refuses them; `settle` follows a save, `removed` a
    deletion (`Saving.before` is the record then). All of it happens in the transaction of the save.
    """

    completed: Callable[[Saving], Values] = lambda saving: dict(saving.values)
    settle: Callable[[Saving, str], None] = _nothing
    removed: Callable[[Saving, str], None] = _nothing


PLAIN: Final = Logic()
LOGIC: Final[Mapping[str, Logic]] = MappingProxyType(
    {
        "Opportunity": Logic(completed=opportunities.completed, settle=opportunities.settle_primary),
        "OpportunityContactRole": Logic(settle=opportunities.settle_primary),
        "Event": Logic(completed=events.completed, settle=invitees.settle_event, removed=invitees.event_removed),
        "EventRelation": Logic(
            completed=invitees.completed, settle=invitees.settle_relation, removed=invitees.relation_removed
        ),
        "Task": Logic(completed=activities.completed_task),
    }
)
