"""What the integration user needs, object by object and field by field, as the mapping files say.

``python -m modstamp.mapping.permissions`` prints the table that stands in ``docs/salesforce.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modstamp.mapping.loading import load
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Operation, Side

_WORDS = {Operation.CREATE: "create", Operation.UPDATE: "edit", Operation.DELETE: "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Of one external type. `rights`: on the object, reading aside; `read`, `edit`: its fields."""

    type_name: str
    rights: tuple[str, ...]
    read: tuple[str, ...]
    edit: tuple[str, ...]


def permissions(mappings: Iterable[TypeMapping]) -> Permissions:
    """What the mappings of one external type take together; a field that is written must be readable, too."""
    each_takes = [_permissions(mapping) for mapping in mappings]
    edit = dict.fromkeys(name for each in each_takes for name in each.edit)
    read = dict.fromkeys(name for each in each_takes for name in each.read if name not in edit)
    rights = {right for each in each_takes for right in each.rights}
    return Permissions(
        type_name=each_takes[0].type_name,
        rights=tuple(word for word in _WORDS.values() if word in rights),
        read=tuple(read),
        edit=tuple(edit),
    )


def _permissions(mapping: TypeMapping) -> Permissions:
    on = [each for each in Operation if mapping.outbound.of(each).on] if mapping.pushing.on else []
    writes = {Operation.CREATE, Operation.UPDATE} & set(on)
    sent = [row.external for row in mapping.fields if row.travels(Direction.PUSHING)] if writes else []
    edit = dict.fromkeys([*sent, *([mapping.own_key] if mapping.own_key and Operation.CREATE in on else [])])
    return Permissions(
        type_name=mapping.external_type,
        rights=tuple(_WORDS[each] for each in on),
        read=tuple(name for name in mapping.field_names(Side.EXTERNAL) if name not in edit),
        edit=tuple(edit),
    )


def table(mappings: Iterable[TypeMapping]) -> str:
    """In Markdown."""
    head = ["| object | rights on the object | fields to read | fields to read and edit |", "|---|---|---|---|"]
    by_type: dict[str, list[TypeMapping]] = {}
    for mapping in sorted(mappings, key=lambda each: each.external_type):
        by_type.setdefault(mapping.external_type, []).append(mapping)
    rows = [
        f"| {each.type_name} | {', '.join(('read', *each.rights))} | {_list(each.read)} | {_list(each.edit)} |"
        for each in map(permissions, by_type.values())
    ]
    return "\n".join([*head, *rows])


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"


if __name__ == "__main__":
    sys.stdout.write(table(load(Path("include/mappings"))) + "\n")
