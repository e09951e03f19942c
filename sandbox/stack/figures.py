"""What came of the runs since an instant, per type and direction, from the run log in the engagement database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import create_engine, text

_KINDS: Final = ("seen", "created", "updated", "unchanged", "merged", "withheld", "quarantined")
_RUNS: Final = text(
    "SELECT mapping, direction, counts, reasons, calls, document_calls, seconds FROM sync_runs"
    " WHERE started_at >= :since ORDER BY mapping, direction"
)
_LINKED: Final = text(
    "SELECT p.email FROM prospects p JOIN sync_links l ON l.internal_id = CAST(p.id AS text)"
    " WHERE l.mapping = 'salesforce_lead' AND l.state = 'live' ORDER BY p.id LIMIT 1"
)
_EXPLAINED: Final = ("withheld", "quarantined")
_REASONS_SHOWN: Final = 4
_WIDTH: Final = 110


@dataclass(slots=True)
class Figures:
    """Of one type in one direction, over all of its runs."""

    runs: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    reasons: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    calls: int = 0
    document_calls: int = 0
    seconds: float = 0.0

    def add(self, run: Mapping[str, Any]) -> None:
        self.runs += 1
        self.counts.update(run["counts"])
        for kind, reasons in run["reasons"].items():
            self.reasons[kind].update(reasons)
        self.calls += run["calls"]
        self.document_calls += run["document_calls"]
        self.seconds += run["seconds"]


def read(engagement_url: str, since: datetime) -> dict[tuple[str, str], Figures]:
    """(mapping, direction) → figures."""
    found: defaultdict[tuple[str, str], Figures] = defaultdict(Figures)
    engine = create_engine(engagement_url)
    with engine.connect() as connection:
        for run in connection.execute(_RUNS, {"since": since}).mappings():
            found[run["mapping"], run["direction"]].add(dict(run))
    engine.dispose()
    return dict(found)


def linked_mail(engagement_url: str) -> str:
    """The mail address of somebody who is a Lead and a prospect, to be used in an example."""
    engine = create_engine(engagement_url)
    with engine.connect() as connection:
        found = connection.execute(_LINKED).scalar()
    engine.dispose()
    return found or "MAIL"


def table(found: Mapping[tuple[str, str], Figures]) -> str:
    """Text for the terminal: a row per type and direction, then why records were not done."""
    header = ("type", "direction", "runs", *_KINDS, "calls", "document", "rows/s")
    rows = [header, *(_row(*key, figures) for key, figures in sorted(found.items(), key=_polling_first)), _total(found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = ["  ".join(_cell(text, width, place) for place, (text, width) in _cells(row, widths)) for row in rows]
    return "\n".join([lines[0], "─" * len(lines[0]), *lines[1:], "", *_explained(found)])


def _cells(row: Iterable[str], widths: Iterable[int]) -> Iterable[tuple[int, tuple[str, int]]]:
    return enumerate(zip(row, widths, strict=True))


def _cell(text: str, width: int, place: int) -> str:
    return text.ljust(width) if place <= 1 else text.rjust(width)


def _polling_first(item: tuple[tuple[str, str], Figures]) -> tuple[str, str]:
    (mapping, direction), _ = item
    return direction, mapping


def _row(mapping: str, direction: str, figures: Figures) -> tuple[str, ...]:
    speed = figures.counts["seen"] / figures.seconds if figures.seconds else 0.0
    counts = (f"{figures.counts[kind]:,}" for kind in _KINDS)
    calls = (f"{figures.calls:,}", f"{figures.document_calls:,}")
    return (mapping, direction, str(figures.runs), *counts, *calls, f"{speed:,.0f}")


def _total(found: Mapping[tuple[str, str], Figures]) -> tuple[str, ...]:
    total = Figures()
    for figures in found.values():
        total.runs += figures.runs
        total.counts.update(figures.counts)
        total.calls += figures.calls
        total.document_calls += figures.document_calls
        total.seconds += figures.seconds
    return _row("all", "", total)


def _explained(found: Mapping[tuple[str, str], Figures]) -> Iterable[str]:
    for (mapping, direction), figures in sorted(found.items(), key=_polling_first):
        for kind in _EXPLAINED:
            reasons = figures.reasons[kind].most_common()
            for reason, records in reasons[:_REASONS_SHOWN]:
                yield f"{mapping} {direction}: {records:,} {kind}: {reason}"[:_WIDTH]
            if left := sum(records for _, records in reasons[_REASONS_SHOWN:]):
                yield f"{mapping} {direction}: {left:,} {kind} for other reasons"
