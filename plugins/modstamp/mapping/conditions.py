"""Conditions: rows of field, operator and value, nested in `all` and `any` (OSF-130 to OSF-134)."""

from __future__ import annotations

from typing import Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field

Operator = Literal[
    "is", "is not", "is empty", "is not empty", "contains", "starts with", "in", "not in",
    "greater than", "at least", "less than", "at most",
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Strict):
    """One comparison. `field` is named as the source of the direction names it."""

    field: str
    operator: Operator
    value: Any = None


class All(_Strict):
    """True when every member is."""

    all: tuple[Condition, ...] = Field(min_length=1)


class Any_(_Strict):
    """True when one member is."""

    any: tuple[Condition, ...] = Field(min_length=1)


Condition = Union[Row, All, Any_]

All.model_rebuild()
Any_.model_rebuild()
