"""The table of mutations speaks of the product as it is. ``python -m tests.mutations`` sees that their tests fail."""

from __future__ import annotations

import pytest

from tests.mutations import MUTATIONS, PRODUCT, ROOT, Mutation, mutated


def test_every_guarantee_has_its_mutation() -> None:
    assert list(dict.fromkeys(each.guarantee for each in MUTATIONS)) == [f"G{number}" for number in range(1, 33)]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.guarantee)
def test_what_is_changed_stands_there_once(mutation: Mutation) -> None:
    text = (ROOT / PRODUCT / mutation.file).read_text(encoding="utf-8")
    assert mutated(mutation, text) != text


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.guarantee)
def test_the_test_that_fails_is_one_of_its_guarantee(mutation: Mutation) -> None:
    path, _, name = mutation.test.partition("::")
    text = (ROOT / "tests" / path).read_text(encoding="utf-8")
    assert f"def {name}(" in text
    assert f'guarantee("{mutation.guarantee}")' in text
