"""The mapping file as frozen models: what may stand in it, and its defaults.

One file describes one type mapping: an internal type, an external type, toggles, conditions, field mappings, match keys
and expectations. Cross-checks between files and against the live schema are in `checking`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from modstamp.mapping.conditions import AllOf, Condition, active, fields
from modstamp.mapping.durations import duration
from modstamp.mapping.expressions import MARK, Expression, expression
from modstamp.mapping.templates import Template, template
from modstamp.model import Direction, Operation, Side


def _duration(value: Any) -> Any:
    """Accept ``10 minutes`` beside pydantic's own forms of a duration."""
    return (duration(value) or value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=str),
    PlainSerializer(lambda value: f"{int(value.total_seconds())} seconds", return_type=str),
]


def _switched(value: Any) -> Any:
    """Accept ``true`` and ``false`` for a model that has nothing but `on` to say."""
    return {"on": value} if isinstance(value, bool) else value


class Strict(BaseModel):
    """Frozen, and unknown keys are an error. The text below a key is what editors show about it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Toggle(Strict):
    """Whether an operation may happen, and for which records. In YAML also a plain ``true`` or ``false``."""

    on: bool = True
    when: Condition | None = None
    """Only for records for which this condition is true."""


class InboundCreate(Toggle):
    """The same for making records inside. In YAML also a plain ``true`` or ``false``."""

    after_manual_create: bool = False
    """A record made by hand inside takes the values of the counterpart that exists outside, where both differ."""


_OFF = Toggle(on=False)
_Switch = BeforeValidator(_switched, json_schema_input_type=bool | Toggle)


class Toggles(Strict):
    """What may be written in one direction. Everything is off until it is switched on."""

    create: Annotated[Toggle, _Switch] = _OFF
    update: Annotated[Toggle, _Switch] = _OFF
    delete: Annotated[Toggle, _Switch] = _OFF

    def of(self, operation: Operation) -> Toggle:
        return {Operation.CREATE: self.create, Operation.UPDATE: self.update, Operation.DELETE: self.delete}[operation]


class InboundToggles(Toggles):
    """The same for what is written inside."""

    create: Annotated[InboundCreate, BeforeValidator(_switched, json_schema_input_type=bool | InboundCreate)] = (
        InboundCreate(on=False)
    )


class Limit(Strict):
    """The most that one run may do of one operation without asking. In YAML also ``false``: any number."""

    on: bool = True
    records: int | None = Field(None, ge=0)
    """So many records; without it, the setting's."""
    share: float | None = Field(None, ge=0)
    """This share of the linked records, such as 0.05; without it, the setting's."""


_Limit = BeforeValidator(_switched, json_schema_input_type=bool | Limit)


class Limits(Strict):
    """What one run may do without asking. A run that would do more is held before it writes anything."""

    create: Annotated[Limit, _Limit] = Limit()
    update: Annotated[Limit, _Limit] = Limit()
    delete: Annotated[Limit, _Limit] = Limit()

    def of(self, operation: Operation) -> Limit:
        return {Operation.CREATE: self.create, Operation.UPDATE: self.update, Operation.DELETE: self.delete}[operation]


class Polling(Strict):
    """Reading the external side. In YAML also ``false``."""

    on: bool = True
    every: Duration = timedelta(minutes=10)
    """Whole minutes, such as: 10 minutes."""
    start_from: date | None = None
    """How far back the first load reads; without it, everything."""
    when: Condition | None = None
    """Only records for which this condition is true are created, updated or deleted; it looks at external fields."""


class Pushing(Strict):
    """Writing to the external side. In YAML also ``false``."""

    on: bool = True
    every: Duration = timedelta(minutes=5)
    """The longest wait, such as: 5 minutes. A change starts a push within seconds; the clock takes up what was left."""
    when: Condition | None = None
    """Only records for which this condition is true are created, updated or deleted; it looks at internal fields."""


class Backfill(Strict):
    """Records that are there before the mapping listens are brought out by a lane of their own, when a person says so.

    Of these, only the linked ones and those whose time is still to come are pushed without being asked for.
    """

    by: str
    """The internal column, a day or an instant, that tells when a record took place."""
    months: int = Field(12, ge=1)
    """How far back a backfill goes that names no beginning."""
    share: float = Field(0.1, gt=0, le=1)
    """Share of the calls that Modstamp may make in 24 hours which the lane may use up."""


