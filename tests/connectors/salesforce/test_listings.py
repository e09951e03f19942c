"""Ids as people and reports write them."""

from __future__ import annotations

import pytest

from modstamp.connectors.salesforce.listings import long_id

SHORT, LONG = "00Q5g00000ABCDE", "00Q5g00000ABCDEEA5"


@pytest.mark.parametrize("text", [SHORT, LONG])
def test_a_short_id_becomes_the_one_that_the_api_writes(text: str) -> None:
    assert long_id(text) == LONG
    assert long_id(SHORT.lower()) == "00q5g00000abcdeAAA"


@pytest.mark.parametrize("text", [f"{SHORT}AAA", LONG.lower(), "12", "00Q5g00000ABCD?", ""])
def test_what_is_no_id(text: str) -> None:
    assert long_id(text) is None
