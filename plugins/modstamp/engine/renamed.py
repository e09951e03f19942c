"""Records that the target refused because of whom they name: the link of one of these has changed since (G16, G26).

A Lead that was deleted, merged or converted a moment ago is still linked, until the next poll. What is sent in its name
is refused, and nothing of the record itself need change for it to pass.
"""

from __future__ import annotations

import json
from typing import Any

from modstamp.engine.environment import Environment
from modstamp.model import Side
from modstamp.ports import Transaction


def named_otherwise(tx: Transaction, environment: Environment) -> list[str]:
    """Refused records that would name other counterparts, or fewer, if they were sent again. Of a push."""
    mapping = environment.mapping
    kinds = {
        field.external: field.named_types
        for field in mapping.fields
        if field.named_types and not (field.reference and field.reference.by)
    }
    refused = tx.quarantine.sent(mapping.name) if kinds else {}
    named = {
        record: {each for name in kinds.keys() & values.keys() for each in _ids(values[name])}
        for record, values in refused.items()
    }
    wanted = sorted({each for ids in named.values() for each in ids})
    linked: set[str] = set()
    for kind in sorted({each for types in kinds.values() for each in types}) if wanted else ():
        linked |= tx.links.translate(mapping.connection, kind, Side.EXTERNAL, wanted).keys()
    return [record for record, ids in named.items() if ids - linked]


def _ids(value: Any) -> list[str]:
    """Of a reference, or of a list of them as a text."""
    if not isinstance(value, str) or not value:
        return []
    return [str(each) for each in json.loads(value)] if value.startswith("[") else [value]
