"""Which fields of a batch go back to their former values, and why the others do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from modstamp import instants
from modstamp.engine.environment import Job
from modstamp.engine.frames import frame
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Presence, Side, Value
from modstamp.ports import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One field that goes back: from what the run left to what was there before."""

    link_id: int
    internal_id: str
    external_id: str
    internal: str  # the field mapping, by its internal field
    name: str  # on the side that is written
    left: Value
    old: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One field that stays as it is."""

    internal_id: str | None
    external_id: str | None
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """`back`: fields that show their former value already."""

    cells: Sequence[Cell]
    kept: Sequence[Kept]
    back: int

    @property
    def by_link(self) -> dict[int, list[Cell]]:
        found: dict[int, list[Cell]] = {}
        for cell in self.cells:
            found.setdefault(cell.link_id, []).append(cell)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a batch is judged by. `records`: of the side that is written, by id. `busy`: links with an open intent."""

    mapping: TypeMapping
    side: Side
    links: Mapping[int, Mapping[Any, Any]]
    records: Mapping[str, Mapping[Any, Any]]
    busy: Collection[int]


def scene(tx: Transaction, mapping: TypeMapping, side: Side, links: pd.DataFrame, records: pd.DataFrame) -> Scene:
    ids = links["link_id"].tolist()
    return Scene(
        mapping=mapping,
        side=side,
        links={row["link_id"]: row for row in links.to_dict("records")},
        records={row[Column.ID]: row for row in records.to_dict("records")},
        busy=tx.intents.links_with_open(ids),
    )


def decide(found: Scene, writes: pd.DataFrame) -> Reversal:
    """Field by field, as each has its own history."""
    cells: list[Cell] = []
    kept: list[Kept] = []
    back = 0
    internals = {each.name(found.side): each.internal for each in found.mapping.fields}
    for row in writes.to_dict("records"):
        link = found.links.get(row["link_id"], {})
        record = found.records.get(link.get(f"{found.side}_id") or "", {})
        reason = _reason(found, row, link, record, internals)
        if reason is None and record[row["field"]] == row["old"]:
            back += 1
        elif reason is None and record[row["field"]] == row["new"]:
            cells.append(
                Cell(
                    link_id=row["link_id"],
                    internal_id=link["internal_id"],
                    external_id=link["external_id"],
                    internal=internals[row["field"]],
                    name=row["field"],
                    left=row["new"],
                    old=row["old"],
                )
            )
        else:
            words = reason or f"edited since: it holds {record[row['field']]!r}, the run left {row['new']!r}"
            kept.append(
                Kept(
                    internal_id=link.get("internal_id"),
                    external_id=link.get("external_id"),
                    field=row["field"],
                    reason=words,
                )
            )
    return Reversal(cells=cells, kept=kept, back=back)


def _reason(
    found: Scene,
    row: Mapping[Any, Any],
    link: Mapping[Any, Any],
    record: Mapping[Any, Any],
    internals: Mapping[str, str],
) -> str | None:
    """Why nobody can say what the field should be; None where its value tells."""
    if link.get("state") != "live" or row["field"] not in internals:
        return "its link has ended, or the mapping has this field no more"
    if link["link_id"] in found.busy:
        return "a write of this record has no answer yet: run undo again"
    if record.get(Column.STATE) != Presence.FOUND or row["field"] not in record:
        return "the record, or this field of it, is not there"
    read, known = record.get(Column.READ_AT), link["read_at"]
    if read is not None and known is not None and instants.from_text(str(read)) < known:
        return "it changed while the undo was under way: run undo again"
    other = _name_on(found, internals[row["field"]])
    if other not in link[f"{found.side.other}_base"]:
        return "the field has been mapped anew since"
    return None


def _name_on(found: Scene, internal: str) -> str:
    (name,) = (each.name(found.side.other) for each in found.mapping.fields if each.internal == internal)
    return name


def log_kept(job: Job, tx: Transaction, kept: Sequence[Kept]) -> None:
    """One row per field that stays, with its reason (G29)."""
    if not kept:
        return
    mapping, size = job.environment.mapping, len(kept)
    tx.journal.log(
        frame(
            {
                "run_id": [job.run_id] * size,
                "mapping": [mapping.name] * size,
                "direction": [str(job.lease.direction)] * size,
                "status": ["kept"] * size,
                "code": [f"undo: {each.reason.partition(':')[0]}" for each in kept],
                "message": [f"{each.field}: {each.reason}" for each in kept],
                "internal_type": [mapping.internal] * size,
                "internal_id": [each.internal_id for each in kept],
                "external_type": [mapping.external_type] * size,
                "external_id": [each.external_id for each in kept],
            }
        )
    )
