"""What Airflow shows about a DAG, written from its mapping: fields, toggles, conditions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.conditions import active, describe
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Operation

_MANUAL = (
    "A manual run takes a limit and a dry run, a poll also a window of its own. "
    "The log of the last task ends with what the run did."
)
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_ARROWS = {"both": "↔", "in": "←", "out": "→"}


def sentence(mapping: TypeMapping, direction: Direction) -> str:
    """One line about what the DAG does."""
    inside, outside = f"{mapping.internal} records", f"{mapping.system.capitalize()} {mapping.external_type} records"
    source, target = (outside, inside) if direction is Direction.POLLING else (inside, outside)
    return f"Changed {source} become {target}."


def document(file: MappingFile, direction: Direction) -> str:
    """Markdown."""
    mapping = file.mapping
    return "\n".join(
        [
            sentence(mapping, direction),
            "",
            f"Connection `{mapping.connection}`. {_timing(mapping, direction)}",
            "",
            *_toggles(mapping, direction),
            "",
            "| internal | | external | |",
            "|---|---|---|---|",
            *(_row(mapping, each) for each in mapping.fields),
            "",
            *_rules(mapping),
            "",
            _MANUAL,
        ]
    )


def _timing(mapping: TypeMapping, direction: Direction) -> str:
    if not mapping.is_on(direction):
        return f"**{str(direction).capitalize()} is off in the mapping file**: a run ends at once, skipped."
    every = mapping.polling.every if direction is Direction.POLLING else mapping.pushing.every
    when = active(mapping.polling.when if direction is Direction.POLLING else mapping.pushing.when)
    return f"Every {_words(every)}" + (f", records of which {describe(when)}." if when else ".")


def _words(duration: timedelta) -> str:
    """10 minutes; minute. In the largest unit that leaves no rest."""
    seconds = int(duration.total_seconds())
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return unit if seconds == size else f"{seconds // size} {unit}s"


def _toggles(mapping: TypeMapping, direction: Direction) -> Iterator[str]:
    for operation in Operation:
        toggle = mapping.toggles(direction).of(operation)
        said = active(toggle.when)
        when = f", when {describe(said)}" if toggle.on and said else ""
        yield f"- **{operation}**: {'on' if toggle.on else 'off'}{when}"


def _row(mapping: TypeMapping, each: FieldMapping) -> str:
    notes = []
    if each.values is not None:
        notes.append("by a table of pairs" if isinstance(each.values, tuple) else f"by value table `{each.values}`")
    if each.reference is not None:
        notes.append(f"names a {each.reference.type}" + (f" by {each.reference.by}" if each.reference.by else ""))
    if each.conflict is not None and each.conflict != mapping.conflict:
        notes.append(f"when both changed: {each.conflict}")
    if each.lookup is not None:
        notes.append(
            "looked up where " + " and ".join(f"{theirs} is {own}" for theirs, own in each.lookup.match.items())
        )
    if each.reference is not None and each.reference.look_for is not None:
        notes.append(f"known outside by {each.reference.look_for}")
    notes += [f"blanks are skipped {name}" for name in each.skip_empty]
    notes += [f"nothing {name} is {text!r}" for name, text in each.empty_as.model_dump(exclude_none=True).items()]
    if each.only_on:
        notes.append(f"on {each.only_on} alone")
    internal = each.internal if each.template is None else each.template.replace("|", "\\|")
    return f"| `{internal}` | {_ARROWS[each.direction]} | `{each.external}` | {'; '.join(notes)} |"


def _rules(mapping: TypeMapping) -> Iterator[str]:
    if mapping.match_keys:
        keys = (", ".join(f"`{name}`" for name in key) for key in mapping.match_keys)
        yield f"- Existing records are recognised by {'; else by '.join(keys)}."
    yield f"- A field that both sides changed: **{mapping.conflict}**."
    yield f"- Fields that differ when two existing records are linked: **{mapping.first_link}**."
    yield f"- An edit of a record that the other side deleted: **{mapping.after_delete}**."
