"""What a plan depends on besides its batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from modstamp.model import Value


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a plan depends on besides its batch.

    `clock_offset`: seconds that the external clock is ahead of the internal one; `tolerance`: how exact that is.
    `creates_allowed`: False until the type's first complete match (G20). `deletes_allowed`: False in a poll until all
    other rows have landed and the deleted ones were read again (G24). `same_read`: the batch is the second look at
    rows that were just landed, so that a link as old as the read is no reason to hold back. `user`: under which id we
    write outside, "" if that is not known; `answer_wait`: for how long a create on its way may still arrive. `now`: the
    moment that conditions with relative times go by, one for the whole run. `border`: the stamp at which a slice ended.
    `unmet`: fields that the target needs on create and no field mapping writes, so that nothing can be created.
    `hidden`: mapped fields that the target did not show when the loading of a push began (G8).
    `kinds_of_others`: internal field → the values with which a record is another mapping's to create.
    """

    clock_offset: float = 0.0
    tolerance: float = 2.0
    creates_allowed: bool = True
    deletes_allowed: bool = True
    same_read: bool = False
    user: str = ""
    answer_wait: timedelta = timedelta(0)
    now: datetime = field(default_factory=_now)
    border: str = ""
    unmet: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    kinds_of_others: Mapping[str, frozenset[Value]] = field(default_factory=dict)
