"""Queries: one by GET, several in composites of five, and the pages that follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from modstamp.connectors.salesforce import composite, errors
from modstamp.connectors.salesforce.calls import Answer, Calls, Request
from modstamp.connectors.salesforce.records import Record
from modstamp.errors import FatalError


class Queries:
    """`everything` reads the recycle bin and the archive too (``queryAll``)."""

    def __init__(self, calls: Calls, page_size: int) -> None:
        self._calls = calls
        self._headers = {"Sforce-Query-Options": f"batchSize={page_size}"}

    def now(self) -> datetime:
        """The server's clock."""
        return self._calls.now()

    def first(self, type_name: str, text: str, *, everything: bool) -> Answer:
        path = _resource(everything=everything)
        return self._calls.send(self._request(type_name, path, {"q": text}))

    def following(self, type_name: str, page: Mapping[str, Any]) -> Answer:
        """The page behind this one. Only ``done`` tells the last page: Salesforce cuts pages as short as it likes."""
        path = page.get("nextRecordsUrl")
        if not path:
            raise FatalError("Salesforce says that an answer goes on, and not where")
        return self._calls.send(self._request(type_name, path, {}))

    def all(self, type_name: str, texts: Sequence[str], *, everything: bool) -> list[Record]:
        """The records of several short queries."""
        pages = [page for some in _batched(texts) for page in self._several(type_name, some, everything=everything)]
        return [record for page in pages for record in self._whole(type_name, page)]

    @staticmethod
    def calls(texts: int) -> int:
        """What `all` of so many takes, as long as no answer is longer than a page."""
        return -(-texts // composite.LARGE_PARTS)

    def _several(self, type_name: str, texts: Sequence[str], *, everything: bool) -> list[Any]:
        if len(texts) == 1:
            return [self.first(type_name, texts[0], everything=everything).body]
        resource = _resource(everything=everything)
        parts = [composite.Part(method="GET", path=f"{resource}?q={quote(text)}") for text in texts]
        answers, _ = composite.send(self._calls, "query", type_name, parts)
        for answer in answers:
            if not answer.ok:
                raise errors.of_request(f"query of {type_name}", answer.status, answer.body)
        return [answer.body for answer in answers]

    def _whole(self, type_name: str, page: Mapping[str, Any]) -> Iterator[Record]:
        yield from page["records"]
        while not page["done"]:
            page = self.following(type_name, page).body
            yield from page["records"]

    def _request(self, type_name: str, path: str, params: Mapping[str, str]) -> Request:
        return Request(kind="query", method="GET", path=path, type_name=type_name, params=params, headers=self._headers)


def _resource(*, everything: bool) -> str:
    return "queryAll" if everything else "query"


def _batched(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), composite.LARGE_PARTS):
        yield texts[start : start + composite.LARGE_PARTS]
