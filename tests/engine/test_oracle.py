"""The vectorised plan against the table read aloud, over batches that hypothesis invents (guarantees.md, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modstamp import instants
from modstamp.engine.batch import Source, Surroundings, assemble
from modstamp.engine.context import Context
from modstamp.engine.frames import frame, objects
from modstamp.engine.plan import plan
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Presence, Side, Values
from modstamp.ports import LINK_COLUMNS
from tests.engine.oracle import Bond, Half, Judge, Situation

_values = st.sampled_from([None, "", "a", "b"])
_times = st.sampled_from([100.0, 101.0, 110.0])
_names = {Side.INTERNAL: ("email", "title", "city", "description"), Side.EXTERNAL: ("Email", "Title", "City", "About")}


def _toggles(side: Side) -> st.SearchStrategy[dict[str, Any]]:
    condition = {"field": _names[side][1], "operator": "is not", "value": "b"}
    toggle = st.sampled_from([True, True, False, {"on": True, "when": condition}])
    return st.fixed_dictionaries({"create": toggle, "update": toggle, "delete": toggle})


def _inbound() -> st.SearchStrategy[dict[str, Any]]:
    down = st.sampled_from([{}, {"create": {"on": True, "after_manual_create": True}}])
    return st.builds(lambda toggles, more: {**toggles, **more}, _toggles(Side.EXTERNAL), down)


@st.composite
def mappings(draw: st.DrawFn) -> TypeMapping:
    ways = ("both", "both", "in", "out")
    pairs = zip(_names[Side.INTERNAL], _names[Side.EXTERNAL], ways, strict=True)
    fields: list[dict[str, Any]] = [
        {"internal": mine, "external": theirs, "direction": way} for mine, theirs, way in pairs
    ]
    fields[1]["conflict"] = draw(
        st.sampled_from([None, "newest", "crm", "engagement", "crm_unless_blank", "engagement_unless_blank", "ask"])
    )
    fields[1]["skip_empty"] = draw(st.sampled_from([(), (), ("inbound",), ("outbound",)]))
    fields[1]["empty_as"] = draw(st.sampled_from([{}, {}, {"inbound": "a"}, {"outbound": "b"}]))
    fields[3]["only_on"] = draw(st.sampled_from([None, "create"]))
    return TypeMapping.model_validate(
        {
            "internal": "prospect",
            "external": "salesforce.Lead",
            "connection": "salesforce",
            "match": ["email"],
            "polling": draw(st.booleans()),
            "pushing": draw(st.booleans()),
            "inbound": draw(_inbound()),
            "outbound": draw(_toggles(Side.INTERNAL)),
            "conflict": draw(st.sampled_from(["newest", "crm", "engagement"])),
            "first_link": draw(st.sampled_from(["hold", "crm", "engagement"])),
            "after_delete": draw(st.sampled_from(["leave", "recreate"])),
            "fields": fields,
        }
    )


@st.composite
def halves(draw: st.DrawFn, side: Side, record: str, states: st.SearchStrategy[Presence]) -> Half:
    state = draw(states)
    bare = state is Presence.HIDDEN or (state is Presence.DELETED and draw(st.booleans()))
    values = {name: None if bare else draw(_values) for name in _names[side]}
    moved = side is Side.EXTERNAL and not bare and draw(st.sampled_from([False] * 4 + [True]))
    return Half(id=record, state=state, values=values, modified_at=draw(_times), read_at=draw(_times), moved=moved)


def _bases(side: Side) -> st.SearchStrategy[Values]:
    """Mostly of every field."""
    whole = st.fixed_dictionaries(dict.fromkeys(_names[side], _values))
    return st.one_of(whole, whole, st.dictionaries(st.sampled_from(_names[side]), _values))


@st.composite
def bonds(draw: st.DrawFn, target_id: str, *, dead: bool) -> Bond:
    bases = {side: draw(_bases(side)) for side in Side}
    return Bond(
        target_id=target_id,
        bases=bases,
        state="tombstone" if dead else draw(st.sampled_from(["live"] * 5 + ["provisional"])),
        dead=draw(st.sampled_from(["internal", "external", "both", "moved", "taken"])) if dead else None,
        read_at=draw(st.sampled_from([None, None, 50.0, 101.0])),
        unconfirmed=draw(st.sampled_from([(), (), (_names[Side.EXTERNAL][1],)])),
        kept=draw(st.sampled_from([{}, {}, {"title": "internal"}, {"email": "external"}])),
    )


@st.composite
def situations(draw: st.DrawFn, direction: Direction, number: int) -> Situation:
    """Ids of targets are shared by some rows, so that they meet."""
    states = st.sampled_from([Presence.FOUND] * 4 + [Presence.DELETED, Presence.HIDDEN])
    source = draw(halves(direction.source, f"s{number}", states))
    link = draw(bonds(f"linked{number}", dead=False)) if draw(st.booleans()) else None
    buried = draw(st.sampled_from([f"buried{number}", "shared"]))
    grave = draw(bonds(buried, dead=True)) if link is None and draw(st.booleans()) else None
    matches = () if link else draw(st.sampled_from([(), (f"one{number}",), ("shared",), ("shared", f"one{number}")]))
    there = {each.target_id for each in (link, grave) if each} | set(matches)
    targets = {
        record: draw(halves(direction.target, record, st.just(Presence.FOUND) if record in matches else states))
        for record in sorted(there)
    }
    return Situation(
        source=source,
        link=link,
        grave=grave,
        matches=matches,
        targets=targets,
        key=draw(st.sampled_from([None, "k1", "k2", "k3"])),
        taken=draw(st.sampled_from([(), (), ("shared",)])),
        busy=link is not None and draw(st.sampled_from([False] * 5 + [True])),
        creating=False,
        waits=draw(st.sampled_from([(), (), (), ("title",)])),
        rejected=draw(st.sampled_from([None, None, None, "why"])),
    )


@st.composite
def batches(draw: st.DrawFn, direction: Direction) -> list[Situation]:
    """Rows agree on what they share: the target's record, who is linked, and which keys are being created."""
    rows = [draw(situations(direction, number)) for number in range(draw(st.integers(1, 6)))]
    shared = next((row.targets["shared"] for row in rows if "shared" in row.targets and "shared" in row.matches), None)
    shared = shared or next((row.targets["shared"] for row in rows if "shared" in row.targets), None)
    taken = {each for row in rows for each in row.taken}
    creating = draw(st.sampled_from([(), (), ("k3",)]))
    return [_agreed(row, shared, taken, creating) for row in rows]


