"""Schema drift: fields of the other system that came, went or changed since a person last knew of them (G8).

What was known stands in the mapping's kept document under ``schema``. Of mapped fields their terms are kept, of all
others the names, as only their coming is worth a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from modstamp.mapping.schema import TypeMapping
from modstamp.model import Field, Side, TypeDescription

Schema = dict[str, Any]
"""JSON-able. ``names``: every field that is known; ``fields``: mapped field → its terms; ``unseen``: mapped fields that
are not shown; ``told``: drift that stands in Activity already.
"""

_TERMS = ("kind", "native", "length", "required", "createable", "updateable", "calculated", "restricted", "choices")
_WORDS = {
    "kind": "kind",
    "native": "type",
    "length": "length",
    "required": "being required",
    "createable": "right to be written on create",
    "updateable": "right to be written on update",
    "calculated": "being calculated",
    "restricted": "being restricted to its values",
    "choices": "values",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """One field. `old` and `new`: those of its terms that differ; empty where the field came or went."""

    verb: Literal["appeared", "vanished", "changed"]
    field: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)

    def __str__(self) -> str:
        if self.verb != "changed":
            return f"the field {self.field} has {self.verb}"
        parts = [f"{_WORDS[name]} from {_told(self.old[name])} to {_told(self.new[name])}" for name in self.old]
        return f"the field {self.field} has changed its {', its '.join(parts)}"


def first_sight(mapping: TypeMapping, shown: TypeDescription) -> Schema:
    """What is known of a type that nobody has looked at before."""
    mapped = mapping.field_names(Side.EXTERNAL)
    return {
        "names": sorted(shown.fields),
        "fields": {name: _terms(shown.fields[name]) for name in mapped if name in shown.fields},
        "unseen": unseen(mapping, shown.fields),
        "told": [],
    }


def noticed(mapping: TypeMapping, known: Schema | None, shown: TypeDescription) -> tuple[Schema, list[Drift]]:
    """What is known now, and the drift that has not been told yet."""
    if known is None:
        return first_sight(mapping, shown), []
    followed = _followed(mapping, known, shown)
    found = compare(mapping, followed, shown)
    entries = [each.as_dict() for each in found]
    fresh = [each for each, entry in zip(found, entries, strict=True) if entry not in known["told"]]
    return {**followed, "unseen": unseen(mapping, shown.fields), "told": entries}, fresh


def accepted(mapping: TypeMapping, known: Schema, shown: TypeDescription) -> Schema:
    """The type as it is shown is what is known of it. A mapped field that went is still awaited, without terms."""
    awaited = dict.fromkeys(name for name in known["fields"] if name in mapping.field_names(Side.EXTERNAL))
    after = first_sight(mapping, shown)
    return {**after, "fields": {**awaited, **after["fields"]}, "unseen": known["unseen"]}


def unseen(mapping: TypeMapping, shown: Container[str]) -> list[str]:
    """Mapped external fields that the type, or a frame of its records, does not show."""
    return [name for name in mapping.field_names(Side.EXTERNAL) if name not in shown]


def returned(mapping: TypeMapping, before: Schema | None, after: Schema | None) -> list[str]:
    """Mapped fields that were not shown and are now."""
    if before is None or after is None:
        return []
    mapped = mapping.field_names(Side.EXTERNAL)
    return [name for name in before["unseen"] if name in mapped and name not in after["unseen"]]


def compare(mapping: TypeMapping, known: Schema | None, shown: TypeDescription) -> list[Drift]:
    """Every difference between what is known and what is shown; none before a run has looked for the first time."""
    return [] if known is None else [*_of_mapped(mapping, known, shown), *_appeared(mapping, known, shown)]


def went(mapping: TypeMapping, known: Schema | None, shown: TypeDescription) -> set[str]:
    """Mapped fields that are shown no longer and that runs can go on without.

    One that never was shown is a wrong name in the file, and no drift.
    """
    names = {name for name in (known or {"fields": {}})["fields"] if name not in shown.fields}
    return names - indispensable(mapping)


def indispensable(mapping: TypeMapping) -> set[str]:
    """External fields without which records would be doubled: the match key, and the own key (G20, G21)."""
    keys = {row.external for row in mapping.fields if row.internal in mapping.match_fields}
    return keys | ({mapping.own_key} if mapping.own_key else set())


def proposal(drift: Drift, internal: TypeDescription) -> str:
    """The line for the mapping file that would sync a field that appeared."""
    plain = re.sub(r"__c$", "", drift.field)
    snake = re.sub(r"_+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)).lower()
    line = f"- {{internal: {snake}, external: {drift.field}, direction: in}}"
    if snake in internal.fields:
        return f"to sync it, add to `fields`: {line}"
    return f"to sync it, add a column {snake} to {internal.name}, and to `fields`: {line}"


def _followed(mapping: TypeMapping, known: Schema, shown: TypeDescription) -> Schema:
    """Fields that were mapped since belong to what is known; those that are mapped no longer are names only."""
    mapped = mapping.field_names(Side.EXTERNAL)
    fields = {name: known["fields"].get(name) or _terms(shown.fields[name]) for name in mapped if name in shown.fields}
    gone = {name: terms for name, terms in known["fields"].items() if name in mapped and name not in fields}
    return {**known, "names": sorted({*known["names"], *fields, *known["fields"]}), "fields": fields | gone}


def _of_mapped(mapping: TypeMapping, known: Schema, shown: TypeDescription) -> Iterator[Drift]:
    for name in mapping.field_names(Side.EXTERNAL):
        before = known["fields"].get(name)
        if before is None:
            continue
        if name not in shown.fields:
            yield Drift("vanished", name, {}, {})
            continue
        after = _terms(shown.fields[name])
        # An earlier version may not have kept all of the terms.
        differs = [term for term in _TERMS if term in before and before[term] != after[term]]
        if differs:
            yield Drift("changed", name, *({term: each[term] for term in differs} for each in (before, after)))


def _appeared(mapping: TypeMapping, known: Schema, shown: TypeDescription) -> Iterator[Drift]:
    familiar = {*known["names"], *mapping.field_names(Side.EXTERNAL)}
    return (Drift("appeared", name, {}, {}) for name in shown.fields if name not in familiar)


def _terms(field: Field) -> dict[str, Any]:
    """As JSON gives it back."""
    terms = {name: getattr(field, name) for name in _TERMS}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in terms.items()}


def _told(value: Any) -> str:
    if isinstance(value, Collection) and not isinstance(value, str):
        return f"({', '.join(map(str, value))})"
    return "none" if value in (None, "") else str(value)
