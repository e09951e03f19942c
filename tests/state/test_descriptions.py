"""Descriptions are asked for once per age, whatever the number of processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from modstamp.model import Field, TypeDescription
from modstamp.state.descriptions import Descriptions

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEAD = TypeDescription(
    name="Lead",
    deletable=False,
    fields={"Status": Field(name="Status", kind="choice", choices=("Open", "Closed"), restricted=True, length=40)},
)


def test_a_description_comes_back_whole_until_it_is_too_old(database: Engine) -> None:
    now = [NOW]
    descriptions = Descriptions(database, "salesforce", timedelta(hours=1), lambda: now[0])
    assert descriptions.recall("Lead") is None

    descriptions.remember(LEAD)
    descriptions.remember(LEAD)

    assert descriptions.recall("Lead") == LEAD
    assert Descriptions(database, "other", timedelta(hours=1), lambda: now[0]).recall("Lead") is None
    now[0] += timedelta(hours=2)
    assert descriptions.recall("Lead") is None