def _agreed(row: Situation, shared: Half | None, taken: set[str], creating: Sequence[str]) -> Situation:
    targets = {**row.targets, **({"shared": shared} if shared and "shared" in row.targets else {})}
    return Situation(
        **{**vars(row), "targets": targets, "taken": taken, "creating": not row.link and row.key in creating}
    )


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _text(seconds: float) -> str:
    return instants.to_text(datetime.fromtimestamp(seconds, UTC))


def _records(some: Sequence[Half], side: Side) -> Any:
    columns: dict[str, list[Any]] = {name: [each.values.get(name) for each in some] for name in _names[side]}
    columns |= {
        Column.ID: [each.id for each in some],
        Column.STATE: [each.state.value for each in some],
        Column.STAMP: [None for _ in some],
        Column.MODIFIED_AT: [_text(each.modified_at) for each in some],
        Column.MODIFIED_BY: [None for _ in some],
        Column.MOVED_TO: ["Lead:1" if each.moved else None for each in some],
        Column.READ_AT: [_text(each.read_at) if side is Side.EXTERNAL else None for each in some],
    }
    return frame(columns)


def _link_row(number: int, row: Situation, bond: Bond, direction: Direction) -> dict[str, Any]:
    ids = {f"{direction.source}_id": row.source.id, f"{direction.target}_id": bond.target_id}
    values = {direction.source: row.source.values, direction.target: row.targets[bond.target_id].values}
    external_names = dict(zip(_names[Side.INTERNAL], _names[Side.EXTERNAL], strict=True))
    decisions = {
        name: {
            "winner": winner,
            "internal": values[Side.INTERNAL][name],
            "external": values[Side.EXTERNAL][external_names[name]],
        }
        for name, winner in bond.kept.items()
    }
    return {
        **ids,
        "link_id": number,
        "state": bond.state,
        "deleted_side": bond.dead,
        "internal_base": dict(bond.bases[Side.INTERNAL]),
        "external_base": dict(bond.bases[Side.EXTERNAL]),
        "stamp": None,
        "hash": None,
        "read_at": _instant(bond.read_at),
        "unconfirmed": dict.fromkeys(bond.unconfirmed, "sent"),
        "decisions": decisions,
        "mapping_hash": "",
    }


def vectorised(rows: Sequence[Situation], judge: Judge) -> list[tuple[str, dict[str, int]]]:
    """The same batch, laid out in frames and judged by the engine."""
    direction, mapping = judge.direction, judge.mapping
    records = _records([row.source for row in rows], direction.source)
    converted = {}
    for each in mapping.fields:
        values = [judge.converted(row.source.values.get(each.name(direction.source)), each) for row in rows]
        held = [each.internal in row.waits for row in rows]
        converted[each.name(direction.target)] = [
            None if wait else value for wait, value in zip(held, values, strict=True)
        ]
    links = [_link_row(number, row, row.bond, direction) for number, row in enumerate(rows) if row.bond]
    targets = {record: half for row in rows for record, half in row.targets.items()}
    source = Source(
        records=records,
        converted=frame(converted),
        waits=objects([dict.fromkeys(row.waits, "user:1") or None for row in rows]),
        rejected=objects([row.rejected for row in rows]),
        counters=objects([None for _ in rows]),
    )
    around = Surroundings(
        links=frame({name: [link[name] for link in links] for name in LINK_COLUMNS}),
        target=_records(list(targets.values()), direction.target),
        candidates=[row.matches for row in rows],
        keys=objects([row.key for row in rows]),
        taken={each for row in rows for each in row.taken},
        busy={number for number, row in enumerate(rows) if row.busy},
        creating={row.key for row in rows if row.creating},
        edits={},
    )
    planned = plan(assemble(mapping, direction, source, around), judge.context)
    return [
        (str(kind), {name: int(cells[number]) for name, cells in planned.cells.items()})
        for number, kind in enumerate(planned.kinds)
    ]


_contexts = st.builds(
    Context,
    creates_allowed=st.sampled_from([True, True, False]),
    deletes_allowed=st.sampled_from([True, True, False]),
    same_read=st.booleans(),
    unmet=st.sampled_from([(), (), ("Company",)]),
)


@settings(max_examples=150)
@given(mapping=mappings(), direction=st.sampled_from(Direction), context=_contexts, data=st.data())
def test_the_vectorised_plan_is_the_table(
    mapping: TypeMapping, direction: Direction, context: Context, data: st.DataObject
) -> None:
    rows = data.draw(batches(direction))
    judge = Judge(mapping=mapping, direction=direction, context=context)
    told = [(str(kind), {name: int(cell) for name, cell in cells.items()}) for kind, cells in judge.judge(rows)]
    assert vectorised(rows, judge) == told
