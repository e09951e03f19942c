"""Reading a window (G1 to G3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from modstamp.connectors.salesforce import records, soql
from modstamp.connectors.salesforce.bulk import ROWS_PER_RESULT, JobFailedError, Jobs
from modstamp.connectors.salesforce.calls import Answer
from modstamp.connectors.salesforce.describe import Types
from modstamp.connectors.salesforce.errors import RefusedError
from modstamp.connectors.salesforce.queries import Queries
from modstamp.instants import from_text, to_text
from modstamp.model import Column, TypeDescription, Window
from modstamp.ports import Page

_LOOKS = 4  # at a job until it is done; the waits between them double
_GONE = {"INVALID_QUERY_LOCATOR", "QUERY_LOCATOR_NOT_FOUND"}


@dataclass(frozen=True, slots=True)
class _Read:
    """The first page of an answer, with the fields that it was asked for."""

    names: list[str]
    answer: Answer

    @property
    def total(self) -> int:
        return int(self.answer.body["totalSize"])


class Pull:
    """The windows of one org, page by page.

    The pages of an answer show records found when it began, so all of them carry the time at which the query was sent.
    An answer whose cursor has expired is asked for again, behind the last record read, under the same upper bound: a
    new bound would hide what became visible late behind that record (G3).
    """

    def __init__(self, queries: Queries, types: Types, jobs: Jobs, bulk_from: int, page_size: int) -> None:
        self._queries = queries
        self._types = types
        self._jobs = jobs
        self._bulk_from = bulk_from
        self._page_size = page_size

    def count(self, type_name: str, window: Window) -> int:
        text = soql.select(["COUNT()"], type_name, soql.in_window(window))
        return int(self._queries.first(type_name, text, everything=True).body["totalSize"])

    def calls(self, rows: int) -> int:
        """A job costs its first answer, its order, some looks at it, and a call per page of results."""
        if rows >= self._bulk_from:
            return 2 + _LOOKS + -(-rows // ROWS_PER_RESULT)
        return max(1, -(-rows // self._page_size))

    def pages(self, type_name: str, fields: Sequence[str], window: Window) -> Iterator[Page]:
        """The first answer tells how many records there are, and so which route takes fewer calls."""
        read = self._ask(type_name, fields, window)
        description = self._types.describe(type_name)
        if read.total >= self._bulk_from:
            try:
                return self._by_job(description, read.names, window)
            except (JobFailedError, RefusedError):
                # Not every edition and not every object has Bulk 2.0; the pages of the first answer are still there.
                pass
        return self._by_page(description, read, window)

    def _by_job(self, description: TypeDescription, names: list[str], window: Window) -> Iterator[Page]:
        """Waits for the job before there is a first page, so that until then the other route is open."""
        read_at = self._queries.now()
        path = self._jobs.query(description.name, _text(description, names, window))
        total = int(self._jobs.wait(path, description.name)["numberRecordsProcessed"])
        return (
            Page(records=records.from_text(description, names, cells, read_at), total=total)
            for cells in self._jobs.results(path, description.name)
        )

    def _by_page(self, description: TypeDescription, read: _Read, window: Window) -> Iterator[Page]:
        total, answer, page = read.total, read.answer, read.answer.body
        while True:
            found = records.frame(description, read.names, page["records"], answer.sent_at)
            yield Page(records=found, total=total)
            if page["done"]:
                return
            window = _behind(window, found)
            try:
                page = self._queries.following(description.name, page).body
            except RefusedError as error:
                if error.code not in _GONE:
                    raise
                read = self._ask(description.name, read.names, window)
                answer, page = read.answer, read.answer.body

    def _ask(self, type_name: str, fields: Sequence[str], window: Window) -> _Read:
        def read(names: list[str]) -> _Read:
            text = _text(self._types.describe(type_name), names, window)
            return _Read(names, self._queries.first(type_name, text, everything=True))

        return self._types.with_known(type_name, fields, read)


def _text(description: TypeDescription, names: list[str], window: Window) -> str:
    columns = records.selected(description, names)
    return soql.select(columns, description.name, soql.in_window(window), soql.ORDER, window.at_most)


def _behind(window: Window, found: pd.DataFrame) -> Window:
    """The window behind a page.

    A page may show a record that was edited since the query found it, under its new stamp and at its old place. Such a
    stamp is not before the upper bound, and a checkpoint taken from it would skip the records that follow.
    """
    settled = found[found[Column.STAMP] < to_text(window.upper.replace(microsecond=0))]
    if settled.empty:
        return window
    last = settled.iloc[-1]
    return replace(window, after=(from_text(last[Column.STAMP]), last[Column.ID]))
