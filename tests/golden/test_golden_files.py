"""Raw records in, expected values out: one JSON file per mapping, written by hand.

Computed values and texts are made of the record's own fields, as `source` holds them.

A file holds `references` (internal field → what the source holds → its counterpart, as a look-up in links or in a
column would give it) and, per direction, rows with a `source` record and either the `target` values, the parents that
it `waits` for, or the field for which it is `rejected`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modstamp.engine.frames import frame
from modstamp.engine.transform import by_lookup, transform
from modstamp.mapping.catalog import Mappings
from modstamp.mapping.loading import load
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction

FOLDER = Path(__file__).parent
MAPPINGS = load(FOLDER.parents[1] / "include" / "mappings")
GOLDEN = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
CASES = [
    pytest.param(name, direction, id=f"{name}-{direction}")
    for name, content in GOLDEN.items()
    for direction in Direction
    if direction in content
]


def found(mappings: Mappings, mapping: TypeMapping, direction: Direction) -> dict[str, dict[str, str]]:
    """The look-ups of the golden file, in the direction that is asked for."""
    result = {}
    for field in mapping.fields:
        pairs: dict[str, str] = GOLDEN[mapping.name]["references"].get(field.internal, {})
        if direction is Direction.PUSHING:
            pairs = {internal: external for external, internal in pairs.items()}
        result[field.internal] = by_lookup(field, direction, mappings.tables(mapping), pairs)
    return result


def result_of(rows: list[dict[str, Any]], mapping: TypeMapping, direction: Direction) -> list[dict[str, Any]]:
    sources = [_with_computed(row["source"], mapping, direction) for row in rows]
    records = frame({name: [source[name] for source in sources] for name in sources[0]})
    done = transform(records, mapping, direction, MAPPINGS.tables(mapping), found(MAPPINGS, mapping, direction))
    converted = done.converted.to_dict("records")
    return [
        {"rejected": done.rejected[position].partition(":")[0]}
        if done.rejected[position]
        else {"waits": done.waits[position]}
        if done.waits[position]
        else {"target": converted[position]}
        for position in range(len(rows))
    ]


def _with_computed(source: dict[str, Any], mapping: TypeMapping, direction: Direction) -> dict[str, Any]:
    """What looks at other records too has no place in a golden file."""
    made = {
        field.derived_name: field.formula.value({name: source[name] for name in field.ingredients})
        for field in mapping.fields
        if field.formula is not None and field.travels(direction)
    }
    return source | made


def test_every_mapping_has_its_golden_file() -> None:
    assert set(GOLDEN) == {mapping.name for mapping in MAPPINGS}


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_records_become_what_the_golden_file_says(name: str, direction: Direction) -> None:
    mapping, rows = MAPPINGS[name], GOLDEN[name][direction]
    expected = [{key: value for key, value in row.items() if key != "source"} for row in rows]
    assert result_of(rows, mapping, direction) == expected


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_each_golden_file_covers_every_field_that_travels(name: str, direction: Direction) -> None:
    mapping = MAPPINGS[name]
    rows = GOLDEN[name][direction]
    assert set(rows[0]["source"]) == {name for row in mapping.fields for name in row.read_names(direction.source)}
    assert {field for row in rows for field in row.get("target", ())} == {
        row.name(direction.target) for row in mapping.fields if row.travels(direction)
    }


@pytest.mark.requirement("STG-040")
def test_a_contact_status_travels_as_any_text() -> None:
    texts = {(row["source"]["Contact_Status__c"], row["target"]["stage_name"]) for row in targets("salesforce_contact")}
    assert ("Any text the org likes", "Any text the org likes") in texts
    assert all(external == internal for external, internal in texts)


@pytest.mark.requirement("OSF-027")
def test_a_prospect_shows_the_stage_of_its_lead_status() -> None:
    stages = {(row["source"]["MasterLabel"], row["target"]["name"]) for row in targets("salesforce_lead_status")}
    ids = {GOLDEN["salesforce_lead"]["references"]["stage_id"][name]: status for status, name in stages}
    assert all(ids[row["target"]["stage_id"]] == row["source"]["Status"] for row in targets("salesforce_lead"))


def targets(name: str) -> list[dict[str, Any]]:
    return [row for row in GOLDEN[name][Direction.POLLING] if "target" in row]
