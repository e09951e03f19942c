"""What a mapping file says of each direction: how it runs, what it may write, how much of it unasked."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from modstamp.mapping.conditions import Condition
from modstamp.mapping.strict import Duration, Strict, switched
from modstamp.model import Operation


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
_Switch = BeforeValidator(switched, json_schema_input_type=bool | Toggle)


class Toggles(Strict):
    """What may be written in one direction. Everything is off until it is switched on."""

    create: Annotated[Toggle, _Switch] = _OFF
    update: Annotated[Toggle, _Switch] = _OFF
    delete: Annotated[Toggle, _Switch] = _OFF

    def of(self, operation: Operation) -> Toggle:
        return {Operation.CREATE: self.create, Operation.UPDATE: self.update, Operation.DELETE: self.delete}[operation]


class InboundToggles(Toggles):
    """The same for what is written inside."""

    create: Annotated[InboundCreate, BeforeValidator(switched, json_schema_input_type=bool | InboundCreate)] = (
        InboundCreate(on=False)
    )


class Limit(Strict):
    """The most that one run may do of one operation without asking. In YAML also ``false``: any number."""

    on: bool = True
    records: int | None = Field(None, ge=0)
    """So many records; without it, the setting's."""
    share: float | None = Field(None, ge=0)
    """This share of the linked records, such as 0.05; without it, the setting's."""


_Limit = BeforeValidator(switched, json_schema_input_type=bool | Limit)


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
