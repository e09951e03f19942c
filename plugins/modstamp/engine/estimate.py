"""What the next poll of a mapping will take, told before it runs: rows, calls, minutes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from modstamp.engine.environment import Environment
from modstamp.engine.window import lower_bound
from modstamp.model import Direction, Window

_ASSUMED = 1_000.0  # rows per second, of a mapping that has never loaded enough to be measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`first`: nothing was ever read whole, so this is the first load. `measured`: by earlier runs."""

    mapping: str
    first: bool
    rows: int
    calls: int
    minutes: float
    measured: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)

    def __str__(self) -> str:
        what = "the first load" if self.first else "the next poll"
        speed = "as fast as earlier runs" if self.measured else f"at {_ASSUMED:,.0f} rows/s, not measured yet"
        cost = f"about {self.calls:,} calls and {self.minutes:.1f} minutes ({speed})"
        return f"{self.mapping}: {what}: {self.rows:,} rows, {cost}"


def estimate(environment: Environment) -> Estimate:
    """Costs one counted call. The window is looked at and not opened."""
    connector, name = environment.connector, environment.mapping.name
    with environment.store.begin(read_only=True) as tx:
        cursor = tx.cursors.get(name)
        speed = tx.runs.rows_per_second(name, Direction.POLLING)
    lower = lower_bound(environment, cursor) if cursor.upper is None else cursor.lower
    window = Window(lower=lower, upper=cursor.upper or connector.now(), after=cursor.after)
    rows = connector.count(environment.mapping.external_type, window)
    slices, rest = divmod(rows, environment.settings.run_rows)
    calls = slices * connector.calls_to_read(environment.settings.run_rows) + connector.calls_to_read(rest)
    return Estimate(
        mapping=name,
        first=cursor.cursor is None,
        rows=rows,
        calls=calls,
        minutes=rows / (speed or _ASSUMED) / 60,
        measured=speed is not None,
    )