class Reference(Strict):
    """The value names a record of another type. In YAML also just the type's name.

    `by` None: the value is an id, translated through the link of that type on the same connection. `by` given: the
    value is looked up in that column of the internal type (``stage`` by ``name``).
    """

    type: str
    by: str | None = None
    look_for: str | None = Field(None, pattern=r"^[A-Za-z]\w*\.[A-Za-z]\w*$")
    """Type.Field of the other system: records are known by this name in place of their ids. With `by` only."""


def _typed(value: Any) -> Any:
    """Accept ``user`` for ``{type: user}``."""
    return {"type": value} if isinstance(value, str) else value


class ValuePair(Strict):
    """One row of a value table that stands in the field mapping itself."""

    internal: str
    external: str


CANCELED = "canceled"  # the internal field that `on_cancel` goes by
OUTWARD = frozenset({"meeting", "mail", "mail_day", "call", "text", "task"})  # types of which nothing comes in
Section = Literal["inbound", "outbound"]


def mapping_name(connection: str, external_type: str) -> str:
    """The name that a mapping of an external type has unless its file says otherwise."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", external_type).lower()
    return f"{connection}_{snake}"


def _usual_name(known: dict[str, Any]) -> str:
    """Of a mapping file that says nothing of it. `known`: what was valid of the keys before."""
    return mapping_name(known.get("connection", ""), known.get("external", "").partition(".")[2])


def section(direction: Direction) -> Section:
    """The key of a direction's toggles in a mapping file."""
    return "inbound" if direction is Direction.POLLING else "outbound"


ConflictPolicy = Literal["newest", "crm", "engagement", "crm_unless_blank", "engagement_unless_blank", "ask"]
FirstLinkPolicy = Literal["hold", "crm", "engagement"]
DriftPolicy = Literal["ignore", "propose", "stop"]


class Placeholders(Strict):
    """Texts that stand for nothing, by the direction in which they are written. Coming back, they are nothing again."""

    inbound: str | None = Field(None, min_length=1)
    """Written inside where the external field is empty."""
    outbound: str | None = Field(None, min_length=1)
    """Written outside where the internal field is empty."""


class Instead(Strict):
    """What stands for every value that no pair of the table names, by the direction in which it is written."""

    inbound: str | None = Field(None, min_length=1)
    """Written inside."""
    outbound: str | None = Field(None, min_length=1)
    """Written outside."""

    def of(self, direction: Direction) -> str | None:
        return self.inbound if direction is Direction.POLLING else self.outbound


def template_name(external: object) -> str:
    """What stands for the internal field where a template is."""
    return f"template {external}"


class Lookup(Strict):
    """A search for another record of the side that the value comes from; its field is named by the field mapping."""

    match: dict[str, str] = Field(min_length=1)
    """Field of the record that is sought → field of this record that it equals. `Id`, or `id`, is the record's id."""
    where: Condition | None = None
    """What must hold for the record that is sought besides; looks at its fields."""


def _internal_or_template(schema: dict[str, Any]) -> None:
    """For editors: one of the two is needed."""
    schema["required"].remove("internal")
    schema["anyOf"] = [{"required": ["internal"]}, {"required": ["template"]}]


