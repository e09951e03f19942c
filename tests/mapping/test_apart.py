"""Two files that create records of one internal type in one external type: each of its own kind (G20)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modstamp.errors import Problem

Problems = Callable[[dict[str, str]], list[Problem]]

SENT = "{field: kind, operator: is, value: sent}"
RECEIVED = "{field: kind, operator: in, value: [received, bounced]}"


def _files(minimal: str, first: str, second: str) -> dict[str, str]:
    return {
        f"{name}.yaml": f"{minimal.rstrip()}\n    name: {name}\n    outbound: {{create: {{when: {when}}}}}\n"
        for name, when in (("one", first), ("two", second))
    }


@pytest.mark.guarantee("G20")
@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        (SENT, RECEIVED, True),
        (f"{{all: [{SENT}, {{field: email, operator: is not empty}}]}}", RECEIVED, True),
        (SENT, SENT, False),
        (SENT, "{field: kind, operator: in, value: [received, sent]}", False),
        (SENT, f"{{any: [{RECEIVED}, {{field: email, operator: is empty}}]}}", False),
        (SENT, RECEIVED.replace("}", ", on: false}"), False),
        (SENT, "{field: email, operator: is, value: received}", False),
    ],
)
def test_both_may_create_only_where_one_field_tells_their_records_apart(
    problems: Problems, minimal: str, first: str, second: str, *, apart: bool
) -> None:
    found = [each.what for each in problems(_files(minimal, first, second))]
    assert any("creates each prospect already" in what for what in found) is not apart
    assert any("maps prospect to salesforce.Lead on this connection already" in what for what in found) is not apart
