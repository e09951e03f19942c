from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sandbox.org.build import generate
from sandbox.org.desk import NoSuchRecordError, enter
from sandbox.org.edit import edit_external
from sandbox.org.manifest import Action, Entry, counts, read_manifest, write_manifest
from sandbox.org.people import work
from sandbox.org.plan import TooFewRecordsError, Wanted
from sandbox.salesforce.org import open_store
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.store import Store

WANTED = Wanted(edits=30, creates=10, both=5, merged=5, refused=3)


@dataclass(frozen=True, slots=True)
class Sides:
    state: Path
    database: Engine
    store: Store

    @property
    def url(self) -> str:
        return self.database.url.render_as_string(hide_password=False)

    def people(self, wanted: Wanted = WANTED) -> list[Entry]:
        return work(self.state, self.url, wanted, seed=7)

    def shown(self, entry: Entry) -> dict[str, object]:
        """The fields of an entry as its side shows them now."""
        if entry.side == "external":
            found = self.store.get(entry.object, str(entry.external_id)) or {}
        else:
            with self.database.connect() as connection:
                sql = text(f"SELECT * FROM {entry.table} WHERE id = :id")  # noqa: S608 - a name of our own
                found = dict(connection.execute(sql, {"id": entry.internal_id}).mappings().one())
        return {name: found[name] for name in entry.values}


@pytest.fixture
def sides(sqlite: Engine, tmp_path: Path) -> Iterator[Sides]:
    yield from filled(sqlite, tmp_path / "state")


@pytest.fixture
def sides_on_each(database: Engine, tmp_path: Path) -> Iterator[Sides]:
    """The same on both databases, where it is a matter of the database."""
    yield from filled(database, tmp_path / "state")


def filled(database: Engine, state: Path) -> Iterator[Sides]:
    found = Sides(state, database, open_store(state))
    generate(1_000, 7, state, found.url)
    yield found
    found.store.close()


def test_as_much_is_done_as_was_wanted(sides: Sides) -> None:
    assert counts(sides.people()) == {
        "edit internal": 30,
        "edit external": 30,
        "create internal": 10,
        "create external": 10,
        "both internal": 5,
        "both external": 5,
        "merge internal": 5,
        "merge external": 5,
        "refuse internal": 3,
    }


def test_what_is_written_down_was_done(sides_on_each: Sides) -> None:
    entries = sides_on_each.people()
    for entry in entries:
        assert sides_on_each.shown(entry) == entry.values
        assert entry.action is Action.CREATE or entry.values != entry.before


def test_every_intention_has_records_of_its_own(sides: Sides) -> None:
    entries = sides.people()
    intentions = {(entry.key, entry.action, entry.side if entry.action is Action.EDIT else "") for entry in entries}
    assert max(Counter(key for key, _, _ in intentions).values()) == 1
    collisions = [entry for entry in entries if entry.action is Action.BOTH]
    values = {
        entry.key: {tuple(each.values.values()) for each in collisions if each.key == entry.key} for entry in collisions
    }
    assert all(len(each) == 2 for each in values.values())


def test_people_are_not_the_integration_user(sides: Sides) -> None:
    integration = next(sides.store.rows("User", "Username = 'integration@sandbox.example'"))["Id"]
    for entry in sides.people():
        if entry.side == "external":
            row = sides.store.get(entry.object, str(entry.external_id))
            assert row is not None
            assert row["LastModifiedById"] != integration


def test_salesforce_refuses_what_it_is_to_refuse(sides: Sides) -> None:
    for entry in sides.people():
        if entry.action is Action.REFUSE:
            with pytest.raises(Refusal, match="FIELD_CUSTOM_VALIDATION_EXCEPTION"):
                edit_external(
                    sides.state, entry.object.lower(), str(entry.external_id), {"Phone": entry.values["phone"]}
                )


def test_the_next_day_brings_other_work(sides: Sides) -> None:
    few = Wanted(edits=3, creates=10, both=1, merged=1, refused=1)
    first, second = (
        {entry.key for entry in sides.people(few) if entry.action is Action.CREATE} for _ in ("first", "second")
    )
    assert first.isdisjoint(second)


@pytest.mark.parametrize("size", [50, 200])
def test_a_small_org_gets_less_of_each(sqlite: Engine, tmp_path: Path, size: int) -> None:
    generate(size, 7, tmp_path, sqlite.url.render_as_string(hide_password=False))

    done = counts(work(tmp_path, sqlite.url.render_as_string(hide_password=False), Wanted(), seed=7, fit=True))

    assert done.get("edit internal", 0) == done.get("edit external", 0) < Wanted().edits
    assert done.get("create internal", 0) < Wanted().creates


def test_too_little_in_common_is_said_and_nothing_done(sides: Sides) -> None:
    before = sides.store.count("Lead")
    with pytest.raises(TooFewRecordsError, match="synchronise first"):
        sides.people(Wanted())
    assert sides.store.count("Lead") == before


def test_a_manifest_is_read_as_it_was_written(sides: Sides, tmp_path: Path) -> None:
    entries = sides.people()
    write_manifest(tmp_path / "people.json", entries)
    assert read_manifest(tmp_path / "people.json") == entries


def test_one_edit_by_hand_on_either_side(sides_on_each: Sides) -> None:
    entry = next(entry for entry in sides_on_each.people() if entry.object == "Lead" and entry.action is Action.EDIT)
    edit_external(
        sides_on_each.state, "lead", entry.key.upper(), {"phone": "+49 30 23125 001", "NumberOfEmployees": "12"}
    )
    row = sides_on_each.store.get("Lead", str(entry.external_id))
    assert row is not None
    assert (row["Phone"], row["NumberOfEmployees"]) == ("+49 30 23125 001", 12)
    assert (
        enter(sides_on_each.url, "prospect", entry.key.upper(), {"title": "", "opted_out": "true"}) == entry.internal_id
    )
    with sides_on_each.database.connect() as connection:
        sql = text("SELECT title, opted_out FROM prospects WHERE id = :id")
        assert tuple(connection.execute(sql, {"id": entry.internal_id}).one()) == (None, True)


def test_an_edit_of_nothing_says_what_is_wrong(sides: Sides) -> None:
    with pytest.raises(NoSuchRecordError, match="0 records go by nobody"):
        enter(sides.url, "prospect", "nobody", {"title": "x"})
    with pytest.raises(NoSuchRecordError, match="Lead has no field Fone"):
        edit_external(sides.state, "lead", next(sides.store.rows("Lead"))["Id"], {"Fone": "x"})
