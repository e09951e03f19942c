"""Faults that can be switched on and off while the server runs; `kinds` lists them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import Any

from sandbox.salesforce.kinds import KINDS, Kind, Option, options_of


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault in force. `values` are all its options; `struck` is how often it has struck."""

    id: int
    kind: str
    values: Mapping[str, Any]
    until: float | None
    dice: Random
    met: int = 0
    struck: int = 0

    def __getitem__(self, option: str) -> Any:
        return self.values[option]

    @property
    def over(self) -> bool:
        used_up = bool(self.values.get("times")) and self.struck >= self["times"]
        return used_up or (self.until is not None and time.monotonic() >= self.until)

    def concerns(self, place: Mapping[str, str]) -> bool:
        """Whether it is not narrowed to something else."""
        return all(self._fits(name, place) for name in KINDS[self.kind].scope if self[name])

    def strikes(self) -> bool:
        """Whether it does so this time."""
        self.met += 1
        if self.met <= self["after"] or self.dice.random() >= self["probability"]:
            return False
        self.struck += 1
        return True

    def shown(self) -> dict[str, Any]:
        """As the admin resource tells it: what was given, and what has come of it."""
        options = options_of(KINDS[self.kind])
        given = {name: value for name, value in self.values.items() if value != options[name].default}
        return {"id": self.id, "kind": self.kind, **given, "struck": self.struck}

    def _fits(self, name: str, place: Mapping[str, str]) -> bool:
        if name == "path":
            return self["path"] in place.get("path", "")
        if name == "ids":
            return place.get("id") in self["ids"]
        return bool(self[name] == place.get(name))


@dataclass(slots=True)
class Faults:
    """The faults in force. Requests that no fault concerns take no lock, so many clients may work meanwhile.

    `prepare` is called with a fault just before it is in force.
    """

    prepare: Callable[[Fault], None] = lambda _: None
    _by_kind: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def active(self) -> list[Fault]:
        """In the order in which they were switched on."""
        every = [fault for faults in self._by_kind.values() for fault in faults if not fault.over]
        return sorted(every, key=lambda fault: fault.id)

    def add(self, kind: str, **options: Any) -> Fault:
        """Switch a fault on.

        Raises:
            ValueError: no such kind or option, one that is missing, or a value of the wrong type.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown fault: {kind}; there are: {', '.join(KINDS)}")
        values = _read(kind, KINDS[kind], options)
        until = time.monotonic() + values["seconds"] if values["seconds"] else None
        dice = Random(values.get("seed"))  # noqa: S311 - a repeatable draw, not a secret
        fault = Fault(id=next(self._numbers), kind=kind, values=values, until=until, dice=dice)
        self.prepare(fault)
        with self._lock:
            self._by_kind = {**self._by_kind, kind: (*self._by_kind.get(kind, ()), fault)}
        return fault

    def clear(self, kind: str | None = None, *, number: int | None = None) -> None:
        """Switch off one fault, those of one kind, or all."""
        with self._lock:
            self._keep(lambda fault: bool((kind and fault.kind != kind) or (number and fault.id != number)))

    def take(self, kind: str, when: Callable[[Fault], bool] = lambda _: True, /, **place: str) -> Fault | None:
        """The fault of this kind that strikes here and now; `when` is asked before it counts."""
        for fault in self._by_kind.get(kind, ()):
            if fault.over or not fault.concerns(place) or not when(fault):
                continue
            with self._lock:
                if not fault.over and fault.strikes():
                    return fault
        return None

    def in_force(self, *kinds: str) -> tuple[Fault, ...]:
        """The faults of these kinds, for those that lie on the whole org."""
        if not self._by_kind:
            return ()
        return tuple(fault for kind in kinds for fault in self._by_kind.get(kind, ()) if not fault.over)

    def skew(self) -> float:
        """Seconds that the server's clock is ahead by faults."""
        return float(sum(fault["skew"] for fault in self.in_force("clock_skew")))

    def _keep(self, wanted: Callable[[Fault], bool]) -> None:
        kept = {
            kind: tuple(fault for fault in faults if wanted(fault) and not fault.over)
            for kind, faults in self._by_kind.items()
        }
        self._by_kind = {kind: faults for kind, faults in kept.items() if faults}


def _read(name: str, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    options = options_of(kind)
    unknown, missing = given.keys() - options.keys(), [each for each in kind.needs if not given.get(each)]
    if unknown:
        raise ValueError(f"{name} has no option {', '.join(sorted(unknown))}; it has: {', '.join(options)}")
    if missing:
        raise ValueError(f"{name} needs {', '.join(missing)}")
    if name == "dropped_field" and not str(given["field"]).endswith("__c"):
        raise ValueError(f"only custom fields can be dropped; hide {given['field']} instead")
    return {each: _typed(each, option, given.get(each, option.default)) for each, option in options.items()}


def _typed(name: str, option: Option, value: Any) -> Any:
    """JSON has lists for tuples, and whole numbers for others."""
    expected = type(option.default)
    if expected is tuple and isinstance(value, list):
        return tuple(value)
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise ValueError(f"{name} must be of the type {expected.__name__}: {value!r}")
    if option.choices and value not in option.choices:
        raise ValueError(f"{name} is one of {', '.join(option.choices)}: {value!r}")
    return value
