"""Reading a window (G1 to G3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from modstamp.connectors.frames import instant
from modstamp.connectors.salesforce import records, soql
from modstamp.connectors.salesforce.calls import Answer
from modstamp.connectors.salesforce.describe import Types
from modstamp.connectors.salesforce.errors import RefusedError
from modstamp.connectors.salesforce.queries import Queries
from modstamp.model import Column, Window
from modstamp.ports import Page

_GONE = {"INVALID_QUERY_LOCATOR", "QUERY_LOCATOR_NOT_FOUND"}


class Pull:
    """One window of one type, page by page.

    The pages of an answer show the records as they were when it began, so all of them carry the time at which the query
    was sent. An answer whose cursor has expired is asked for again, from the last record read, under the same upper
    bound: a new bound would hide what became visible late behind that record (G3).
    """

    def __init__(self, queries: Queries, types: Types, type_name: str, fields: Sequence[str]) -> None:
        self._queries = queries
        self._types = types
        self._type_name = type_name
        self._fields = fields
        self._names: list[str] = []

    def pages(self, window: Window) -> Iterator[Page]:
        answer = self._ask(window)
        total = int(answer.body["totalSize"])
        read_at, page = answer.sent_at, answer.body
        while True:
            found = self._page(page["records"], total, read_at)
            yield found
            if page["done"]:
                return
            window = _behind(window, found)
            try:
                page = self._queries.following(self._type_name, page).body
            except RefusedError as error:
                if error.code not in _GONE:
                    raise
                answer = self._ask(window)
                read_at, page = answer.sent_at, answer.body

    def _ask(self, window: Window) -> Answer:
        return self._types.with_known(self._type_name, self._fields, lambda names: self._query(names, window))

    def _query(self, names: list[str], window: Window) -> Answer:
        self._names = names
        columns = records.selected(self._types.describe(self._type_name), names)
        text = soql.select(columns, self._type_name, soql.in_window(window), soql.ORDER)
        return self._queries.first(self._type_name, text, everything=True)

    def _page(self, found: Sequence[records.Record], total: int, read_at: datetime) -> Page:
        description = self._types.describe(self._type_name)
        return Page(records=records.frame(description, self._names, found, read_at), total=total)


def _behind(window: Window, page: Page) -> Window:
    """The window behind a page.

    A page may show a record that was edited since the query found it, under its new stamp and at its old place. Such a
    stamp is not before the upper bound, and a checkpoint taken from it would skip the records that follow.
    """
    settled = page.records[page.records[Column.STAMP] < instant(window.upper.replace(microsecond=0))]
    if settled.empty:
        return window
    last = settled.iloc[-1]
    return replace(window, after=(datetime.fromisoformat(last[Column.STAMP]), last[Column.ID]))
