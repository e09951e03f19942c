"""What the org's administrator has set up besides fields: validation rules and duplicate rules, from a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

STANDARD_RULE: Final = "Standard_Duplicate_Rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRule:
    """Refuses a record whose `field` matches `matches` (a regular expression for the whole value, '' when empty)."""

    object: str
    field: str
    matches: str
    message: str
    name: str = ""

    def refuses(self, record: Mapping[str, Any]) -> bool:
        value = record.get(self.field)
        return re.fullmatch(self.matches, "" if value is None else str(value), re.DOTALL) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateRule:
    """Refuses a record that agrees with another one of its type in every one of `fields` (none of them empty)."""

    object: str
    fields: tuple[str, ...]
    name: str = STANDARD_RULE
    active: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    validation: tuple[ValidationRule, ...] = ()
    duplicate: tuple[DuplicateRule, ...] = ()


def load_rules(path: Path | None) -> Rules:
    """Read `validation:` and `duplicate:` lists; no file means no rules.

    Raises:
        TypeError: a rule lacks a key or has an unknown one.
    """
    if path is None or not path.exists():
        return Rules()
    return rules_from(yaml.safe_load(path.read_text(encoding="utf-8")) or {})


def rules_from(data: Mapping[str, Any]) -> Rules:
    """Build rules from their plain form, as `load_rules` reads it."""
    return Rules(
        validation=tuple(ValidationRule(**each) for each in data.get("validation", ())),
        duplicate=tuple(
            DuplicateRule(**{**each, "fields": tuple(each["fields"])}) for each in data.get("duplicate", ())
        ),
    )
