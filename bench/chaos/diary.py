"""Meetings and activities that people have noted inside, each known by a name that both sides hold somewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

EVENT, TASK = "Event", "Task"
DESCRIPTION: Final = "Description"  # which people in Salesforce edit too
_NAME: Final = re.compile(r"\b(?:meeting|call|mail|text|task)\d+\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """`named_by`: the column that holds the name. `told_by`: the one that becomes the Description."""

    name: str
    table: str
    external: str
    named_by: str
    told_by: str
    mappings: tuple[str, ...]


def _task(name: str, named_by: str, told_by: str, *mappings: str) -> Kind:
    return Kind(name, f"{name}s", TASK, named_by, told_by, tuple(f"salesforce_task_{each}" for each in mappings))


MEETING: Final = Kind("meeting", "meetings", EVENT, "provider_uid", "description", ("salesforce_event",))
ACTIVITIES: Final = (
    _task("call", "phone", "note", "calls"),
    _task("mail", "thread", "body", "mails_sent", "mails_received"),
    _task("text", "phone", "body", "texts"),
    _task("task", "subject", "note", "tasks"),
)
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in (MEETING, *ACTIVITIES)}
MAPPINGS: Final = {mapping: kind for kind in KINDS.values() for mapping in kind.mappings}


@dataclass
class Happening:
    """One meeting, with all its copies, or one activity, with those that were noted twice.

    `made`: rows that were inserted, at most. `edited`: Description that somebody in Salesforce has written since it was
    last edited inside. `sent`: it was outside when all was last quiet. `removed`: ids of its records that somebody in
    Salesforce has deleted.

    `entered`: somebody has put it into Salesforce, and it is not linked to that yet. `wrong`: something was found, and
    nobody touches it any more.
    """

    name: str
    kind: Kind
    made: int = 1
    edited: list[str] = field(default_factory=list)
    sent: bool = False
    removed: set[str] = field(default_factory=set)
    entered: bool = False
    wrong: bool = False


def name_in(row: Mapping[str, Any]) -> str | None:
    """The name that a record of Salesforce tells."""
    found = _NAME.search(f"{row['Subject']} {row[DESCRIPTION]}")
    return found[0].lower() if found else None
