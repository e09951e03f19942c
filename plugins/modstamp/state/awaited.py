"""Which of the records that others wait for are linked by now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from modstamp.model import Side, awaited_types
from modstamp.ports import NamesOf
from modstamp.state.links import Links


def linked(links: Links, connection: str, side: Side, awaited: Iterable[str], names_of: NamesOf) -> list[str]:
    """`awaited`: as `model.awaited` names them, by their ids on this side."""
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for each in awaited:
        kind, _, record_id = each.partition(":")
        by_kind[kind].append(record_id)
    found = []
    for kind, ids in by_kind.items():
        internal_type, external_types = awaited_types(kind)
        known = links.translate(connection, internal_type, side, ids, names_of(external_types))
        found += [f"{kind}:{record_id}" for record_id in known]
    return found
