"""The words of Modstamp as frozen data.

Values. Everywhere in the engine a record's value is a JSON scalar: None, bool, int, float or str. Dates are
``YYYY-MM-DD``, instants ``YYYY-MM-DDTHH:MM:SS[.ffffff]Z`` in UTC, lists of ids JSON texts, sorted. Connectors translate
at their border, so that bases, staged parts and the log hold the same values. Ids are strings on both sides.

Frames. A frame of records has one object column per field (missing value: None, never NaN) and the columns named in
`Column`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

OWN_KEY_LENGTH = 32  # characters of an own key (G21)

Value = None | bool | int | float | str
Values = Mapping[str, Value]


class Side(StrEnum):
    """Of a link: the engagement database, or the other system."""

    INTERNAL = "internal"
    EXTERNAL = "external"

    @property
    def other(self) -> Side:
        return Side.EXTERNAL if self is Side.INTERNAL else Side.INTERNAL


class Direction(StrEnum):
    """A polling run reads outside and writes inside; a pushing run the reverse."""

    POLLING = "polling"
    PUSHING = "pushing"

    @property
    def source(self) -> Side:
        return Side.EXTERNAL if self is Direction.POLLING else Side.INTERNAL

    @property
    def target(self) -> Side:
        return self.source.other

    @property
    def other(self) -> Direction:
        return Direction.PUSHING if self is Direction.POLLING else Direction.POLLING


class Operation(StrEnum):
    """What is done to one record of the target."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Column(StrEnum):
    """Columns that every frame of records carries besides the record's fields."""

    ID = "_id"
    STATE = "_state"  # a Presence
    STAMP = "_stamp"  # the version the system gives (Salesforce: SystemModstamp), an instant
    MODIFIED_AT = "_modified_at"  # when a person or program last changed the record, an instant
    MODIFIED_BY = "_modified_by"  # id of whoever did
    CREATED_AT = "_created_at"  # an instant
    CREATED_BY = "_created_by"  # id of whoever did
    READ_AT = "_read_at"  # the source's own clock when it answered, an instant
    MOVED_TO = "_moved_to"  # ``Type:id`` of the record that took its place by a merge or conversion, else None (G12)


class Presence(StrEnum):
    """What is known of a record's existence. Absence from a query proves nothing (G12)."""

    FOUND = "found"
    DELETED = "deleted"  # on positive proof
    HIDDEN = "hidden"  # not visible to us, or never there


class Status(StrEnum):
    """What the target answered to one action."""

    OK = "ok"
    EXISTS = "exists"  # a create that met its own match; `id` names the record if the target told
    CONFLICT = "conflict"  # the target's version moved
    MISSING = "missing"  # the record is deleted or not visible
    REJECTED = "rejected"  # this record will not pass as it is
    RETRY = "retry"  # a passing condition; the same action may pass later
    LOCKED = "locked"  # nothing was done, because another write had the record or its parent just then
    UNKNOWN = "unknown"  # no answer arrived: it may have been done or not (G21)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The interval being read, in whole seconds of the source's clock (G1).

    `lower` None: from the beginning. `after` is the checkpoint inside the window: only records whose (stamp, id) is
    greater are read (G3). `at_most`: so many records, the first in that order; None: all.
    """

    lower: datetime | None
    upper: datetime
    after: tuple[datetime, str] | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """A value of ours by which the target knows one record: its field is unique, and nobody else writes it (G21)."""

    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do at the target. `id` is None for a create; `values` are in the target's own fields and values.

    `parents`: ids of the records that it hangs on; writes with the same ones travel together, as the target locks them.
    `own_key` travels with a create: a second create with it is refused by the target, and its outcome is UNKNOWN, as
    what the first one left is still to be looked at.
    """

    operation: Operation
    id: str | None
    values: Values = field(default_factory=dict)
    own_key: OwnKey | None = None
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one action.

    `shown` is the record as the target shows it after the write (fields asked for, plus `Column` names), None if no
    read-back came. `code` groups causes, `message` is the target's own text. `candidates`: ids of the records that a
    create without an answer may have made.
    """

    status: Status
    id: str | None = None
    code: str = ""
    message: str = ""
    shown: Values | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field as its system describes it.

    `kind`: text, boolean, integer, number, date, instant, reference, choice, or list (of ids). `native`: the system's
    own word for it.
    """

    name: str
    kind: str
    native: str = ""
    label: str = ""
    length: int | None = None
    required: bool = False  # must have a value when a record is created
    createable: bool = True
    updateable: bool = True
    unique: bool = False
    external_id: bool = False  # other systems may know records by it
    calculated: bool = False
    filterable: bool = True  # a query may ask for its values
    choices: tuple[str, ...] = ()
    restricted: bool = False  # only `choices` are accepted
    refers_to: tuple[str, ...] = ()


class Trait(StrEnum):
    """What tells an organisation's types apart from plain ones."""

    PERSONS = "person accounts"
    RECORD_TYPES = "record types"
    CURRENCIES = "several currencies"
    PLACES = "lists of states and countries"
    TIME_ZONES = "time zones of users"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDescription:
    """An object type as its system describes it, with what our user may do to it.

    `compounds`: fields that are put together from others, such as an address → those others. `id_prefix`: what all ids
    of its records begin with. `traits`: what is not plain about it → the fields or kinds that show it.
    """

    name: str
    fields: Mapping[str, Field]
    label: str = ""
    id_prefix: str = ""
    compounds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    traits: Mapping[Trait, tuple[str, ...]] = field(default_factory=dict)
    createable: bool = True
    updateable: bool = True
    deletable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may still be called today. None: the service has no such limit."""

    used_by_all: int | None = None  # by every application of the account
    maximum: int | None = None
    global_threshold: int | None = None
    used_by_us: int = 0
    own_threshold: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a connector can do, stated by itself."""

    batch_size: int  # records per write
    create_size: int | None = None  # records per write of creates, where they are others
    read_size: int  # ids per `get`
    can_delete: bool = True
    stored_precision: float = 1.0  # seconds: how finely its stamps tell two edits apart

    @property
    def most_creates(self) -> int:
        """Records per write of creates."""
        return self.create_size or self.batch_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to an outside service, for the meter."""

    connection: str
    kind: str  # query, get, write, bulk, describe, login, limits
    at: datetime
    seconds: float
    counted: int  # calls charged by the service
    status: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


_AS, _OR = " as ", " or "


def awaited(internal_type: str, record_id: str, external_types: Sequence[str] = ()) -> str:
    """How a record is named that another one waits for: ``account:7``, or ``prospect as Contact:7`` (G16).

    `external_types`: it must be linked to a record of one of them.
    """
    return f"{internal_type}{_AS if external_types else ''}{_OR.join(external_types)}:{record_id}"


def awaited_types(kind: str) -> tuple[str, tuple[str, ...]]:
    """What stands before the colon: the internal type, and the external types that count."""
    internal_type, _, external_types = kind.partition(_AS)
    return internal_type, tuple(external_types.split(_OR)) if external_types else ()
