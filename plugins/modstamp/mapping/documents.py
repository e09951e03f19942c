"""YAML text as plain data that remembers its lines.

YAML 1.2 scalars: `on`, `yes` and `2025-01-01` are texts here, `true` is the boolean. So a key named `on` is a key named
`on`, and dates reach the models as the texts that records hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.reader import ReaderError

from modstamp.errors import Problem

Path = tuple[str | int, ...]  # keys and positions, from the top of the document


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, where each part of it stands, and what is wrong with it as YAML.

    `data` is None when the file is empty or nothing could be read.
    """

    name: str
    data: Any
    lines: Mapping[Path, int]
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path = ()) -> int:
        """The line of the innermost part of the path that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: Path = ()) -> str:
        """The same as ``file:line``."""
        return f"{self.name}:{self.line(path)}"


class _Loader(yaml.CSafeLoader):
    """PyYAML's loader with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (typed by its base)


for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"[-+]?(0|[1-9]\d*)", list("-+0123456789")),
    ("float", r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def parse(text: str, name: str) -> Document:
    """Read one YAML document; `name` is how problems call the file."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        walk = _Walk(loader, name)
        data = walk.value(root, ()) if root else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _unreadable(name, mark.line + 1 if mark else 1, str(error.problem or error.context))
    except ReaderError as error:
        return _unreadable(name, text.count("\n", 0, error.position) + 1, str(error.reason))
    finally:
        loader.dispose()
    return Document(name, data, walk.lines, tuple(walk.problems))


def _unreadable(name: str, line: int, why: str) -> Document:
    problem = Problem(f"{name}:{line}", f"is not YAML: {why}", "mend the line or the one above it")
    return Document(name, None, {}, (problem,))


class _Walk:
    """One pass over the nodes of a document: its values, their lines, and keys that are written twice."""

    def __init__(self, loader: _Loader, name: str) -> None:
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._loader = loader
        self._name = name
        self._open: list[yaml.Node] = []

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._loader.construct_object(node)
        if node in self._open:
            raise yaml.MarkedYAMLError(problem="an anchor holds itself", problem_mark=node.start_mark)
        self._open.append(node)
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self._open.pop()
        return value

    def _sequence(self, node: yaml.Node, path: Path) -> list[Any]:
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in found:
                first = self.lines[*path, key]
                what = f"the key '{key}' stands here a second time (first in line {first})"
                self.problems.append(Problem(f"{self._name}:{line}", what, "keep one of the two"))
                continue
            self.lines[*path, key] = line
            found[key] = self.value(value_node, (*path, key))
        return found
