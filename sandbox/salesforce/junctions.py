"""Lists of ids on an Event (JunctionIdList): which of its EventRelation records each of them stands for."""

# ruff: noqa: S608 - only names from the schema are put into SQL; every value is bound

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sandbox.salesforce.schema import Field

# Name of a list → status of the invitees in it; the first one is that of a new member.
STATUSES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "AcceptedEventInviteeIds": ("Accepted",),
        "DeclinedEventInviteeIds": ("Declined",),
        "UndecidedEventInviteeIds": ("New", "Maybe"),
    }
)
# The list of the people whom an event is about, where activities are shared.
WHO_LIST: Final = "EventWhoIds"
INVITEES: Final = ("Calendar", "Contact", "Lead", "User")
PEOPLE: Final = ("Contact", "Lead")


def junction_of(field: Field) -> str:
    """The type that describe names as the list's child."""
    return f"{field.name.removesuffix('InviteeIds').removesuffix('Ids')}Relation"


def members_of(field: Field) -> tuple[str, ...]:
    """Types whose records a list may hold."""
    return PEOPLE if field.name == WHO_LIST else INVITEES


def condition_of(name: str) -> str:
    """SQL over EventRelation that finds a list's members among the relations of an event."""
    if name == WHO_LIST:
        return "IsParent = 1 AND IsDeleted = 0"
    listed = ", ".join(f"'{status}'" for status in STATUSES[name])
    return f"IsInvitee = 1 AND Status IN ({listed}) AND IsDeleted = 0"


def list_sql(alias: str, field: Field) -> str:
    """SQL for a list as JSON, in the order in which its members were added; null when it has none."""
    members = f"SELECT RelationId FROM EventRelation WHERE EventId = {alias}.Id AND {condition_of(field.name)}"
    return f"(SELECT nullif(json_group_array(RelationId), '[]') FROM ({members} ORDER BY _row))"
