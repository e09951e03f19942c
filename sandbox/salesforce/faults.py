"""Faults that can be switched on while the server runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any, Final

from sandbox.salesforce.clock import Clock

KINDS: Final[Mapping[str, str]] = {
    "late_commit": "a write keeps the stamp of its beginning and becomes visible `delay` seconds later",
    "shrinking_pages": "query pages hold at most `size` records, whatever was asked for",
    "cut_before": "the connection is cut and nothing is done",
    "cut_after": "the work is done and the connection is cut instead of the answer",
    "unavailable": "503 with a JSON body, or with an HTML one (`html: true`)",
    "slow": "each answer takes `delay` seconds longer",
    "expired_session": "401 INVALID_SESSION_ID; the session is ended",
    "daily_limit": "403 REQUEST_LIMIT_EXCEEDED, the limit of a day",
    "concurrent_limit": "403 REQUEST_LIMIT_EXCEEDED, too many long calls at a time",
    "row_lock": "UNABLE_TO_LOCK_ROW for the records in `ids` (any record when there are none)",
    "api_disabled": "403 with `code`: API_DISABLED_FOR_ORG or API_CURRENTLY_DISABLED",
    "query_timeout": "400 QUERY_TIMEOUT for a query",
}

WITHOUT_PATH: Final = frozenset({"late_commit", "row_lock"})


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault, in force for `times` requests, for `seconds`, or until it is switched off.

    `method` and `path` (a part of the path) narrow it to some requests.
    """

    kind: str
    times: int | None = None
    seconds: float | None = None
    delay: float = 5.0
    size: int = 200
    html: bool = False
    code: str = "API_DISABLED_FOR_ORG"
    ids: tuple[str, ...] = ()
    method: str = ""
    path: str = ""
    until: float | None = None

    def concerns(self, method: str, path: str) -> bool:
        return (not self.method or self.method == method) and self.path in path


@dataclass(slots=True)
class Faults:
    """The faults in force."""

    clock: Clock
    active: list[Fault] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, kind: str, **options: Any) -> Fault:
        """Switch a fault on.

        Raises:
            ValueError: no such kind, or an option that it does not have.
        """
        known = {each.name for each in fields(Fault)} - {"kind", "until"}
        if kind not in KINDS or options.keys() - known:
            wrong = kind if kind not in KINDS else ", ".join(sorted(options.keys() - known))
            raise ValueError(f"unknown fault or option: {wrong}; kinds: {', '.join(KINDS)}; options: {sorted(known)}")
        if kind in WITHOUT_PATH and options.keys() & {"method", "path"}:
            raise ValueError(f"{kind} strikes records, not requests: it takes neither method nor path")
        fault = Fault(kind=kind, **{**options, "ids": tuple(options.get("ids", ()))})
        if fault.seconds is not None:
            fault.until = self.clock.seconds() + fault.seconds
        with self._lock:
            self.active.append(fault)
        return fault

    def clear(self, kind: str | None = None) -> None:
        """Switch off the faults of one kind, or all."""
        with self._lock:
            self.active = [each for each in self.active if kind is not None and each.kind != kind]

    def take(self, kind: str, method: str = "", path: str = "", *, record_id: str | None = None) -> Fault | None:
        """Return the fault of this kind that strikes now, using up one of its `times`."""
        with self._lock:
            self.active = [each for each in self.active if not self._over(each)]
            for fault in self.active:
                hit = fault.kind == kind and fault.concerns(method, path)
                if hit and (record_id is None or not fault.ids or record_id in fault.ids):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def _over(self, fault: Fault) -> bool:
        used_up = fault.times is not None and fault.times <= 0
        return used_up or (fault.until is not None and self.clock.seconds() >= fault.until)
