"""What the server answers when it refuses: code, HTTP status and text, raised from wherever the fault is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of this program
    """One refusal; the caller decides whether it fills the whole answer or one record's place in it.

    `fields` is None where Salesforce leaves the key out (everything but the saving of a record).
    """

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.details: dict[str, Any] = {}

    def body(self) -> list[dict[str, Any]]:
        """The whole answer of a failed request."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            entry["fields"] = list(self.fields)
        return [entry | self.details]

    def result(self) -> dict[str, Any]:
        """One record's error inside a collection."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())} | self.details


def invalid_record(code: str, message: str, *fields: str) -> Refusal:
    """A record that may not be saved as it is."""
    return Refusal(400, code, message, fields)


def not_found() -> Refusal:
    return Refusal(404, "NOT_FOUND", "The requested resource does not exist")


def unsupported(what: str) -> Refusal:
    """Honest refusal: the real service may well do this, the stand-in does not."""
    return Refusal(501, "NOT_SUPPORTED_HERE", f"not supported here: {what}")


def malformed_json(message: str) -> Refusal:
    return Refusal(400, "JSON_PARSER_ERROR", message)
