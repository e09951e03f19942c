"""Mappings of one family and of another, and frames as the engine hands them to the state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from modstamp.mapping.schema import TypeMapping
from modstamp.ports import LINK_COLUMNS


def mapping(internal: str, external: str, connection: str = "salesforce") -> TypeMapping:
    fields = [{"internal": "name", "external": "Name"}]
    return TypeMapping.model_validate(
        {"internal": internal, "external": f"salesforce.{external}", "connection": connection, "fields": fields}
    )


LEAD = mapping("prospect", "Lead")
CONTACT = mapping("prospect", "Contact")
ACCOUNT = mapping("account", "Account")
USER = mapping("user", "User")


def frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    return pd.DataFrame([list(row) for row in rows], columns=list(columns), dtype=object)


def link(internal_id: str | None, external_id: str | None, **values: Any) -> dict[str, Any]:
    """`LINK_COLUMNS` without link_id."""
    defaults = {
        "state": "live",
        "deleted_side": None,
        "internal_base": {"name": "Ada"},
        "external_base": {"Name": "Ada"},
        "stamp": None,
        "hash": None,
        "read_at": None,
        "unconfirmed": {},
        "decisions": {},
        "mapping_hash": None,
    }
    return {"internal_id": internal_id, "external_id": external_id, **defaults, **values}


def links(*rows: dict[str, Any]) -> pd.DataFrame:
    names = LINK_COLUMNS[1:]
    return frame(names, [[row[name] for name in names] for row in rows])


def left_over(record_id: str, reason: str | None = "left over", waits_for: str | None = None) -> pd.DataFrame:
    return frame(["record_id", "reason", "waits_for"], [[record_id, reason, waits_for]])


def waiting_record(record_id: str, **values: Any) -> pd.DataFrame:
    """One row for the quarantine."""
    row = {
        "record_id": record_id,
        "kind": "rejected",
        "code": "too_long",
        "reason": "title: longer than 80",
        "detail": {"field": "title"},
        "stamp": None,
        "hash": None,
        "mapping_hash": None,
        "run_id": "run-1",
        **values,
    }
    return frame(list(row), [list(row.values())])


def intent(link_id: int, **values: Any) -> dict[str, Any]:
    row = {
        "mapping": LEAD.name,
        "link_id": link_id,
        "internal_id": "1",
        "external_id": None,
        "operation": "create",
        "sent": {"Name": "Ada"},
        "read": {},
        "internal_values": {"name": "Ada"},
        "match_key": None,
        "key_field": None,
        "key_value": None,
        "counter": 1,
        "run_id": "run-1",
        "job_id": None,
    }
    return {**row, **values}
