"""From one state of a mapping to the next: what changed, and what follows for records that are linked already (G30).

A base is a side's own raw value, so it means something only as long as both sides' values are brought together in the
same way. Where that way changed the base goes, and the first-link rule speaks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from modstamp import instants
from modstamp.mapping.terms import Document
from modstamp.model import Operation, Side

_SECTIONS = ("inbound", "outbound")
_TOLD_APART = frozenset({"fields", "removed", *_SECTIONS, "polling", "pushing"})
_TRAVELS = {"both": {"in", "out"}, "in": {"in"}, "out": {"out"}}


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of Activity: `verb` and `what` (a field, a toggle, a condition, a setting), as it was and as it is."""

    verb: str
    what: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class Affected:
    """Links whose bases of these two fields no longer say what they said.

    `where`: only links with a base among these values on one of the sides; None: all of the mapping's.
    """

    internal: str
    external: str
    where: Mapping[Side, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is to be done once. `document` is to be kept.

    `forget`: bases that go. `look_at`: links that are to be looked at again; `look_at_all`: every one of them.
    `unsettle`: internal fields whose writes that are under way shall move no base. `read_again`: the external side is
    read from the beginning. `look_at_unlinked`: so are internal records without a link. `rekeyed`: match keys of
    creates that are under way say nothing any more.
    """

    document: Document
    changes: tuple[Change, ...] = ()
    forget: tuple[Affected, ...] = ()
    look_at: tuple[Affected, ...] = ()
    look_at_all: bool = False
    unsettle: tuple[str, ...] = ()
    read_again: bool = False
    look_at_unlinked: bool = False
    rekeyed: bool = False


def difference(old: Document | None, new: Document, now: datetime, retention: timedelta) -> Difference | None:
    """None: the mapping is what it was. `retention`: how long bases of a removed field are kept."""
    if old is None:
        return Difference(document={**new, "removed": {}}, changes=(Change("added", "the mapping"),))
    fields = _Fields(old, new, now, retention)
    fields.compare()
    document = {**new, "removed": fields.removed}
    if document == old:
        return None
    switched = tuple(_switches(old, new))
    on = {change.what for change in switched if change.verb == "switched on"}
    rekeyed = _match_fields(old) != _match_fields(new)
    updates = {f"{section} {Operation.UPDATE}" for section in _SECTIONS}
    return Difference(
        document=document,
        changes=(*fields.changes, *switched, *_settings(old, new)),
        forget=tuple(fields.forget),
        look_at=tuple(fields.look_at),
        look_at_all=fields.look_at_all or bool(on & updates) or _cancels_otherwise(old, new),
        unsettle=tuple(fields.unsettle),
        read_again=rekeyed or f"inbound {Operation.CREATE}" in on or _reads_further_back(old, new),
        look_at_unlinked=rekeyed
        or f"outbound {Operation.CREATE}" in on
        or _is_history_no_more(old, new)
        or _creates_others(old, new)
        or old.get("one_per") != new["one_per"],
        rekeyed=rekeyed,
    )


@dataclass(slots=True)
class _Fields:
    """The field mappings compared; the lists are filled by `compare`."""

    old: Document
    new: Document
    now: datetime
    retention: timedelta
    changes: list[Change] = field(default_factory=list)
    forget: list[Affected] = field(default_factory=list)
    look_at: list[Affected] = field(default_factory=list)
    look_at_all: bool = False
    unsettle: list[str] = field(default_factory=list)
    removed: dict[str, Any] = field(default_factory=dict)

    def compare(self) -> None:
        before, after = self.old["fields"], self.new["fields"]
        resting = self.old.get("removed", {})
        for name, terms in after.items():
            if name in before:
                self._kept(name, before[name], terms)
            elif name in resting:
                self._back(name, resting[name], terms)
            else:
                self._new(name, terms)
        taken = {terms["external"] for terms in after.values()}
        for name, terms in before.items():
            if name not in after:
                self._gone(name, terms, taken)
        for name, terms in resting.items():
            if name not in after:
                self._rests(name, terms, taken)

    def _new(self, name: str, terms: Document) -> None:
        self.changes.append(Change("added", f"field {name}", None, terms))
        self._start_anew(name, terms["external"])

    def _back(self, name: str, before: Document, terms: Document) -> None:
        """Its bases have been kept: what either side did meanwhile is an edit, unless it means something else now."""
        was = {key: value for key, value in before.items() if key != "removed_at"}
        self.changes.append(Change("restored", f"field {name}", was, terms))
        self.look_at_all = True
        if _meaning(was) != _meaning(terms) or _widened(was, terms):
            self._start_anew(name, was["external"], terms["external"])

    def _kept(self, name: str, before: Document, terms: Document) -> None:
        if before == terms:
            return
        self.changes.append(Change("changed", f"field {name}", before, terms))
        pairs = _changed_pairs(before, terms)
        if pairs is not None and not _widened(before, terms):
            self.unsettle.append(name)
            where = {Side.EXTERNAL: tuple(sorted({external for _, external in pairs}))}
            if terms["reference"] is None:  # else the internal value is an id, which no table names
                where[Side.INTERNAL] = tuple(sorted({internal for internal, _ in pairs}))
            affected = Affected(name, terms["external"], where)
            self.forget.append(affected)
            self.look_at.append(affected)
        elif _meaning(before) != _meaning(terms) or _widened(before, terms):
            self._start_anew(name, before["external"], terms["external"])

    def _start_anew(self, name: str, *externals: str) -> None:
        self.forget += [Affected(name, external) for external in dict.fromkeys(externals)]
        self.unsettle.append(name)
        self.look_at_all = True

    def _gone(self, name: str, terms: Document, taken: set[str]) -> None:
        self.changes.append(Change("removed", f"field {name}", terms, None))
        self.unsettle.append(name)
        if terms["external"] in taken:  # its counterpart's bases are another field's now
            self.forget.append(Affected(name, terms["external"]))
        else:
            self.removed[name] = {**terms, "removed_at": instants.to_text(self.now)}

    def _rests(self, name: str, terms: Document, taken: set[str]) -> None:
        expired = instants.from_text(terms["removed_at"]) <= self.now - self.retention
        if expired or terms["external"] in taken:
            self.changes.append(Change("purged", f"bases of field {name}", terms, None))
            self.forget.append(Affected(name, terms["external"]))
        else:
            self.removed[name] = terms


def _meaning(terms: Document) -> tuple[Any, ...]:
    """How the values of the two sides are brought together."""
    partial = terms.get("references") or [], terms.get("left_out_with") or {}, terms.get("last_day_when")
    derived = terms.get("lookup"), terms.get("template")
    fallback = terms.get("fallback") or {}
    instead = (fallback["internal"], fallback["reference"]) if fallback.get("on") else None
    return terms["external"], terms["values"], terms["reference"], derived, partial, instead


def _widened(before: Document, terms: Document) -> bool:
    """It travels where it did not: what that side did meanwhile was never meant to travel, and is no edit now."""
    return not _ways(terms) <= _ways(before)


def _ways(terms: Document) -> set[tuple[str, str]]:
    """In which directions values are written, blanks among them, into records that exist or are made."""
    skipped = {name.removesuffix("bound") for name in terms.get("skip_empty", ())}
    ways = {(way, "create") for way in _TRAVELS[terms["direction"]]}
    if terms.get("only_on") is None:
        ways |= {(way, "update") for way in _TRAVELS[terms["direction"]]}
        ways |= {(way, "blank") for way in _TRAVELS[terms["direction"]] - skipped}
    return ways


def _changed_pairs(before: Document, terms: Document) -> list[tuple[str, str]] | None:
    """Pairs that came or went, where nothing but the pairs of a value table changed."""
    old, new = before["values"], terms["values"]
    alone = {**before, "values": new, "conflict": terms["conflict"], "direction": terms["direction"]} == terms
    if not alone or old is None or new is None or old == new:
        return None
    return sorted({(i, e) for i, e in old} ^ {(i, e) for i, e in new})


def _switches(old: Document, new: Document) -> Iterator[Change]:
    for section in _SECTIONS:
        for operation in Operation:
            was, is_now = old[section][operation], new[section][operation]
            yield from _switched(f"{section} {operation}", was["on"], is_now["on"])
            if was["when"] != is_now["when"]:
                yield Change("changed", f"condition of {section} {operation}", was["when"], is_now["when"])
            for name in is_now.keys() - {"on", "when"}:
                if was.get(name) != is_now[name]:
                    yield Change("changed", f"{section} {operation} {name}", was.get(name), is_now[name])
    for run in ("polling", "pushing"):
        yield from _switched(run, old[run]["on"], new[run]["on"])


def _switched(what: str, was: bool, is_now: bool) -> Iterator[Change]:  # noqa: FBT001 - two states of one switch
    if was != is_now:
        yield Change("switched on" if is_now else "switched off", what, was, is_now)


def _settings(old: Document, new: Document) -> Iterator[Change]:
    for name in new:
        if name not in _TOLD_APART and old.get(name) != new[name]:
            yield Change("changed", name, old.get(name), new[name])
    for run in ("polling", "pushing"):
        for name in new[run]:
            if name != "on" and old[run].get(name) != new[run][name]:
                yield Change("changed", f"{run} {name}", old[run].get(name), new[run][name])


def _cancels_otherwise(old: Document, new: Document) -> bool:
    """What was canceled already is to be deleted from now on, or to be flagged."""
    return bool(old.get("on_cancel", "flag") != new["on_cancel"])


def _creates_others(old: Document, new: Document) -> bool:
    """Other records go out than before; those of another mapping's kind waited nowhere."""
    return bool(
        old["pushing"].get("when") != new["pushing"]["when"]
        or old["outbound"]["create"]["when"] != new["outbound"]["create"]["when"]
    )


def _match_fields(content: Document) -> Sequence[Sequence[tuple[str, str]]]:
    """Of each key."""
    match = content["match"]
    keys = match if any(isinstance(each, list | tuple) for each in match) else [match]
    return [[(name, content["fields"][name]["external"]) for name in key if name in content["fields"]] for key in keys]


def _reads_further_back(old: Document, new: Document) -> bool:
    """`start_from` names an earlier day, or none; days are written so that they sort."""
    was, is_now = old["polling"]["start_from"], new["polling"]["start_from"]
    return was is not None and (is_now is None or is_now < was)


def _is_history_no_more(old: Document, new: Document) -> bool:
    """What waited for a lane of its own goes out like everything else."""
    return old.get("backfill") is not None and new["backfill"] is None
