from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from modstamp.errors import RejectedRecordError
from modstamp.model import Direction, Side
from modstamp.ports import LINK_COLUMNS
from modstamp.state.store import Store
from tests.state.conftest import Hands
from tests.state.samples import ACCOUNT, CONTACT, LEAD, USER, frame, link, links, mapping, waiting_record


def test_what_is_added_is_read_back_exactly(store: Store) -> None:
    row = link(
        "1",
        "00Q1",
        internal_base={"name": None, "employees": 5, "share": 0.1, "active": True, "note": "naïve 'quoted' \\ \n"},
        external_base={},
        stamp="2026-01-01T00:00:00Z",
        hash="abc",
        read_at=datetime(2026, 1, 1, 1, 2, 3, 456, tzinfo=UTC),
        unconfirmed={"Name": "Ada"},
        decisions={"name": ["a", "b"]},
        mapping_hash="m",
    )
    with store.begin() as tx:
        (link_id,) = tx.links.add(LEAD, links(row))
    with store.begin() as tx:
        read = tx.links.of(LEAD.name, Side.INTERNAL, ["1"])

    assert tuple(read.columns) == LINK_COLUMNS
    assert {kind.name for kind in read.dtypes} == {"object"}
    assert read.to_dict("records") == [{"link_id": link_id, **row}]


def test_instants_may_be_given_as_text(store: Store) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("1", "00Q1", read_at="2026-01-01T01:02:03Z")))
        (read_at,) = tx.links.of(LEAD.name, Side.INTERNAL, ["1"])["read_at"]
    assert read_at == datetime(2026, 1, 1, 1, 2, 3, tzinfo=UTC)


def test_ids_come_in_the_order_of_the_rows(store: Store) -> None:
    numbers = [str(number) for number in range(2_500, 0, -1)]
    with store.begin() as tx:
        ids = tx.links.add(LEAD, links(*(link(number, f"00Q{number}") for number in numbers)))
        read = tx.links.of(LEAD.name, Side.INTERNAL, numbers)
    assert dict(zip(read["link_id"], read["internal_id"], strict=True)) == dict(zip(ids, numbers, strict=True))


def test_ids_are_never_given_twice(store: Store) -> None:
    with store.begin() as tx:
        (first,) = tx.links.add(LEAD, links(link("1", None, state="provisional")))
        tx.links.discard([first])
    with store.begin() as tx:
        (second,) = tx.links.add(LEAD, links(link("1", None, state="provisional")))
    assert second > first


def test_more_ids_than_a_statement_may_have_parameters(store: Store) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("7", "00Q7")))
        read = tx.links.of(LEAD.name, Side.EXTERNAL, [f"00Q{number}" for number in range(100_000)])
    assert read["internal_id"].tolist() == ["7"]


@pytest.mark.parametrize("ids", [[], [None]])
def test_no_ids_find_nothing(store: Store, ids: Sequence[str]) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("1", None, state="provisional")))
        tx.links.add(LEAD, links())
        tx.links.save(tx.links.of(LEAD.name, Side.EXTERNAL, ids))
        assert tx.links.of(LEAD.name, Side.EXTERNAL, ids).empty
        assert tuple(tx.links.of(LEAD.name, Side.EXTERNAL, ids).columns) == LINK_COLUMNS


def test_saving_writes_every_column(store: Store) -> None:
    changed = link(
        "2", "00Q2", state="tombstone", deleted_side="external", internal_base={}, stamp="s", hash="h", mapping_hash="m"
    )
    with store.begin() as tx:
        first, second = tx.links.add(LEAD, links(link("1", "00Q1"), link("3", "00Q3")))
        rows = links(changed)
        rows.insert(0, "link_id", [first])
        tx.links.save(rows)
        assert tx.links.of(LEAD.name, Side.INTERNAL, ["1"]).empty
        assert tx.links.of(LEAD.name, Side.INTERNAL, ["2"]).to_dict("records") == [{"link_id": first, **changed}]
        assert tx.links.of(LEAD.name, Side.INTERNAL, ["3"])["link_id"].tolist() == [second]


