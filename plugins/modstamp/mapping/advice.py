"""What works and yet looks unintended. Advice stops nothing: switching an object off breaks nothing (OSF-145)."""

from __future__ import annotations

from collections.abc import Iterator

from modstamp.errors import Problem
from modstamp.mapping.catalog import MappingFile, Mappings
from modstamp.model import Direction, Operation

_SWITCHES = {Direction.POLLING: ("polling", "inbound"), Direction.PUSHING: ("pushing", "outbound")}
_NOT_FROM_HERE = frozenset({"account", "opportunity"})


def advise(mappings: Mappings) -> list[Problem]:
    """Advice on every file, each with its place and what to do about it."""
    return [advice for file in mappings.files for check in _CHECKS for advice in check(file)]


def _idle_toggles(file: MappingFile) -> Iterator[Problem]:
    for direction, (switch, key) in _SWITCHES.items():
        active = getattr(file.mapping, switch).on
        travels = any(row.travels(direction) for row in file.mapping.fields)
        for operation in Operation:
            toggle, where = file.mapping.toggles(direction).of(operation), file.document.where((key, operation.value))
            if not toggle.on and toggle.when:
                yield Problem(
                    where, f"{key} {operation} is off, so its condition says nothing", "switch it on or remove it"
                )
            elif toggle.on and not active:
                yield Problem(
                    where, f"{key} {operation} is on while {switch} is off", f"switch {switch} on, or this off"
                )
            elif toggle.on and not travels and operation is not Operation.DELETE:
                yield Problem(
                    where, f"{key} {operation} is on and no field travels that way", "mind the fields' directions"
                )


def _creating_in_salesforce(file: MappingFile) -> Iterator[Problem]:
    """Accounts and opportunities are better made in the other system, under its own rules (OSF-127)."""
    if file.mapping.outbound.create.on and file.mapping.internal in _NOT_FROM_HERE:
        what = f"creating {file.mapping.external} from here is not recommended: its own rules keep the data whole"
        yield Problem(file.document.where(("outbound", "create")), what, "switch outbound create off")


def _creating_blindly(file: MappingFile) -> Iterator[Problem]:
    creates = file.mapping.inbound.create.on or file.mapping.outbound.create.on
    if creates and not file.mapping.match:
        what = "records are created and no match key is given: what exists on both sides will be doubled"
        yield Problem(file.document.where(), what, "add 'match:' with the fields that tell two records apart")


_CHECKS = (_idle_toggles, _creating_in_salesforce, _creating_blindly)