class FieldMapping(Strict):
    """Two fields and what may travel between them."""

    model_config = ConfigDict(json_schema_extra=_internal_or_template)

    internal: str
    """The internal type's field, named exactly. Not with `template`."""
    template: str | None = None
    """A text put together from fields of the record and of those that it names; it goes out."""
    external: str
    """The external type's field, named exactly as its system names it."""
    direction: Literal["both", "in", "out"] = "both"
    """Where the value travels: into the engagement database, out of it, or both."""
    values: str | tuple[ValuePair, ...] | None = None
    """A value table: the name of a file in `values/`, or the pairs themselves."""
    unmapped: Literal["hold", "pass"] | Instead = "hold"
    """A value that no pair names: hold rejects the record, pass lets it travel as it is; or what stands for it."""
    reference: Annotated[Reference, BeforeValidator(_typed, json_schema_input_type=str | Reference)] | None = None
    """The type whose record the value names; with `by`, the column that holds the value."""
    references: tuple[str, ...] = ()
    """The value is a JSON list of records of these types, as type:id; what has no counterpart is left out of it."""
    left_out_with: dict[str, tuple[str, ...]] = {}
    """Nothing is written where another external field names a record of one of these types: such as WhoId: [Lead]."""
    resend_with: tuple[str, ...] = ()
    """Written again whenever one of these internal fields is, as the other system forgets it then."""
    last_day_when: str | None = None
    """Of an end: where this internal field is true, outside stands the last day, inside the day after it."""
    too_long: Literal["hold", "shorten"] = "hold"
    """A text that the external field cannot hold: hold rejects the record, shorten cuts it and marks the cut."""
    conflict: ConflictPolicy | Literal["strictest"] | None = None
    """Who wins when both sides changed this field; without it, the mapping's own `conflict`. Strictest: true does."""
    skip_empty: tuple[Section, ...] = ()
    """Directions in which an empty field overwrites nothing."""
    empty_as: Placeholders = Placeholders()
    """What is written in place of nothing."""
    lookup: Lookup | None = None
    """The value is found at run time in another record, which the source's name says as Type.Field. Read-only."""
    only_on: Literal["create"] | None = None
    """Written into records that the sync creates, and never again."""

    @model_validator(mode="before")
    @classmethod
    def _named_by_template(cls, given: Any) -> Any:
        """A template is known by the field that it is for, so that its bases do not go by its wording."""
        if isinstance(given, dict) and given.get("template") is not None:
            return {"internal": template_name(given.get("external")), "direction": "out", **given}
        return given

    @property
    def named_types(self) -> tuple[str, ...]:
        """Internal types whose records the value names."""
        return (self.reference.type,) if self.reference else self.references

    def travels(self, direction: Direction) -> bool:
        return self.direction == "both" or (self.direction == "in") == (direction is Direction.POLLING)

    @property
    def source(self) -> Side:
        """Where the value of a field comes from that travels one way."""
        return Side.EXTERNAL if self.direction == "in" else Side.INTERNAL

    @property
    def derived_name(self) -> str:
        """What the field mapping calls the value that it derives."""
        return self.name(self.source)

    @property
    def is_derived(self) -> bool:
        """Whether its value is computed or looked up: no field of the record holds it."""
        return self.lookup is not None or self.template is not None or self.derived_name.startswith(MARK)

    @property
    def looks_for_name(self) -> bool:
        """Whether the other system is asked for the record of a name."""
        return self.reference is not None and self.reference.look_for is not None

    @property
    def names_parent(self) -> bool:
        """Whether the external value is the id of another record, which may be locked while this one is written."""
        return self.reference is not None and self.reference.by is None

    @property
    def is_partial(self) -> bool:
        """Whether only what counts of the internal value is compared and sent, which the records alone do not tell."""
        return bool(self.references or self.left_out_with or self.last_day_when)

    @property
    def formula(self) -> Expression | Template | None:
        """Of a computed field. Raises `ExpressionError` if it cannot be read, which loading looks after."""
        if self.template is not None:
            return template(self.template)
        return expression(self.derived_name.removeprefix(MARK)) if self.derived_name.startswith(MARK) else None

    @property
    def ingredients(self) -> tuple[str, ...]:
        """The record's own fields that a derived value is made of."""
        if self.lookup is not None:
            return tuple(self.lookup.match.values())
        formula = self.formula
        if isinstance(formula, Template):
            return formula.ingredients
        return formula.names if formula else ()

    def read_names(self, side: Side) -> tuple[str, ...]:
        """What must be read of a side's record for this field."""
        return self.ingredients if self.is_derived and side is self.source else (self.name(side),)

    def updates(self, direction: Direction) -> bool:
        """Whether edits of records that are linked already travel."""
        return self.only_on is None and self.travels(direction)

    def skips_empty(self, direction: Direction) -> bool:
        return section(direction) in self.skip_empty

    def placeholder(self, side: Side) -> str | None:
        """The text that stands for nothing on this side."""
        return self.empty_as.inbound if side is Side.INTERNAL else self.empty_as.outbound

    def name(self, side: Side) -> str:
        return self.internal if side is Side.INTERNAL else self.external


class OnePer(Strict):
    """Records that are copies of one, of which one at a time has a counterpart."""

    same: tuple[str, ...] = Field(min_length=1)
    """Internal fields that copies share; the first one must hold something."""
    first: str | None = None
    """A checkbox of the copy that leads; without it, and where none has it, the oldest copy does."""


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
    polling: Annotated[Polling, BeforeValidator(_switched, json_schema_input_type=bool | Polling)] = Polling()
    """Reading the external side."""
    inbound: InboundToggles = InboundToggles()
    """What polling may write in the engagement database. Conditions look at external fields."""
    pushing: Annotated[Pushing, BeforeValidator(_switched, json_schema_input_type=bool | Pushing)] = Pushing()
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
    defaults: dict[str, bool | int | float | str] = {}
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
        copies = [*self.one_per.same, self.one_per.first] if self.one_per and side is Side.INTERNAL else []
        return tuple(dict.fromkeys(filter(None, [*mapped, *judged, *canceled, *copies])))
