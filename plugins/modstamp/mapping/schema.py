"""The mapping file as frozen models: what may stand in it, and its defaults.

One file describes one type mapping: an internal type, an external type, toggles, conditions, field mappings, match keys
and expectations. Cross-checks between files and against the live schema are in `checking`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from modstamp.mapping.conditions import AllOf, Condition, active, fields
from modstamp.mapping.directions import Backfill, InboundToggles, Limits, Polling, Pushing, Toggles
from modstamp.mapping.field import ConflictPolicy, FieldMapping
from modstamp.mapping.strict import Strict, section, switched
from modstamp.model import Direction, Operation, Side

CANCELED = "canceled"  # the internal field that `on_cancel` goes by
OUTWARD = frozenset({"meeting", "mail", "mail_day", "call", "text", "task"})  # types of which nothing comes in
PEOPLE = ("user", "prospect")  # types whose records others are about


def mapping_name(connection: str, external_type: str) -> str:
    """The name that a mapping of an external type has unless its file says otherwise."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", external_type).lower()
    return f"{connection}_{snake}"


def _usual_name(known: dict[str, Any]) -> str:
    """Of a mapping file that says nothing of it. `known`: what was valid of the keys before."""
    return mapping_name(known.get("connection", ""), known.get("external", "").partition(".")[2])


FirstLinkPolicy = Literal["hold", "crm", "engagement"]
DriftPolicy = Literal["ignore", "propose", "stop"]


class OnePer(Strict):
    """Records that are copies of one, of which one at a time has a counterpart."""

    same: tuple[str, ...] = Field(min_length=1)
    """Internal fields that copies share; the first one must hold something."""
    first: str | None = None
    """A checkbox of the copy that leads; without it, and where none has it, the oldest copy does."""
    of: str | None = None
    """The field that names whose copy it is: while that record has no counterpart, another copy leads."""


