"""The JSON Schema of a mapping file, for editors; and what it says about one place in a file.

``python -m modstamp.mapping.json_schema > docs/mapping.schema.json`` writes the copy that the mapping files name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from modstamp.mapping.documents import Path
from modstamp.mapping.schema import TypeMapping

Node = dict[str, Any]


@cache
def schema() -> Node:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TypeMapping.model_json_schema(mode="validation"),
        "title": "Modstamp type mapping",
    }


def text() -> str:
    return json.dumps(schema(), indent=2) + "\n"


def keys_at(path: Path) -> list[str]:
    """The keys that may stand at a place in a mapping file."""
    nodes = [schema()]
    for step in path:
        nodes = [child for node in _alternatives(nodes) for child in _children(node, step)]
    return sorted({key for node in _alternatives(nodes) for key in node.get("properties", {})})


def _alternatives(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        target = [schema()["$defs"][node["$ref"].rpartition("/")[2]]] if "$ref" in node else []
        yield from _alternatives([*target, *node.get("anyOf", []), *node.get("oneOf", [])])


def _children(node: Node, step: str | int) -> list[Node]:
    found = node.get("items") if isinstance(step, int) else node.get("properties", {}).get(step)
    return [found] if found else []


if __name__ == "__main__":
    sys.stdout.write(text())
