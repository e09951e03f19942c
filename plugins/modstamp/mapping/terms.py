"""What a mapping says, as a document that is kept beside the state: later files are compared with it (G30)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from modstamp.mapping.schema import TypeMapping
from modstamp.mapping.values import ValueTable

Document = dict[str, Any]
"""JSON-able. ``fields``: internal name → the field mapping, its value table written out as pairs. ``removed`` is added
by `changes`: fields that are mapped no longer, and since when. Everything else stands as in the mapping file.
"""


def document(mapping: TypeMapping, tables: Mapping[str, ValueTable]) -> Document:
    """`tables`: internal field → its value table."""
    content: Document = mapping.model_dump(mode="json", exclude={"fields", "connection", "name"})
    content["fields"] = {}
    for field in mapping.fields:
        table = tables.get(field.internal)
        pairs = sorted([*pair] for pair in table.pairs) if table else None
        content["fields"][field.internal] = {**field.model_dump(mode="json", exclude={"internal"}), "values": pairs}
    return content


def fingerprint(content: Document) -> str:
    """Changes when the mapping or a value table that it uses does."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
