"""A field mapping: two fields, what may travel between them, and in which words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from modstamp.mapping.conditions import Condition
from modstamp.mapping.expressions import MARK, Expression, expression
from modstamp.mapping.strict import Section, Strict, section
from modstamp.mapping.templates import Template, reference_of, template
from modstamp.model import Direction, Side

ConflictPolicy = Literal["newest", "crm", "engagement", "crm_unless_blank", "engagement_unless_blank", "ask"]


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


class Fallback(Strict):
    """What a reference names where its own field is empty, such as the account where there is no opportunity."""

    on: bool = True
    internal: str = Field(pattern=r"^\w+(\.\w+)?$")
    """A field of the record, or of one that it names: ``prospect.account_id``."""
    reference: str
    """The type whose record it names."""

    @property
    def named(self) -> tuple[str, str] | None:
        """The record's field that names another, and that one's field; None: it is a field of the record itself."""
        prefix, dot, name = self.internal.partition(".")
        return (reference_of(prefix), name) if dot else None

    @property
    def own(self) -> str:
        """The record's own field that it goes by."""
        return self.named[0] if self.named else self.internal


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
    left_out_with: dict[str, tuple[str, ...]] = Field({})
    """Nothing is written where another external field names a record of one of these types: such as WhoId: [Lead]."""
    fallback: Fallback | None = None
    """What the value names where the internal field is empty."""
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
        first = (self.reference.type,) if self.reference else self.references
        return (*first, self.falls_back.reference) if self.falls_back else first

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
        return bool(self.references or self.left_out_with or self.last_day_when or self.falls_back)

    @property
    def falls_back(self) -> Fallback | None:
        """What is switched on of it."""
        return self.fallback if self.fallback and self.fallback.on else None

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
        if self.is_derived and side is self.source:
            return self.ingredients
        beside = (self.falls_back.own,) if self.falls_back and side is Side.INTERNAL else ()
        return (self.name(side), *beside)

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
