"""What works and yet looks unintended. Advice stops nothing: switching an object off breaks nothing (OSF-145)."""

from __future__ import annotations

from collections.abc import Iterator

from modstamp.errors import Problem
from modstamp.mapping import expectations
from modstamp.mapping.catalog import MappingFile, Mappings, linking
from modstamp.mapping.conditions import fields
from modstamp.mapping.strict import section
from modstamp.model import Direction, Operation

_MADE_OUTSIDE = frozenset({"account", "opportunity"})


def advise(mappings: Mappings) -> list[Problem]:
    """Advice on every file, each with its place and what to do about it."""
    alone = [advice for file in mappings.files for check in _CHECKS for advice in check(file)]
    together = (_people_missing, _falls_back_for_nothing)
    return [*alone, *(advice for file in mappings.files for check in together for advice in check(file, mappings))]


def _idle_toggles(file: MappingFile) -> Iterator[Problem]:
    for direction in Direction if any(file.mapping.is_on(each) for each in Direction) else ():  # else it is off as such
        for operation in Operation:
            if fault := _idle(file, direction, operation):
                what, fix = fault
                where = file.document.where((section(direction), operation.value))
                yield Problem(where, f"{section(direction)} {operation} {what}", fix)


def _idle(file: MappingFile, direction: Direction, operation: Operation) -> tuple[str, str] | None:
    """Why a toggle does nothing, and what to do; None when it does something."""
    toggle = file.mapping.toggles(direction).of(operation)
    if not toggle.on:
        return ("is off, so its condition says nothing", "switch it on, or remove it") if toggle.when else None
    if not file.mapping.is_on(direction):
        return f"is on while {direction} is off", f"switch {direction} on, or this off"
    if operation is not Operation.DELETE and not any(row.travels(direction) for row in file.mapping.fields):
        return "is on and no field travels that way", "mind the directions of the fields"
    return None


def _idle_backfill(file: MappingFile) -> Iterator[Problem]:
    mapping = file.mapping
    if mapping.backfill and mapping.pushing.on and not mapping.outbound.create.on:
        what = "backfill says how history goes out, and outbound create is off"
        yield Problem(file.document.where(("backfill",)), what, "switch outbound create on, or remove it")


def _created_from_here(file: MappingFile) -> Iterator[Problem]:
    """Accounts and opportunities are better made in the other system, under its own rules (OSF-127)."""
    if file.mapping.outbound.create.on and file.mapping.internal in _MADE_OUTSIDE:
        what = f"creating {file.mapping.external} from here is not recommended: its own rules keep the data whole"
        yield Problem(file.document.where(("outbound", "create")), what, "switch outbound create off")


def _created_blindly(file: MappingFile) -> Iterator[Problem]:
    mapping = file.mapping
    # What only comes in is made by this mapping alone, and known by its link.
    creates = mapping.outbound.create.on or (mapping.inbound.create.on and mapping.pushing.on)
    if creates and "match" not in mapping.model_fields_set:
        what = "records are created and no match key is given: what exists on both sides will be doubled"
        yield Problem(
            file.document.where(),
            what,
            "add 'match:' with the fields that tell two records apart, or [] where nothing does",
        )


def _meetings_doubled(file: MappingFile) -> Iterator[Problem]:
    """A meeting stands in the calendar of each user who is on it, also without prospects (OMS-021, OMS-027)."""
    mapping = file.mapping
    if mapping.internal != "meeting" or not mapping.outbound.create.on:
        return
    condition = mapping.condition(Direction.PUSHING, Operation.CREATE)
    asked = fields(condition) if condition else ()
    where = file.document.where(("outbound", "create"))
    if "is_organizer" not in asked and mapping.one_per is None:
        what = "a meeting that stands in several calendars becomes several records"
        yield Problem(where, what, "add {field: is_organizer, operator: is, value: true}, or 'one_per:'")
    if not {"prospect_id", "has_prospect"}.intersection(asked):
        what = "all meetings go, also those without a prospect"
        yield Problem(where, what, "add {field: prospect_id, operator: is not empty}")
    if "canceled" not in asked and not mapping.deletes_canceled:
        what = "meetings that were canceled before the sync began go too"
        yield Problem(where, what, "add {field: canceled, operator: is, value: false}")


def _idle_expectations(file: MappingFile) -> Iterator[Problem]:
    known = [expectations.targets(file.mapping, direction) for direction in Direction]
    for position, name, arguments in expectations.entries(file.mapping.expect):
        columns = expectations.columns(arguments)
        if not any(all(column in names for column in columns) for names in known):
            what = f"{name} never applies: in no direction are values of {', '.join(columns)} written"
            fix = "name the fields as the side calls them that they are written to"
            yield Problem(file.document.where(("expect", position, name)), what, fix)


def _people_missing(file: MappingFile, mappings: Mappings) -> Iterator[Problem]:
    """Whoever a meeting is with, and whose it is, must be linked before it can go (OMS-003)."""
    if not (file.mapping.pushing.on and file.mapping.outbound.create.on):
        return
    for kind, found in linking(file.mapping, mappings).items():
        if not any(each.is_on(direction) for each in found for direction in Direction):
            names = " or ".join(each.name for each in found)
            what = f"each {file.mapping.internal} waits for its {kind} to be linked, and {names} is switched off"
            yield Problem(file.document.where(("pushing",)), what, f"switch {names} on first, or pushing off here")


def _falls_back_for_nothing(file: MappingFile, mappings: Mappings) -> Iterator[Problem]:
    """Once opportunities come in, it is known whether there is one (OSF-162)."""
    for index, row in enumerate(file.mapping.fields):
        if not (row.falls_back and row.reference):
            continue
        kind = row.reference.type
        there = [each.name for each in mappings if each.internal == kind and each.polling.on]
        if there:
            what = f"{row.external} falls back to {row.falls_back.reference}, and {there[0]} brings each {kind} in"
            yield Problem(file.document.where(("fields", index, "fallback")), what, "write 'on: false' there")


_CHECKS = (_meetings_doubled, _idle_toggles, _idle_backfill, _idle_expectations, _created_from_here, _created_blindly)
