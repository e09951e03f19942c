from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from modstamp.mapping.json_schema import keys_at, schema, text

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "include" / "mappings").rglob("*.yaml"))


def test_the_committed_copy_is_not_stale() -> None:
    fix = "python -m modstamp.mapping.json_schema > docs/mapping.schema.json"
    assert (ROOT / "docs" / "mapping.schema.json").read_text(encoding="utf-8") == text(), fix


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_editors_accept_the_default_mappings(path: Path) -> None:
    Draft202012Validator.check_schema(schema())
    data = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  (texts only: a safe loader)
    data = json.loads(json.dumps(data).replace('"true"', "true").replace('"false"', "false"))
    Draft202012Validator(schema()).validate(data)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_editors_find_the_schema_from_the_file(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert named.resolve() == ROOT / "docs" / "mapping.schema.json"


def test_it_tells_which_keys_may_stand_where() -> None:
    assert keys_at(("inbound", "create")) == ["after_manual_create", "on", "when"]
    assert keys_at(("fields", 0, "reference")) == ["by", "look_for", "type"]
    assert keys_at(("outbound", "create", "when", "any", 0)) == ["all", "any", "field", "on", "operator", "value"]
    assert keys_at(("nowhere",)) == []
