"""Writing: composites of collections, with the read-back of updates in the same call (G18, G19)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from modstamp.connectors.salesforce import batches, composite, errors, records
from modstamp.connectors.salesforce.batches import Batch
from modstamp.connectors.salesforce.calls import Calls
from modstamp.connectors.salesforce.composite import Part, PartAnswer
from modstamp.connectors.salesforce.describe import Types
from modstamp.connectors.salesforce.errors import NoAnswerError, NotDoneError
from modstamp.connectors.salesforce.retrieve import Retrieve, retrieve_body
from modstamp.errors import LimitReachedError, ModstampError, RetryableError
from modstamp.model import Action, Column, Operation, Outcome, Status, Values

UPDATES_PER_CALL = batches.SIZE * (composite.LARGE_PARTS - 1)
CREATES_PER_CALL = batches.SIZE * composite.LARGE_PARTS
_SERVER_ERROR = 500
# Refusals of a whole collection for what one record holds: its halves are sent again, until the record stands alone.
_ONE_SPOILS_ALL = {"JSON_PARSER_ERROR"}


class Push:
    """The outcomes of one push, filled in call by call."""

    def __init__(  # noqa: PLR0913 - the parts of the connector that a push needs, and what is asked of it
        self,
        calls: Calls,
        types: Types,
        retrieve: Retrieve,
        type_name: str,
        read_back: Sequence[str],
        *,
        auto_assign: bool,
    ) -> None:
        self._calls = calls
        self._retrieve = retrieve
        self._description = types.describe(type_name)
        self._names = types.known(type_name, read_back)
        self._auto_assign = auto_assign
        self._lists = [name for name, field in self._description.fields.items() if field.kind == "list"]
        self._outcomes: dict[int, Outcome] = {}

    def run(self, actions: Sequence[Action]) -> list[Outcome]:
        """One outcome per action, in order. An error is raised only when nothing has been sent."""
        queue = deque(batches.cut(enumerate(actions)))
        while queue:
            taken = _take(queue)
            try:
                queue.extend(self._send(taken))
            except NoAnswerError as error:
                self._settle(taken, Status.UNKNOWN, "NO_ANSWER", str(error))
                break
            except ModstampError as error:
                if not self._outcomes and not isinstance(error, NotDoneError):
                    raise
                self._settle(taken, Status.RETRY, "NOT_SENT", str(error))
                break
        self._settle(queue, Status.RETRY, "NOT_SENT", "an earlier call of the same push had no success")
        return self.read_back(actions, [self._outcomes[place] for place in range(len(actions))])

    def _settle(self, unsent: Iterable[Batch], status: Status, code: str, message: str) -> None:
        for batch in unsent:
            for place, action in batch.actions:
                self._outcomes[place] = Outcome(status=status, id=action.id, code=code, message=message)

    def _send(self, taken: Sequence[Batch]) -> list[Batch]:
        """One call. Returns the batches that must be sent again in smaller pieces."""
        parts = [
            batches.part(self._description.name, batch, auto_assign=self._auto_assign, lists=self._lists)
            for batch in taken
        ]
        shown: dict[str, Values] = {}
        if taken[0].alone:
            answers = [composite.alone(self._calls, "write", self._description.name, parts[0])]
        else:
            answers, shown = self._together(taken, parts)
        received = zip(taken, answers, strict=True)
        return [half for batch, answer in received for half in self._receive(batch, answer, shown)]

    def _together(self, taken: Sequence[Batch], parts: list[Part]) -> tuple[list[PartAnswer], dict[str, Values]]:
        """A composite of the batches, and behind updates what they left."""
        name = self._description.name
        if taken[0].operation is not Operation.UPDATE:
            return composite.send(self._calls, "write", name, parts, writes=True)[0], {}
        ids = [action.id for batch in taken for _, action in batch.actions if action.id is not None]
        read = Part(
            method="POST",
            path=f"composite/sobjects/{name}",
            body=retrieve_body(self._description, self._names, ids),
        )
        answers, whole = composite.send(self._calls, "write", name, [*parts, read], writes=True)
        return answers[:-1], self._shown(ids, answers[-1], whole.answered_at)

    def _shown(self, ids: Sequence[str], answer: PartAnswer, read_at: datetime) -> dict[str, Values]:
        if not answer.ok:
            return {}
        found = {record_id: row for record_id, row in zip(ids, answer.body, strict=True) if row is not None}
        columns = records.columns(self._description, self._names, list(found), list(found.values()), read_at)
        return dict(zip(found, records.as_rows(columns), strict=True))

    def _receive(self, batch: Batch, answer: PartAnswer, shown: dict[str, Values]) -> list[Batch]:
        if answer.ok:
            for (place, action), result in zip(batch.actions, answer.body, strict=True):
                self._outcomes[place] = _outcome(action, result, shown)
            return []
        if answer.status >= _SERVER_ERROR:
            self._settle([batch], Status.UNKNOWN, f"HTTP {answer.status}", "an error of the server")
            return []
        entries = errors.entries(answer.body)
        if len(batch.actions) > 1 and entries and entries[0].get("errorCode") in _ONE_SPOILS_ALL:
            return batch.halves()
        for place, action in batch.actions:
            self._outcomes[place] = errors.of_record(action, entries)
        return []

    def read_back(self, actions: Sequence[Action], outcomes: list[Outcome]) -> list[Outcome]:
        """Read what no call showed yet. If that fails the outcomes stay as they are, unconfirmed."""
        unseen = {
            outcome.id: place
            for place, (action, outcome) in enumerate(zip(actions, outcomes, strict=True))
            if outcome.status is Status.OK and outcome.shown is None and outcome.id
            if action.operation is not Operation.DELETE
        }
        try:
            found = self._retrieve.get(self._description.name, self._names, list(unseen))
        except (RetryableError, LimitReachedError):
            return outcomes
        for row in found.to_dict("records"):
            place = unseen[row[Column.ID.value]]
            outcomes[place] = replace(outcomes[place], shown={str(name): row[name] for name in row})
        return outcomes


def _take(queue: deque[Batch]) -> list[Batch]:
    """As many batches of one kind as fit into a call."""
    first = queue.popleft()
    taken = [first]
    while queue and len(taken) < first.per_call and queue[0].travels_with(first):
        taken.append(queue.popleft())
    return taken


def _outcome(action: Action, result: dict[str, Any], shown: dict[str, Values]) -> Outcome:
    if not result["success"]:
        return errors.of_record(action, result["errors"])
    record_id = str(result["id"])
    return Outcome(status=Status.OK, id=record_id, shown=shown.get(record_id))
