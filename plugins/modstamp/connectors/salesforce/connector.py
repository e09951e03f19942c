"""The connector: routes each method of the protocol to the part that does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal

import pandas as pd

from modstamp.connections import ConnectionSettings
from modstamp.connectors.salesforce import listings, options
from modstamp.connectors.salesforce.bulk import Jobs
from modstamp.connectors.salesforce.calls import Calls
from modstamp.connectors.salesforce.describe import Memory, Types
from modstamp.connectors.salesforce.limits import Limits, Report
from modstamp.connectors.salesforce.pull import Pull
from modstamp.connectors.salesforce.queries import Queries
from modstamp.connectors.salesforce.retrieve import READ_SIZE, Retrieve
from modstamp.connectors.salesforce.write import CREATES_PER_CALL, UPDATES_PER_CALL, Push
from modstamp.mapping.conditions import Criteria
from modstamp.model import Abilities, Action, Budget, Call, Outcome, TypeDescription, Window
from modstamp.ports import Lane, Page
from modstamp.settings import Settings


def _nothing_heard() -> None:
    return None


class SalesforceConnector:
    """One org behind one connection.

    `record_call` gets every request that was sent; `Limits` tells what `usage` and `last_report` are asked for.
    `memory` None: each connector describes its types itself. `lane`: whose calls these are, if not everybody's.
    """

    def __init__(  # noqa: PLR0913 - each is a door to the rest of the program
        self,
        connection: ConnectionSettings,
        settings: Settings,
        *,
        record_call: Callable[[Call], None],
        usage: Callable[[], int],
        last_report: Callable[[], Report | None] = _nothing_heard,
        memory: Memory | None = None,
        lane: Lane | None = None,
    ) -> None:
        """Raises `ConfigurationError` for an incomplete connection; nothing is sent yet."""
        self._options = options.read(connection)
        self._limits = Limits(
            global_threshold=settings.global_threshold,
            own_threshold=settings.own_threshold,
            usage=usage,
            last_report=last_report,
            lane=lane,
        )
        self._calls = Calls(self._options, settings, self._limits, record_call)
        self._types = Types(self._calls, memory)
        self._queries = Queries(self._calls, self._options.extra.page_size)
        self._jobs = Jobs(self._calls, settings.retry_wait.total_seconds())
        extra = self._options.extra
        self._pull = Pull(self._queries, self._types, self._jobs, extra.bulk_reads_from, extra.page_size)
        self._retrieve = Retrieve(self._calls, self._queries, self._types)

    def abilities(self) -> Abilities:
        return Abilities(batch_size=UPDATES_PER_CALL, create_size=CREATES_PER_CALL, read_size=READ_SIZE)

    def now(self) -> datetime:
        return self._calls.now()

    def user(self) -> str:
        return self._calls.user()

    def describe(self, type_name: str) -> TypeDescription:
        return self._types.describe(type_name)

    def count(self, type_name: str, window: Window) -> int:
        return self._pull.count(type_name, window)

    def calls_to_read(self, rows: int) -> int:
        return self._pull.calls(rows)

    def calls_to_find(self, type_name: str, fields: Sequence[str], keys: pd.DataFrame) -> int:
        return self._retrieve.calls_to_find(type_name, fields, keys)

    def pull(self, type_name: str, fields: Sequence[str], window: Window) -> Iterator[Page]:
        # A generator of its own: nothing is sent before the first page is asked for.
        yield from self._pull.pages(type_name, fields, window)

    def get(self, type_name: str, fields: Sequence[str], ids: Sequence[str]) -> pd.DataFrame:
        return self._retrieve.get(type_name, fields, ids)

    def find(
        self,
        type_name: str,
        fields: Sequence[str],
        keys: pd.DataFrame,
        *,
        including_deleted: bool = False,
        criteria: Criteria | None = None,
    ) -> pd.DataFrame:
        return self._retrieve.find(type_name, fields, keys, including_deleted=including_deleted, criteria=criteria)

    def ids(self, type_name: str, texts: Sequence[str]) -> list[str | None]:
        description = self._types.describe(type_name)
        return [listings.id_of(description, text) for text in texts]

    def listed(self, type_name: str, kind: Literal["list view", "report"], name: str) -> list[str]:
        found = listings.Listings(self._calls, self._queries)
        read = found.view if kind == "list view" else found.report
        return read(self._types.describe(type_name), name)

    def created(self, type_name: str, fields: Sequence[str], since: datetime, until: datetime) -> pd.DataFrame:
        return self._retrieve.created(type_name, fields, since, until)

    def push(self, type_name: str, actions: Sequence[Action], read_back: Sequence[str]) -> list[Outcome]:
        auto_assign = self._options.extra.auto_assign
        push = Push(self._calls, self._types, self._retrieve, type_name, read_back, auto_assign=auto_assign)
        return push.run(actions)

    def budget(self) -> Budget:
        return self._limits.budget()

    def close(self) -> None:
        self._calls.close()
