from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy.exc import IntegrityError

from modstamp.state.store import Store
from tests.state.conftest import Hands
from tests.state.samples import ACCOUNT, CONTACT, LEAD, frame, intent, link, links


def rows(clock: Hands, *intents: dict[str, Any]) -> pd.DataFrame:
    timed = [{**each, "created_at": clock(), "began_at": clock(), "recover_after": clock()} for each in intents]
    return frame(list(timed[0]), [list(each.values()) for each in timed])


@pytest.mark.guarantee("G18")
def test_an_open_intent_holds_everything_that_recovery_needs(store: Store, clock: Hands) -> None:
    given = intent(7, sent={"Name": None, "Employees": 5}, read={"Name": "Grace"}, match_key="ada@example.com")
    with store.begin() as tx:
        tx.intents.open(rows(clock, given))
    with store.begin() as tx:
        (opened,) = tx.intents.all_open(LEAD.name).to_dict("records")
        assert tx.intents.all_open(CONTACT.name).empty
    assert {**given, "created_at": clock(), "recover_after": clock()}.items() <= opened.items()


@pytest.mark.guarantee("G23")
def test_links_with_an_open_intent_are_known_until_it_is_closed(store: Store, clock: Hands) -> None:
    with store.begin() as tx:
        tx.intents.open(rows(clock, intent(1), intent(2)))
        assert tx.intents.links_with_open([1, 2, 3]) == {1, 2}
        tx.intents.close([1, 3])
        assert tx.intents.links_with_open([1, 2, 3]) == {2}


@pytest.mark.guarantee("G20")
def test_keys_being_created_are_known_to_the_whole_family(store: Store, clock: Hands) -> None:
    with store.begin() as tx:
        lead, update = tx.links.add(LEAD, links(link("1", None, state="provisional"), link("2", "00Q2")))
        (account,) = tx.links.add(ACCOUNT, links(link("1", None, state="provisional")))
        tx.intents.open(
            rows(
                clock,
                intent(lead, match_key="ada@example.com"),
                intent(update, match_key="grace@example.com", operation="update"),
                intent(account, match_key="acme", mapping=ACCOUNT.name),
            )
        )
        keys = ["ada@example.com", "grace@example.com", "acme", "nobody@example.com"]
        assert tx.intents.open_create_keys(LEAD, keys) == {"ada@example.com"}
        assert tx.intents.open_create_keys(CONTACT, keys) == {"ada@example.com"}
        tx.intents.close([lead])
        assert tx.intents.open_create_keys(CONTACT, keys) == set()


@pytest.mark.guarantee("G20")
def test_a_link_has_one_open_intent(store: Store, clock: Hands) -> None:
    with store.begin() as tx:
        tx.intents.open(rows(clock, intent(1)))
        with pytest.raises(IntegrityError), tx.savepoint():
            tx.intents.open(rows(clock, intent(1)))


@pytest.mark.guarantee("G21")
def test_what_is_sent_again_is_open_for_longer(store: Store, clock: Hands) -> None:
    later = clock() + timedelta(minutes=5)
    with store.begin() as tx:
        tx.intents.open(rows(clock, intent(1, key_field="Key__c", key_value="k1"), intent(2)))
        tx.intents.postpone([1], later)
        first, second = tx.intents.all_open(LEAD.name).to_dict("records")
    assert (first["recover_after"], first["key_field"], first["key_value"]) == (later, "Key__c", "k1")
    assert second["recover_after"] == clock()
