"""The chaos driver's model of one field: it must see what a sync does wrong, and nothing else."""

from __future__ import annotations

from bench.chaos.versions import BOTH, EXTERNAL, INTERNAL, FieldStory


def _story(value: str | None = "old") -> FieldStory:
    story = FieldStory()
    story.begin(BOTH, value, 0)
    return story


def test_an_edit_that_arrives_is_fine() -> None:
    story = _story()
    assert story.edit(INTERNAL, "old", "mine", 1) is None
    assert story.observe(EXTERNAL, " MINE ") is None
    assert story.losers(story.seen[EXTERNAL]) == []


def test_an_older_value_that_comes_back_is_seen() -> None:
    story = _story()
    story.edit(INTERNAL, "old", "mine", 1)
    assert "again" in str(story.observe(INTERNAL, "old"))


def test_a_one_sided_edit_that_was_overwritten_is_seen_when_the_next_one_is_made() -> None:
    story = _story()
    story.edit(INTERNAL, "old", "mine", 1)
    assert story.edit(INTERNAL, "old", "next", 2) is not None


def test_a_value_that_nobody_wrote_is_seen() -> None:
    assert "nobody" in str(_story().observe(EXTERNAL, "other"))


def test_of_a_conflict_either_may_win() -> None:
    story = _story()
    story.edit(INTERNAL, "old", "mine", 1)
    story.edit(EXTERNAL, "old", "theirs", 2)
    assert story.observe(INTERNAL, "theirs") is None
    assert [loser.value for loser in story.losers(story.seen[INTERNAL])] == ["mine"]
    assert list(story.displaced) == [1]


def test_whoever_edits_the_winner_of_a_conflict_supersedes_the_loser_too() -> None:
    story = _story()
    story.edit(INTERNAL, "old", "mine", 1)
    story.edit(EXTERNAL, "old", "theirs", 2)
    assert story.edit(INTERNAL, "theirs", "after", 3) is None
    assert [leaf.value for leaf in story.leaves()] == ["after"]
    assert "again" in str(story.observe(INTERNAL, "mine"))


def test_the_same_value_on_both_sides_is_no_conflict() -> None:
    story = _story()
    story.edit(INTERNAL, "old", "same", 1)
    story.edit(EXTERNAL, "old", "same", 2)
    assert story.losers(story.seen[INTERNAL]) == []


def test_a_delete_that_did_not_know_of_an_edit_is_told() -> None:
    story = _story()
    story.edit(EXTERNAL, "old", "theirs", 1)
    assert [version.value for version in story.unseen(INTERNAL)] == ["theirs"]
    story.observe(INTERNAL, "theirs")
    assert story.unseen(INTERNAL) == []
