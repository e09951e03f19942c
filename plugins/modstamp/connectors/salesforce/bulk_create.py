"""Creating many records by one Bulk 2.0 job."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

from modstamp.connectors.salesforce import errors, table
from modstamp.connectors.salesforce.bulk import JobFailedError, Jobs
from modstamp.connectors.salesforce.errors import NoAnswerError
from modstamp.errors import LimitReachedError, RetryableError
from modstamp.model import Action, Operation, Outcome, Status

_MOST = 100_000  # records of one job: with usual records far below the 100 MB that one upload may have
_EXTRA = {"sf__Id", "sf__Created", "sf__Error"}


def suits(actions: Sequence[Action], at_least: int) -> bool:
    """A job is worth its calls for many creates, and cannot carry a text that reads as its sign for null."""
    return (
        at_least <= len(actions) <= _MOST
        and all(action.operation is Operation.CREATE for action in actions)
        and not any(value == table.NULL for action in actions for value in action.values.values())
    )


def create(jobs: Jobs, type_name: str, actions: Sequence[Action]) -> list[Outcome]:
    """Outcomes in the order of the actions, without read-back. Raises only while nothing can have been created."""
    names = list(dict.fromkeys(name for action in actions for name in action.values))
    rows = [tuple(_cell(action, name) for name in names) for action in actions]
    path = jobs.insert(type_name, dict(zip(names, zip(*rows, strict=True), strict=True)))
    waiting: dict[tuple[str, ...], deque[int]] = defaultdict(deque)
    for place, row in enumerate(rows):
        waiting[row].append(place)
    outcomes = [Outcome(status=Status.UNKNOWN, code="NO_ANSWER", message=f"the outcome of {path} is open")] * len(rows)
    try:
        jobs.release(path, type_name)
        with suppress(JobFailedError):  # its lists tell all the same what it did and what it did not come to
            jobs.wait(path, type_name)
        for listed in ("successfulResults", "failedResults", "unprocessedRecords"):
            found = jobs.list_of(path, listed, type_name)
            for place, entry in _places(found, names, waiting):
                outcomes[place] = _outcome(actions[place], entry)
    except (NoAnswerError, RetryableError, LimitReachedError):
        # The job may have been carried out in whole or in part: recovery looks its records up (G21).
        return outcomes
    return outcomes


def _cell(action: Action, name: str) -> str:
    """An empty cell leaves a field to its default, as a field that is not sent does."""
    return table.cell(action.values[name]) if name in action.values else ""


def _places(
    found: Mapping[str, Sequence[str]], names: Sequence[str], waiting: Mapping[tuple[str, ...], deque[int]]
) -> list[tuple[int, dict[str, str]]]:
    """Results come in no order and with the cells that were sent: equal records may change places with each other."""
    size = len(next(iter(found.values()), ()))
    cells = zip(*(found[name] for name in names), strict=True)
    extras = [{name: found[name][row] for name in _EXTRA & found.keys()} for row in range(size)]
    return [(waiting[row].popleft(), extra) for row, extra in zip(cells, extras, strict=True) if waiting.get(row)]


def _outcome(action: Action, entry: Mapping[str, str]) -> Outcome:
    if "sf__Created" in entry:
        return Outcome(status=Status.OK, id=entry["sf__Id"])
    if "sf__Error" not in entry:
        return Outcome(status=Status.RETRY, code="NOT_PROCESSED", message="the job ended before this record")
    code, _, message = entry["sf__Error"].partition(":")
    return errors.of_record(action, [{"statusCode": code, "message": message.removesuffix("--").rstrip(":")}])