class TypeMapping(Strict):
    """One mapping file."""

    internal: str
    """A type of the engagement database: user, role, stage, account, prospect, or any table of it."""
    changed_by: str | None = None
    """Where our triggers may not be installed: the internal column that holds the time of a record's last change."""
    external: str = Field(pattern=r"^[a-z]\w*\.[A-Za-z]\w*$")
    """A type of the other system, as system.Type."""
    connection: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    """Id of the connection to the other system."""
    name: str = Field(default_factory=_usual_name, pattern=r"^[a-z][a-z0-9_]*$")
    """Stable key of the mapping in state and DAG ids; without it, connection and type: ``salesforce_user_role``."""
    polling: Annotated[Polling, BeforeValidator(switched, json_schema_input_type=bool | Polling)] = Polling()
    """Reading the external side."""
    inbound: InboundToggles = InboundToggles()
    """What polling may write in the engagement database. Conditions look at external fields."""
    pushing: Annotated[Pushing, BeforeValidator(switched, json_schema_input_type=bool | Pushing)] = Pushing()
    """Sending what changed in the engagement database."""
    outbound: Toggles = Toggles()
    """What pushing may write in the other system. Conditions look at internal fields."""
    limits: Limits = Limits()
    """What one run may do without asking, in either direction; without it, the settings'."""
    match: tuple[str, ...] | tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = ()
    """Internal fields that make the key by which an existing counterpart is recognised.

    Or a list of such keys: the first one tells, where it finds anything.
    """
    first_link: FirstLinkPolicy = "hold"
    """Which side's values win when two existing records are linked and differ; hold: neither, until one is edited."""
    conflict: ConflictPolicy = "newest"
    """Who wins a field that both sides changed since they were last in step."""
    own_key: str | None = None
    """A unique external-id field for us alone, by which a record is known whose creation got no answer."""
    priority: Literal["normal", "low"] = "normal"
    """Low stops calling before the thresholds are reached, so that the other types of the connection have room left."""
    defaults: dict[str, bool | int | float | str] = Field({})
    """Internal fields that no field mapping writes, and what they hold in records that polling makes."""
    after_delete: Literal["leave", "recreate"] = "leave"
    """What becomes of a record that was edited after its other half was deleted."""
    one_per: OnePer | None = None
    """Copies of one record, such as one meeting in several calendars; without it, each has a counterpart of its own."""
    on_cancel: Literal["flag", "delete", "flag_and_delete", "leave"] = "flag"
    """What becomes of the counterpart of a record that is `canceled` inside.

    flag: its fields are written like any others, the one that says so among them; delete: it is deleted; leave: nothing
    is written any more.
    """
    drift: DriftPolicy = "propose"
    """What becomes of runs when fields of the other system come, go or change.

    ignore: they go on without a field that went, and nothing is said of it; propose: that is told, in Activity, by
    `doctor` and by each run, and a field that came is proposed; stop: what went or changed stops them.
    """
    backfill: Backfill | None = None
    """How history goes out; without it, like everything else."""
    fields: tuple[FieldMapping, ...] = Field(min_length=1)
    """Field mappings."""
    expect: tuple[dict[str, dict[str, Any]], ...] = ()
    """Expectations that each record must meet, under Great Expectations' own names."""

    @cached_property
    def system(self) -> str:
        return self.external.partition(".")[0]

    @cached_property
    def external_type(self) -> str:
        return self.external.partition(".")[2]

    @cached_property
    def family(self) -> tuple[str, str]:
        """Mappings of one internal type into one connection: one record is linked by one of them at a time (G20)."""
        return self.connection, self.internal

    @cached_property
    def match_keys(self) -> tuple[tuple[str, ...], ...]:
        """The keys by which counterparts are recognised, the best one first."""
        several = tuple(each for each in self.match if isinstance(each, tuple))
        single = tuple(each for each in self.match if isinstance(each, str))
        return several or ((single,) if single else ())

    @property
    def match_fields(self) -> tuple[str, ...]:
        """Every field of any key."""
        return tuple(dict.fromkeys(name for key in self.match_keys for name in key))

    @property
    def deletes_canceled(self) -> bool:
        """Whether the counterparts of records that are canceled are deleted."""
        return self.on_cancel in ("delete", "flag_and_delete")

    def toggles(self, direction: Direction) -> Toggles:
        return self.inbound if direction is Direction.POLLING else self.outbound

    def is_on(self, direction: Direction) -> bool:
        return self.polling.on if direction is Direction.POLLING else self.pushing.on

    def conditions(self, direction: Direction) -> dict[tuple[str, ...], Condition]:
        """Place in the file → condition: the direction's own and those of its toggles, whether these are on or off."""
        run = self.polling if direction is Direction.POLLING else self.pushing
        found: dict[tuple[str, ...], Condition | None] = {(str(direction), "when"): run.when}
        for operation in Operation:
            found[section(direction), str(operation), "when"] = self.toggles(direction).of(operation).when
        return {place: condition for place, condition in found.items() if condition}

    def condition(self, direction: Direction, operation: Operation) -> Condition | None:
        """What must hold for one operation: the direction's own condition and that of the toggle."""
        own, toggle = (str(direction), "when"), (section(direction), str(operation), "when")
        said = (active(each) for place, each in self.conditions(direction).items() if place in (own, toggle))
        found = [each for each in said if each is not None]
        return AllOf(all=tuple(found)) if len(found) > 1 else next(iter(found), None)

    def field_names(self, side: Side) -> tuple[str, ...]:
        """What a run reads of that side: the mapped fields, then those that only a condition looks at."""
        mapped = [name for mapping in self.fields for name in mapping.read_names(side)]
        direction = Direction.POLLING if side is Side.EXTERNAL else Direction.PUSHING
        said = [each for each in map(active, self.conditions(direction).values()) if each is not None]
        judged = [name for condition in said for name in fields(condition)]
        canceled = [CANCELED] if self.on_cancel != "flag" and side is Side.INTERNAL else []
        copies = (
            [*self.one_per.same, self.one_per.first, self.one_per.of] if self.one_per and side is Side.INTERNAL else []
        )
        return tuple(dict.fromkeys(filter(None, [*mapped, *judged, *canceled, *copies])))