@pytest.mark.guarantee("G20")
@pytest.mark.parametrize("second", [("1", "00Q2"), ("2", "00Q1"), ("1", None)])
def test_a_record_is_linked_once_in_a_mapping(store: Store, second: tuple[str, str | None]) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("1", "00Q1")))
        with pytest.raises(RejectedRecordError, match="linked_already"), tx.savepoint():
            tx.links.add(LEAD, links(link("9", "00Q9"), link(*second)))
        assert tx.links.of(LEAD.name, Side.INTERNAL, ["1", "2", "9"])["external_id"].tolist() == ["00Q1"]


@pytest.mark.guarantee("G20")
def test_a_record_is_linked_by_one_mapping_of_its_family(store: Store) -> None:
    with store.begin() as tx:
        (link_id,) = tx.links.add(LEAD, links(link("1", "00Q1")))
        with pytest.raises(RejectedRecordError), tx.savepoint():
            tx.links.add(CONTACT, links(link("1", "0031")))
        tx.links.add(ACCOUNT, links(link("1", "0011")))
        tx.links.add(mapping("prospect", "Lead", connection="other_org"), links(link("1", "00Q1")))

        found = tx.links.in_family(CONTACT, ["1", "2"])

    assert found.to_dict("records") == [
        {"link_id": link_id, "mapping": LEAD.name, "internal_id": "1", "external_id": "00Q1"}
    ]


@pytest.mark.guarantee("G13")
def test_a_tombstone_leaves_both_records_free_to_be_linked(store: Store) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("1", "00Q1", state="tombstone"), link("1", "00Q1", state="tombstone")))
        (alive,) = tx.links.add(CONTACT, links(link("1", "0031")))
        (reused,) = tx.links.add(LEAD, links(link("2", "00Q1")))

        assert tx.links.in_family(LEAD, ["1"])["link_id"].tolist() == [alive]
        assert tx.links.of(LEAD.name, Side.EXTERNAL, ["00Q1"])["state"].tolist() == ["tombstone", "tombstone", "live"]
        assert tx.links.of(LEAD.name, Side.EXTERNAL, ["00Q1"])["link_id"].tolist()[-1] == reused


@pytest.mark.guarantee("G13")
def test_a_tombstone_is_revived_unless_its_record_is_linked_by_now(store: Store) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("1", "00Q1", state="tombstone"), link("2", "00Q2", state="tombstone")))
        tx.links.add(CONTACT, links(link("1", "0031")))
        graves = tx.links.of(LEAD.name, Side.EXTERNAL, ["00Q1", "00Q2"]).assign(state="live")

        with pytest.raises(RejectedRecordError), tx.savepoint():
            tx.links.save(graves)
        tx.links.save(graves[1:])

        assert tx.links.of(LEAD.name, Side.INTERNAL, ["1", "2"])["state"].tolist() == ["tombstone", "live"]


@pytest.mark.guarantee("G20")
def test_only_provisional_links_are_discarded(store: Store) -> None:
    with store.begin() as tx:
        ids = tx.links.add(LEAD, links(link("1", None, state="provisional"), link("2", "00Q2")))
        tx.links.discard(ids)
        assert tx.links.of(LEAD.name, Side.INTERNAL, ["1", "2"])["internal_id"].tolist() == ["2"]


@pytest.mark.guarantee("G16")
def test_references_are_translated_through_every_mapping_of_the_family(store: Store) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("1", "00Q1"), link("3", "00Q3", state="tombstone"), link("4", None)))
        tx.links.add(CONTACT, links(link("2", "0032")))
        tx.links.add(USER, links(link("1", "0051")))

        outward = tx.links.translate("salesforce", "prospect", Side.INTERNAL, ["1", "2", "3", "4", "5"])
        inward = tx.links.translate("salesforce", "prospect", Side.EXTERNAL, ["00Q1", "0032", "00Q3", "0051"])
        elsewhere = tx.links.translate("other_org", "prospect", Side.INTERNAL, ["1"])

    assert outward == {"1": "00Q1", "2": "0032"}
    assert inward == {"00Q1": "1", "0032": "2"}
    assert elsewhere == {}


