"""What the in-memory system refuses, under the codes that Salesforce uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from modstamp.errors import RejectedRecordError
from modstamp.model import Field, TypeDescription, Value, Values

Rule = Callable[[str, Values], str | None]
"""A rule of the system's own administrator: (type, the record's new values) → why they are refused, or None."""


def check(
    description: TypeDescription, kept: Values, sent: Values, others: Mapping[str, Values], rules: Iterable[Rule]
) -> None:
    """Raise `RejectedRecordError` for the first fault of the values `kept`, of which those in `sent` are new."""
    for name in sent:
        if name not in description.fields:
            raise RejectedRecordError("INVALID_FIELD", f"No such column '{name}' on {description.name}")
    for name, field in description.fields.items():
        value = kept.get(name)
        if value is None:
            _check_required(field)
        elif name in sent:
            _check_value(field, value)
            _check_unique(field, value, others)
    for rule in rules:
        reason = rule(description.name, kept)
        if reason:
            raise RejectedRecordError("FIELD_CUSTOM_VALIDATION_EXCEPTION", reason)


def _check_required(field: Field) -> None:
    if field.required:
        raise RejectedRecordError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{field.name}]")


def _check_value(field: Field, value: Value) -> None:
    if field.length is not None and isinstance(value, str) and len(value) > field.length:
        raise RejectedRecordError("STRING_TOO_LONG", f"{field.name}: data value too large (max length={field.length})")
    if field.restricted and value not in field.choices:
        raise RejectedRecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"{field.name}: bad value: {value}")


def _check_unique(field: Field, value: Value, others: Mapping[str, Values]) -> None:
    if not field.unique:
        return
    for record_id, values in others.items():
        if fold(values.get(field.name)) == fold(value):
            message = f"duplicate value found: {field.name} duplicates value on record with id: {record_id}"
            raise RejectedRecordError("DUPLICATE_VALUE", message)


def fold(value: Value) -> Value:
    """Texts are compared without case and without blanks around them."""
    return value.strip().casefold() if isinstance(value, str) else value
