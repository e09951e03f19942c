"""References of a composite request: `@{name.path}` stands for a part of an earlier answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.salesforce.problems import Refusal

REFERENCE: Final = re.compile(r"@\{([^}]+)\}")
STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(slots=True)
class References:
    """The answers so far, by reference id (letter case counts), and the names of the parts that failed."""

    bodies: dict[str, Any] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def filled(self, value: Any) -> Any:
        """Return the value with every reference in it replaced; one that is the whole text keeps its type.

        Raises:
            Refusal: PROCESSING_HALTED, when a reference leads nowhere or to a part that failed.
        """
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if not isinstance(value, str) or "@{" not in value:
            return value
        if whole := REFERENCE.fullmatch(value):
            return self._looked_up(whole[1])
        return REFERENCE.sub(lambda found: str(self._looked_up(found[1])), value)

    def _looked_up(self, expression: str) -> Any:
        (name, _), *steps = STEP.findall(expression) or [("", "")]
        if name in self.failed:
            raise halted()
        value: Any = self.bodies.get(name)
        for key, index in steps:
            value = _step(value, key, index)
        if value is None:
            message = f"Invalid reference specified. No value for {expression} found in {name}"
            raise Refusal(400, "PROCESSING_HALTED", message)
        return value


def halted() -> Refusal:
    """What a part gets that could not run, or was undone, because of another one."""
    message = "The transaction was rolled back since another operation in the same transaction failed."
    return Refusal(400, "PROCESSING_HALTED", message)


def _step(value: Any, key: str, index: str) -> Any:
    if key and isinstance(value, dict):
        return value.get(key)
    if index and isinstance(value, list) and int(index) < len(value):
        return value[int(index)]
    return None
