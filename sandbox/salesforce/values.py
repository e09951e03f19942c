"""From what a client sends for a field to what is kept: types read, spaces trimmed, as Salesforce does on saving."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.clock import parse_stamp, stamp
from sandbox.salesforce.problems import Refusal, invalid_record, unsupported
from sandbox.salesforce.schema import Field

EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@[^\s@.,;:]+(\.[^\s@.,;:]+)+")
TRUTH: Mapping[str, bool] = MappingProxyType({"true": True, "1": True, "false": False, "0": False})
JSON_TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {"boolean": (bool,), "integer": (int,), "number": (int, float)}
)
JSON_KINDS: Mapping[type, str] = MappingProxyType(
    {str: "STRING", bool: "BOOLEAN", int: "NUMBER_INT", float: "NUMBER_FLOAT", dict: "OBJECT", list: "ARRAY"}
)
SPOKEN = MappingProxyType({"id": "ID", "text": "string", "number": "double", "integer": "int"})


def from_json(field: Field, value: Any) -> Any:
    """Read a JSON value for a field; None for null. Numbers and booleans may come as texts, as a real org takes them.

    Raises:
        Refusal: JSON_PARSER_ERROR, which refuses the whole request, not one record.
    """
    if value is None:
        return None
    if field.kind == "list":
        return _id_list(field, value)
    if isinstance(value, str):
        return from_text(field, value)
    expected = JSON_TYPES.get(field.kind, ())
    if not isinstance(value, expected) or (isinstance(value, bool) and field.kind != "boolean"):
        raise _cannot_read(field, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _cannot_read(field, value)
    return value


def from_text(field: Field, text: str) -> Any:
    """Read a value that came as text (CSV, or a JSON string); None for an empty one.

    Raises:
        Refusal: JSON_PARSER_ERROR when the text does not fit the type.
    """
    if field.kind == "list":
        raise unsupported(f"{field.name} as text")
    try:
        return _read(field, text)
    except (ValueError, KeyError, OverflowError) as fault:
        raise _cannot_read(field, text) from fault


def checked(field: Field, value: Any) -> Any:
    """Judge one value by its field alone and return it as it will be kept.

    Raises:
        Refusal: length, e-mail address, restricted picklist or range.
    """
    if value is None:
        if field.kind == "boolean":
            message = f"Value for field {field.name} may not be null"
            raise invalid_record("INVALID_TYPE_ON_FIELD_IN_RECORD", message, field.name)
        return None
    if field.kind in {"integer", "number"}:
        return _in_range(field, value)
    if field.kind == "id":
        return _id(field, value)
    if field.kind == "list":
        return [_id(field, each) for each in value]
    if field.kind == "text":
        _check_text(field, value)
    return value


def _read(field: Field, text: str) -> Any:
    if not text.strip():
        return None
    reader = READERS.get(field.kind)
    return reader(text.strip()) if reader else text.strip()


def _id_list(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _cannot_read(field, value)
    return value


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _date(text: str) -> str:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()


READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "boolean": lambda text: TRUTH[text.lower()],
        "integer": int,
        "number": _number,
        "date": _date,
        "datetime": lambda text: stamp(parse_stamp(text)),
    }
)


def _cannot_read(field: Field, value: Any) -> Refusal:
    kind = JSON_KINDS.get(type(value), "NULL")
    message = f"Cannot deserialize instance of {SPOKEN.get(field.kind, field.kind)} from VALUE_{kind} value {value} "
    return Refusal(400, "JSON_PARSER_ERROR", message + f"or request may be missing a required field at {field.name}")


def _check_text(field: Field, value: str) -> None:
    if field.length and len(value) > field.length:
        message = f"{field.label}: data value too large: {value} (max length={field.length})"
        raise invalid_record("STRING_TOO_LONG", message, field.name)
    if field.type == "email" and not EMAIL.fullmatch(value):
        message = f"{field.label}: invalid email address: {value}"
        raise invalid_record("INVALID_EMAIL_ADDRESS", message, field.name)
    if "restrictedPicklist" in field.flags and value not in field.values:
        message = f"{field.label}: bad value for restricted picklist field: {value}"
        raise invalid_record("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, field.name)


def _in_range(field: Field, value: float) -> float:
    digits = field.digits or field.precision - field.scale
    if digits and abs(value) >= 10**digits:
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise invalid_record("NUMBER_OUTSIDE_VALID_RANGE", message, field.name)
    return value if field.kind == "integer" else round(float(value), field.scale)


def _id(field: Field, value: str) -> str:
    full = ids.normalise(value)
    if full is None:
        raise invalid_record("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", field.name)
    return full
