"""What follows from Salesforce's errors: of one request, and of one record within a request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from modstamp.errors import ConfigurationError, FatalError, ModstampError, Problem, RetryableError
from modstamp.model import Action, Operation, Outcome, Status


class NotDoneError(RetryableError):
    """The request did not take effect, for a passing reason: sending it again is safe."""


class NoAnswerError(RetryableError):
    """The request may have taken effect: only a read may be sent again."""


class DailyLimitError(ModstampError):
    """The org has no calls left today."""


class SessionEndedError(ModstampError):
    """The session is no longer valid."""


class RefusedError(FatalError):
    """A request was refused for what it says. Whoever knows the code catches it; otherwise the run ends."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = ()) -> None:
        self.code = code
        self.fields = tuple(fields)
        super().__init__(f"Salesforce: {code}: {message}")


_API_OFF = (
    "switch on 'API Enabled' in the profile or a permission set of the integration user; the org needs an edition "
    "with REST API access: Enterprise or higher, or Professional with the API added"
)
_CONFIGURATION = {
    "API_DISABLED_FOR_ORG": _API_OFF,
    "API_CURRENTLY_DISABLED": _API_OFF,
    "INSUFFICIENT_ACCESS": "give the integration user the right to read and write this object",
    "INVALID_TYPE": "correct the mapping's external type, or give the integration user the right to read the object",
    "TXN_SECURITY_METERING_ERROR": "exempt the integration user from the org's transaction security policy",
    "UNSUPPORTED_API_VERSION": "write a version that the org has into the extra `api_version`",
}
_PASSING = {
    "SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "QUERY_TIMEOUT", "PROCESSING_HALTED",
    "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUEST_RUNNING_TOO_LONG", "CONCURRENT_REQUEST_LIMIT_EXCEEDED",
}  # fmt: skip
_PASSING_STATUS = {406, 420, 429, 503}  # with or without a body; 406 and 420 are seen in production
_SERVER_ERROR = 500
_UNAUTHORIZED = 401


def entries(body: Any) -> list[Mapping[str, Any]]:
    """The error objects of an answer: REST sends a list, a proxy sends HTML or nothing."""
    found = body if isinstance(body, list) else [body]
    return [entry for entry in found if isinstance(entry, Mapping)]


def of_request(where: str, status: int, body: Any) -> ModstampError:
    """The exception that a refused request is raised as."""
    entry = next(iter(entries(body)), {})
    code, message = str(entry.get("errorCode", f"HTTP {status}")), str(entry.get("message", ""))
    if status == _UNAUTHORIZED:
        return SessionEndedError(f"{code}: {message}")
    if code == "REQUEST_LIMIT_EXCEEDED" and "TotalRequests" in message:
        return DailyLimitError(message)
    if code in _CONFIGURATION:
        # Without API access nothing works, whatever was asked for: so only the connection is named, and named once.
        place = where.partition(",")[0] if _CONFIGURATION[code] is _API_OFF else where
        return ConfigurationError([Problem(place, f"{code}: {message}", _CONFIGURATION[code])])
    if code in _PASSING or status in _PASSING_STATUS:
        return NotDoneError(f"{where}: {code}: {message}")
    if status >= _SERVER_ERROR:
        return NoAnswerError(f"{where}: {code}: {message}")
    return RefusedError(code, message, entry.get("fields") or ())


_MISSING = {"ENTITY_IS_DELETED", "NOT_FOUND"}
_CROSS_REFERENCE = "INVALID_CROSS_REFERENCE_KEY"  # with fields: a reference is wrong; without: the record's own id is
_ID = re.compile(r"\b[a-zA-Z0-9]{18}\b|\b[a-zA-Z0-9]{15}\b")


def of_record(action: Action, errors: Sequence[Mapping[str, Any]]) -> Outcome:
    """The outcome of one refused record. Collections call the code `statusCode`, single requests `errorCode`."""
    first = next(iter(errors), {})
    code = str(first.get("statusCode") or first.get("errorCode") or "UNKNOWN_EXCEPTION")
    message = "; ".join(str(error.get("message", "")) for error in errors)
    status = _status(action, code, bool(first.get("fields")))
    if status is Status.EXISTS and action.own_key and action.own_key.field in message:
        return Outcome(status=Status.UNKNOWN, code=code, message="an earlier try of the same create has arrived")
    named = _ID.findall(message) if status is Status.EXISTS else []
    record_id = named[-1] if named else action.id
    return Outcome(status=status, id=record_id, code=code, message=message)


def _status(action: Action, code: str, names_fields: bool) -> Status:  # noqa: FBT001 - one caller, right above
    if code in _MISSING or (code == _CROSS_REFERENCE and not names_fields and action.id is not None):
        return Status.MISSING
    if code == "UNABLE_TO_LOCK_ROW":
        return Status.LOCKED
    if code in _PASSING:
        return Status.RETRY
    if code == "DUPLICATE_VALUE" and action.operation is Operation.CREATE:
        return Status.EXISTS
    return Status.REJECTED
