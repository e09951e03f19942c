"""List views and reports: which records of a type they show, in which columns. Definitions come from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.salesforce.store import Store

DEFAULT_VIEWS: Final = Path(__file__).with_name("views.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """`columns` are field paths; `where` and `order` are SOQL without the word before them."""

    object: str
    name: str
    developer_name: str
    columns: tuple[str, ...]
    where: str = ""
    order: str = ""

    def soql(self, columns: Iterable[str]) -> str:
        return _soql(columns, self.object, self.where, self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A tabular report. `columns`: the report's own name of a column → field path; `type` has `type` and `label`."""

    object: str
    name: str
    developer_name: str
    type: Mapping[str, str]
    columns: Mapping[str, str]
    where: str = ""

    @property
    def soql(self) -> str:
        return _soql(self.columns.values(), self.object, self.where, "")


@dataclass(frozen=True, slots=True)
class Views:
    """All definitions; the records of ListView and Report, which have the ids, go by the developer name."""

    list_views: tuple[ListView, ...] = ()
    reports: tuple[Report, ...] = field(default=())

    def settle(self, store: Store, *, by: str) -> None:
        """Make the records that are not there yet."""
        shown = [
            {"Name": each.name, "DeveloperName": each.developer_name, "SobjectType": each.object}
            for each in self.list_views
        ]
        told = [
            {"Name": each.name, "DeveloperName": each.developer_name, "FolderName": "Public", "Format": "Tabular"}
            for each in self.reports
        ]
        for name, rows in (("ListView", shown), ("Report", told)):
            present = {row["DeveloperName"] for row in store.rows(name)}
            store.insert_many(name, [row for row in rows if row["DeveloperName"] not in present], by=by)


def load_views(path: Path) -> Views:
    """Read the file, or the shipped one when it is not there.

    Raises:
        TypeError: a definition lacks a key or has an unknown one.
    """
    return views_from(yaml.safe_load((path if path.exists() else DEFAULT_VIEWS).read_text(encoding="utf-8")))


def views_from(data: Mapping[str, Any]) -> Views:
    """Build definitions from their plain form, as `load_views` reads it."""
    return Views(
        tuple(ListView(**{**each, "columns": tuple(each["columns"])}) for each in data.get("list_views", ())),
        tuple(Report(**each) for each in data.get("reports", ())),
    )


def _soql(columns: Iterable[str], object_name: str, where: str, order: str) -> str:
    soql = f"SELECT {', '.join(columns)} FROM {object_name}"  # noqa: S608 - SOQL of the org's administrator
    return soql + (f" WHERE {where}" if where else "") + (f" ORDER BY {order}" if order else "")
