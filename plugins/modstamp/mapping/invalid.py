"""Validation errors of a mapping file in the words of the person who wrote it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from modstamp.errors import Problem
from modstamp.mapping.catalog import suggestion
from modstamp.mapping.documents import Document, Path
from modstamp.mapping.json_schema import keys_at

_NEEDS = {  # pydantic's kind of error → what belongs there
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "date_from_datetime_parsing": "a date (YYYY-MM-DD)",
    "model_attributes_type": "keys and values",
    "model_type": "keys and values",
    "string_pattern_mismatch": "a name of the right form (external: system.Type)",
    "string_type": "a text",
    "time_delta_parsing": "a duration such as '10 minutes'",
    "time_delta_type": "a duration such as '10 minutes'",
    "tuple_type": "a list",
}


def problems(document: Document, error: ValidationError) -> list[Problem]:
    """One problem per place, by line. An error about the whole of something that has errors inside is left out."""
    found: dict[Path, ErrorDetails] = {}
    # A name is made of what else is wrong.
    every = (each for each in error.errors(include_url=False) if each["type"] != "default_factory_not_called")
    for details in every:
        found.setdefault(_place(document.data, details), details)
    return [
        _problem(document, place, details)
        for place, details in sorted(found.items(), key=lambda item: document.line(item[0]))
        if not any(other[: len(place)] == place for other in found if other != place)
    ]


def _problem(document: Document, place: Path, details: ErrorDetails) -> Problem:
    where, given, name = document.where(place), details["input"], ".".join(map(str, place)) or "the file"
    match details["type"]:
        case "extra_forbidden":
            return Problem(where, f"unknown key '{place[-1]}'", suggestion(str(place[-1]), keys_at(place[:-1])))
        case "missing":
            return Problem(where, f"the key '{place[-1]}' is missing", f"add '{place[-1]}:'")
        case "condition_value":
            return Problem(where, f"{name}: {details['msg']}", "write the value that the operator works with")
        case "literal_error":
            known = details["ctx"]["expected"].split("'")[1::2]
            return Problem(where, f"{name}: '{given}' is unknown", suggestion(str(given), known))
        case "too_short":
            return Problem(where, f"{name} is empty", "write at least one entry")
        case kind:
            wanted = _NEEDS.get(kind)
            what = f"{name}: {details['msg']}" if wanted is None else f"{name}: {given!r} is not {wanted}"
            return Problem(where, what, "write " + (wanted or "a value that suits the key"))


def _place(data: Any, details: ErrorDetails) -> Path:
    """Where in the document the error is: pydantic's location without its own names of models and choices."""
    place: Path = ()
    for step in details["loc"]:
        within = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if within or (isinstance(data, dict) and step in data):
            data, place = data[step], (*place, step)
    return (*place, details["loc"][-1]) if details["type"] == "missing" else place