@pytest.mark.guarantee("G16")
def test_a_provisional_link_is_no_counterpart_yet(store: Store) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("1", "00Q1", state="provisional")))
        assert tx.links.translate("salesforce", "prospect", Side.INTERNAL, ["1"]) == {}


@pytest.mark.guarantee("G1")
def test_the_last_read_is_that_of_the_link_or_else_of_what_waits(store: Store) -> None:
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("1", "00Q1", stamp="s1", hash="h1")))
        tx.links.add(LEAD, links(link("3", "00Q3", stamp="s3", hash="h3", state="tombstone")))
        tx.quarantine.put(LEAD.name, Direction.POLLING, waiting_record("00Q1", stamp="old", hash="old"))
        tx.quarantine.put(LEAD.name, Direction.POLLING, waiting_record("00Q2", stamp="s2", hash="h2"))
        tx.quarantine.put(LEAD.name, Direction.PUSHING, waiting_record("00Q4", stamp="s4", hash="h4"))
        tx.quarantine.put(CONTACT.name, Direction.POLLING, waiting_record("00Q5", stamp="s5", hash="h5"))

        reads = tx.links.last_reads(LEAD.name, [f"00Q{number}" for number in range(6)])

    expected = frame(["external_id", "stamp", "hash"], [["00Q1", "s1", "h1"], ["00Q2", "s2", "h2"]])
    assert reads.to_dict("records") == expected.to_dict("records")


@pytest.mark.guarantee("G17")
def test_two_transactions_that_lock_the_same_links_do_not_deadlock(store: Store) -> None:
    numbers = [str(number) for number in range(500)]
    with store.begin() as tx:
        tx.links.add(LEAD, links(*(link(number, f"00Q{number}") for number in numbers)))

    def lock(side: Side, ids: Sequence[str]) -> int:
        locked = 0
        for _ in range(10):
            with store.begin() as tx:
                locked += len(tx.links.of(LEAD.name, side, ids, lock=True))
        return locked

    with ThreadPoolExecutor(2) as pool:
        inward = pool.submit(lock, Side.EXTERNAL, [f"00Q{number}" for number in numbers])
        outward = pool.submit(lock, Side.INTERNAL, list(reversed(numbers)))
        assert inward.result() == outward.result() == 5_000


@pytest.mark.guarantee("G13")
def test_only_tombstones_that_speak_for_nothing_living_are_purged(store: Store, clock: Hands) -> None:
    dead = {"state": "tombstone"}
    rows = [
        link("1", "gone with it", **dead, deleted_side="both"),
        link("2", "left behind", **dead, deleted_side="external"),
        link("3", "replaced", **dead, deleted_side="external"),
        link("3", "its new one"),
        link("4", "relinked", **dead, deleted_side="internal"),
        link("5", "relinked"),
        link("6", "alone", **dead, deleted_side="internal"),
        link("7", "converted", **dead, deleted_side="moved"),
        link("8", "merged", **dead, deleted_side="taken"),
    ]
    with store.begin() as tx:
        tx.links.add(LEAD, links(*rows))
        tx.links.add(CONTACT, links(link("7", "became")))
    clock.forward(days=1)
    with store.begin() as tx:
        tx.links.add(LEAD, links(link("9", "just gone", **dead, deleted_side="both")))

    with store.begin() as tx:
        assert tx.links.purge_tombstones(clock()) == 4
        left = tx.links.of(LEAD.name, Side.INTERNAL, [str(number) for number in range(10)])

    expected = ["left behind", "its new one", "relinked", "alone", "merged", "just gone"]
    assert left["external_id"].tolist() == expected
    assert left["state"].tolist().count("live") == 2
