"""What types looked like when they were last described, so that not every task pays a call to ask again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, select

from modstamp.model import Field, Trait, TypeDescription
from modstamp.state.clock import Clock, system_time
from modstamp.state.rows import upsert
from modstamp.state.tables import descriptions


class Descriptions:
    """Of one connection. What is older than `age` is not recalled."""

    def __init__(self, engine: Engine, connection: str, age: timedelta, clock: Clock = system_time) -> None:
        self._engine = engine
        self._connection = connection
        self._age = age
        self._clock: Callable[[], datetime] = clock

    def recall(self, type_name: str) -> TypeDescription | None:
        query = select(descriptions.c.document).where(
            descriptions.c.connection == self._connection,
            descriptions.c.type_name == type_name,
            descriptions.c.at > self._clock() - self._age,
        )
        with self._engine.connect() as opened:
            document = opened.execute(query).scalar_one_or_none()
        return None if document is None else _described(document)

    def remember(self, description: TypeDescription) -> None:
        row = {"connection": self._connection, "type_name": description.name, "document": asdict(description)}
        with self._engine.begin() as opened:
            upsert(opened, descriptions, [{**row, "at": self._clock()}])

    def forget(self, type_name: str) -> None:
        with self._engine.begin() as opened:
            opened.execute(
                delete(descriptions).where(
                    descriptions.c.connection == self._connection, descriptions.c.type_name == type_name
                )
            )


def _described(document: Mapping[str, Any]) -> TypeDescription:
    fields = {name: Field(**_tuples(field)) for name, field in document["fields"].items()}
    compounds = _tuples(document.get("compounds", {}))
    traits = {Trait(name): value for name, value in _tuples(document.get("traits", {})).items()}
    return TypeDescription(**{**document, "fields": fields, "compounds": compounds, "traits": traits})


def _tuples(field: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows lists only."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in field.items()}
