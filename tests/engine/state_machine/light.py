"""A world that costs little: the real engine and state on SQLite, with parts in memory and one clock for everything."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import event

from modstamp.connectors.engagement import capture
from modstamp.connectors.engagement.catalog import Catalog
from modstamp.connectors.engagement.records import Records
from modstamp.engine.environment import Environment
from modstamp.errors import FatalError
from modstamp.mapping.schema import TypeMapping
from modstamp.migrations import migrate
from modstamp.ports import Staging
from modstamp.state.clock import Clock
from modstamp.state.database import open_engine
from modstamp.state.store import Store
from tests.fixtures.hooks import Hooks
from tests.fixtures.world import World, build

START = datetime(2040, 1, 1, tzinfo=UTC)


class Shelf:
    """`Staging` in memory."""

    def __init__(self) -> None:
        self._parts: dict[str, pd.DataFrame] = {}

    def write(self, run_id: str, token: int, name: str, frame: pd.DataFrame) -> str:
        reference = f"{run_id}/{token}/{name}"
        self._parts[reference] = frame
        return reference

    def read(self, reference: str) -> pd.DataFrame:
        if reference not in self._parts:
            raise FatalError(f"the staged part {reference} cannot be read")
        return self._parts[reference]

    def remove(self, run_id: str, token: int | None = None) -> None:
        gone = f"{run_id}/" if token is None else f"{run_id}/{token}/"
        self._parts = {name: part for name, part in self._parts.items() if not name.startswith(gone)}


class ToldHooks(Hooks):
    """Tells of its calls as the store does of its steps."""

    def __init__(self, world: LightWorld) -> None:
        super().__init__(world.connector)
        self._world = world

    def _happen(self, when: str, method: str) -> None:
        self._world.reach(f"{when} {method}")

    def _reads_back_later(self) -> bool:
        return self._world.expects("within push")


@dataclass
class LightWorld(World):
    """`validate` is left out of its runs: what Great Expectations refuses is refused in one place with the rest."""

    whole: TypeMapping = field(kw_only=True)  # as it was at the beginning
    shelf: Shelf = field(default_factory=Shelf)
    catalog: Catalog = field(default_factory=Catalog)
    hashed: tuple[TypeMapping, str] | None = None
    expects: Callable[[str], bool] = lambda _: False  # whether something is going to happen at a step

    @property
    def store(self) -> Store:
        records = partial(Records, catalog=self.catalog)
        return Store(self.engine, records, capture.writer, self.settings.lease, self.clock)

    @property
    def environment(self) -> Environment:
        return replace(super().environment, new_key=self._key)

    @property
    def parts(self) -> Staging:
        return self.shelf

    @property
    def mapping_hash(self) -> str:
        if self.hashed is None or self.hashed[0] is not self.mapping:
            self.hashed = self.mapping, super().mapping_hash
        return self.hashed[1]

    def _key(self) -> str:
        return f"key {next(self.numbers)}"

    def prospects(self) -> dict[str, dict[str, Any]]:
        """With fields that the mapping has no more."""
        mapping, self.mapping = self.mapping, self.whole
        try:
            return super().prospects()
        finally:
            self.mapping = mapping


class Ground:
    """A migrated database that is put back to its beginning between examples; its statements stay compiled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = open_engine(f"sqlite:///{folder / 'engagement.db'}")
        event.listen(self.engine, "connect", self._prepare)
        self._clock: Clock = lambda: START
        migrate(self.engine)
        self._blank = sqlite3.connect(":memory:")
        self._copy(to_blank=True)

    def world(self, mapping: Mapping[str, Any], **settings: Any) -> LightWorld:
        """A new one; the one before must not be used any longer."""
        self._copy(to_blank=False)
        often = {"hidden_wait": timedelta(seconds=50), "longest_hidden_wait": timedelta(seconds=50)}
        made = build(self.engine, self.folder, mapping, **{**often, **settings})
        world = LightWorld(**vars(made), whole=made.mapping)
        world.hooks = ToldHooks(world)
        world.system.clock = START
        world.with_one_clock()
        self._clock = lambda: world.system.clock  # the triggers go by it too
        return world

    def close(self) -> None:
        self._blank.close()
        self.engine.dispose()

    def _prepare(self, connection: sqlite3.Connection, record: object) -> None:
        del record
        connection.execute("PRAGMA synchronous = OFF")
        connection.create_function("strftime", 2, self._formatted)

    def _formatted(self, form: str, moment: str) -> str:
        """SQLite's own, whose %f are seconds with three decimals."""
        assert moment == "now"
        now = self._clock()
        return now.strftime(form.replace("%f", f"%S.{now.microsecond // 1000:03d}"))

    def _copy(self, *, to_blank: bool) -> None:
        connection = self.engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            source, target = (driver, self._blank) if to_blank else (self._blank, driver)
            source.backup(target)
        finally:
            connection.close()
