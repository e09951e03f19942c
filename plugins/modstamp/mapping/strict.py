"""What all models of a mapping file have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from modstamp.mapping.durations import duration
from modstamp.model import Direction

Section = Literal["inbound", "outbound"]


def _duration(value: Any) -> Any:
    """Accept ``10 minutes`` beside pydantic's own forms of a duration."""
    return (duration(value) or value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=str),
    PlainSerializer(lambda value: f"{int(value.total_seconds())} seconds", return_type=str),
]


def switched(value: Any) -> Any:
    """Accept ``true`` and ``false`` for a model that has nothing but `on` to say."""
    return {"on": value} if isinstance(value, bool) else value


class Strict(BaseModel):
    """Frozen, and unknown keys are an error. The text below a key is what editors show about it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def section(direction: Direction) -> Section:
    """The key of a direction's toggles in a mapping file."""
    return "inbound" if direction is Direction.POLLING else "outbound"
