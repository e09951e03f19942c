"""The two things outside the internal database: the connected system, and the staging area."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import pandas as pd

from modstamp.mapping.conditions import Criteria
from modstamp.model import Abilities, Action, Budget, Outcome, TypeDescription, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a window.

    `records`: a frame of records with every `Column`, ordered by (stamp, id) over all pages; deleted records are among
    them with `Presence.DELETED`. `total`: how many records the source says the whole answer has (G2).
    """

    records: pd.DataFrame
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A part of the calls that we may make in 24 hours, which some runs use up among themselves (G27).

    `used`: how many of them they have made.
    """

    name: str
    share: float
    used: Callable[[], int]


class Connector(Protocol):
    """One outside system, or one that plays it. Types and fields are named as that system names them.

    Every method may raise `RetryableError`, `LimitReachedError`, `ConfigurationError` (wrong login, no API access,
    unknown type or field) and `FatalError`.
    """

    def abilities(self) -> Abilities: ...

    def now(self) -> datetime:
        """The system's own clock, UTC, at the cost of no counted call (G1)."""
        ...

    def user(self) -> str:
        """Under which id we write, as `Column.CREATED_BY` shows it; "" if the system does not tell. No counted call."""
        ...

    def describe(self, type_name: str) -> TypeDescription: ...

    def count(self, type_name: str, window: Window) -> int:
        """How many records changed in the window, deleted ones included: one counted call."""
        ...

    def calls_to_read(self, rows: int) -> int:
        """About how many counted calls a `pull` of so many records takes; nothing is asked."""
        ...

    def calls_to_find(self, type_name: str, fields: Sequence[str], keys: pd.DataFrame) -> int:
        """How many counted calls a `find` of these takes; nothing is asked beyond how the type looks."""
        ...

    def pull(self, type_name: str, fields: Sequence[str], window: Window) -> Iterator[Page]:
        """Every record changed in the window, deleted ones included. A field no longer shown is left out (G8)."""
        ...

    def get(self, type_name: str, fields: Sequence[str], ids: Sequence[str]) -> pd.DataFrame:
        """The records as they are now, one row per id in the order asked; DELETED only on proof (G12)."""
        ...

    def find(
        self,
        type_name: str,
        fields: Sequence[str],
        keys: pd.DataFrame,
        *,
        including_deleted: bool = False,
        criteria: Criteria | None = None,
    ) -> pd.DataFrame:
        """Records equal to one of the rows of `keys` in all of its columns, text compared without case.

        Of these, the ones that meet the `criteria`, exactly. Deleted ones are found on request, as far as the system
        still shows them. Returns a frame of records that holds `fields` and the key columns.
        """
        ...

    def ids(self, type_name: str, texts: Sequence[str]) -> list[str | None]:
        """Each text as the system itself writes that id; None where it is no id of this type. No record is read."""
        ...

    def listed(self, type_name: str, kind: Literal["list view", "report"], name: str) -> list[str]:
        """Ids of the records that people have put together there, each once. `name`: of the list, or its id.

        Raises `ConfigurationError` when there is no such list, or it cannot be read whole.
        """
        ...

    def created(self, type_name: str, fields: Sequence[str], since: datetime, until: datetime) -> pd.DataFrame:
        """What our own user created in this time of the system's clock, both ends included, deleted or not (G21).

        Where the system does not tell who we are, what anybody created.
        """
        ...

    def push(self, type_name: str, actions: Sequence[Action], read_back: Sequence[str]) -> list[Outcome]:
        """Carry out the actions: one outcome per action, in order. Never raises for a single record."""
        ...

    def budget(self) -> Budget: ...


class Staging(Protocol):
    """Where parts wait between tasks. Parts hold personal data and are removed when their run has landed."""

    def write(self, run_id: str, token: int, name: str, frame: pd.DataFrame) -> str:
        """Store a frame and return its reference, a URL. Raises `FatalError` when there is no room.

        `token`: of the lease, 0 in a dry run. Nothing that is stored is ever written over: an earlier try of the run
        may still live, and write (G22).
        """
        ...

    def read(self, reference: str) -> pd.DataFrame: ...

    def remove(self, run_id: str, token: int | None = None) -> None:
        """What was stored under this lease of the run; None: under any."""
        ...
