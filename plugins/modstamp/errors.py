"""Errors, sorted by what follows from them (G29).

ModstampError
├── ConfigurationError   stop; a person edits a file or a connection; carries every problem found, each with its fix
├── FatalError           stop this run; nothing was lost, the next run starts from the committed state
│   ├── LeaseLostError   another run took over; this one may neither send nor commit (G22)
│   └── IncompleteReadError   fewer records arrived than the source counted; the cursor must not move (G2)
├── RetryableError       try again later, with jitter; the work stays pending
│   └── LeaseHeldError   another run of this mapping and direction is at work (G22)
├── RejectedRecordError  this record goes to quarantine with its reason, the others go on
├── LimitReachedError    no failure: pause, keep the work, go on when there is room (G27)
└── RunHeldError         no failure: the work is kept until a person answers (G28)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person must change. `where`: file and line, connection or setting; `fix` says what to do."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. Fix: {self.fix}"

    def as_dict(self) -> dict[str, str]:
        """JSON-able."""
        return {"where": self.where, "what": self.what, "fix": self.fix}


class ModstampError(Exception):
    """Root of everything that Modstamp raises on purpose."""


class ConfigurationError(ModstampError):
    """The configuration cannot work as it is. All problems at once, never only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class FatalError(ModstampError):
    """This run cannot go on; the state is what the last commit left."""


class LeaseLostError(FatalError):
    """The fencing token is no longer the newest."""


class IncompleteReadError(FatalError):
    """A window could not be read whole."""


class RetryableError(ModstampError):
    """The same call may succeed later."""


class LeaseHeldError(RetryableError):
    """The lease belongs to a run that is still alive."""


class RejectedRecordError(ModstampError):
    """One record cannot be done. `code` is stable and groups causes; `reason` is for people."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code}: {reason}")


class LimitReachedError(ModstampError):
    """A threshold would be passed by the next call, which was therefore not sent. `until`: when to look again (UTC)."""

    def __init__(self, message: str, until: datetime | None = None) -> None:
        self.until = until
        super().__init__(message)


class RunHeldError(ModstampError):
    """An earlier run of this mapping and direction asked whether it may write so much, and nobody has said yes."""
