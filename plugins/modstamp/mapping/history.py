"""Records that were there before anybody listened, told by a column of theirs that holds a day or an instant."""

from __future__ import annotations

from datetime import datetime

from modstamp import instants
from modstamp.mapping.conditions import AllOf, AnyOf, Criteria, Row


def between(column: str, since: datetime, until: datetime, now: datetime) -> Criteria:
    """Records of a window: its beginning belongs to it, its end does not."""
    rows = (_row(column, "at least", since), _row(column, "less than", until))
    return Criteria(condition=AllOf(all=rows), now=now)


def upcoming(column: str, now: datetime) -> Criteria:
    """Records that are no history: their time is still to come, or they have none."""
    without = Row.model_validate({"field": column, "operator": "is empty"})
    return Criteria(condition=AnyOf(any=(without, _row(column, "at least", now))), now=now)


def _row(column: str, operator: str, moment: datetime) -> Row:
    return Row.model_validate({"field": column, "operator": operator, "value": instants.to_text(moment)})
