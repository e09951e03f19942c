"""Sets of records that people have put together in Salesforce: what a list view or a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simple_salesforce.format import quote_soql_value

from modstamp.connectors.salesforce.calls import Calls, Request
from modstamp.connectors.salesforce.errors import RefusedError
from modstamp.connectors.salesforce.queries import Queries
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import TypeDescription

_SHORT: Final = 15
_LONG: Final = 18
_CHECKS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_PREFIXES: Final = {"ListView": "00B", "Report": "00O"}


def long_id(text: str) -> str | None:
    """The 18 characters that the API itself writes; None when the text is no id. Reports and people write 15."""
    if len(text) not in {_SHORT, _LONG} or not (text.isascii() and text.isalnum()):
        return None
    short = text[:_SHORT]
    groups = (short[start : start + 5] for start in range(0, _SHORT, 5))
    full = short + "".join(
        _CHECKS[sum(1 << place for place, sign in enumerate(each) if sign.isupper())] for each in groups
    )
    return full if text in (short, full) else None


def id_of(description: TypeDescription, text: str) -> str | None:
    """The same, of a record of this type."""
    found = long_id(text.strip())
    return found if found and found.startswith(description.id_prefix) else None


class Listings:
    """The list views and reports of one org."""

    def __init__(self, calls: Calls, queries: Queries) -> None:
        self._calls = calls
        self._queries = queries

    def view(self, description: TypeDescription, name: str) -> list[str]:
        """The ids that a list view shows, by the view's own query: it has no limit of rows, as its pages have."""
        of_type = f"SobjectType = {quote_soql_value(description.name)}"
        view_id = self._find("ListView", name, f" AND {of_type}", f"list view of {description.name}")
        query = self._read(description.name, f"sobjects/{description.name}/listviews/{view_id}/describe")["query"]
        rows = self._queries.all(description.name, [query], everything=False)
        return list(dict.fromkeys(row["Id"] for row in rows))

    def report(self, description: TypeDescription, name: str) -> list[str]:
        """The ids of this type that the rows of a report name. Raises `ConfigurationError` if it shows none of them."""
        report_id = self._find("Report", name, "", "report")
        found = self._read(description.name, f"analytics/reports/{report_id}", includeDetails="true")
        where = f"report '{name}'"
        if not found["allData"]:
            what, fix = "it has more rows than the API shows of it", "filter it, or export it as CSV and import that"
            raise ConfigurationError([Problem(where, what, fix)])
        rows = [row["dataCells"] for part in found["factMap"].values() for row in part.get("rows", ())]
        ids = _column_of_ids(description, rows)
        if ids is None and rows:
            what = f"none of its columns shows the ids of {description.name} records"
            raise ConfigurationError([Problem(where, what, f"add the column of the {description.name} ID to it")])
        return ids or []

    def _find(self, type_name: str, name: str, and_: str, what: str) -> str:
        given = long_id(name)
        if given and given.startswith(_PREFIXES[type_name]):
            return given
        value = quote_soql_value(name)
        query = f"SELECT Id FROM {type_name} WHERE (DeveloperName = {value} OR Name = {value}){and_}"  # noqa: S608
        rows = self._queries.all(type_name, [query], everything=False)
        if len(rows) == 1:
            return str(rows[0]["Id"])
        told = (
            f"there are {len(rows)} of this name" if rows else "there is none of this name, or our user may not see it"
        )
        fix = "name it by its id, which stands in its address in the browser"
        raise ConfigurationError([Problem(f"{what} '{name}'", told, fix)])

    def _read(self, type_name: str, path: str, **params: str) -> Mapping[str, Any]:
        request = Request(kind="query", method="GET", path=path, type_name=type_name, params=params)
        try:
            body: Mapping[str, Any] = self._calls.send(request).body
        except RefusedError as error:
            fix = "correct its id, or share it with the integration user"
            raise ConfigurationError([Problem(path, str(error), fix)]) from error
        return body


def _column_of_ids(description: TypeDescription, rows: Sequence[Sequence[Mapping[str, Any]]]) -> list[str] | None:
    """The first column with nothing but ids of the type in it: reports call their columns as they like."""
    for cells in zip(*rows, strict=True):
        ids = [id_of(description, str(cell["value"] or "")) for cell in cells]
        if all(ids):
            return list(dict.fromkeys(each for each in ids if each))
    return None
