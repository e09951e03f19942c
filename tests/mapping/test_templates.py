"""Templates: what may stand in one, and what becomes of values that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from modstamp.errors import Problem
from modstamp.mapping.expressions import ExpressionError
from modstamp.mapping.live import check_live
from modstamp.mapping.loading import load
from modstamp.mapping.templates import template
from modstamp.model import Field, TypeDescription

Problems = Callable[[dict[str, str]], list[Problem]]


@pytest.mark.requirement("OSF-136")
@pytest.mark.parametrize(
    ("text", "record", "expected"),
    [
        ("Call: {{ purpose }}", {"purpose": "Demo"}, "Call: Demo"),
        ("Call{% if purpose %}: {{ purpose }}{% endif %}", {"purpose": None}, "Call"),
        ("{{ purpose|default('Call')|upper }}", {"purpose": None}, "CALL"),
        ("{{ (seconds or 0) // 60 }} min", {"seconds": 125}, "2 min"),
        ("{{ (seconds or 0) // 60 }} min", {"seconds": None}, "0 min"),
        ("{{ subject }} {{ note }}", {"subject": None, "note": ""}, None),
        ("100 % & <b>", {}, "100 % & <b>"),
        ("{{ a }}", {"a": "{{ b }}"}, "{{ b }}"),
    ],
)
def test_a_template_has_a_text_per_record(text: str, record: dict[str, Any], expected: str | None) -> None:
    assert template(text).value(record) == expected
    assert set(template(text).names) == set(record)


def test_fields_of_what_the_record_names() -> None:
    made = template("{{ prospect.first_name }} {{ prospect.last_name|upper }}, {{ user.title }}")
    assert made.named == {"prospect": ("first_name", "last_name"), "user": ("title",)}
    assert made.ingredients == ("prospect_id", "user_id")
    assert made.value({}, {"prospect": {"first_name": "Ada", "last_name": "Byron"}, "user": {"title": None}}) == (
        "Ada BYRON,"
    )
    assert made.value({}) == ","


def test_an_empty_field_in_arithmetic_is_told_by_its_name() -> None:
    with pytest.raises(ExpressionError, match="'seconds' has no value"):
        template("{{ seconds // 60 }}").value({"seconds": None})
    with pytest.raises(ExpressionError, match="unsupported operand"):
        template("{{ subject // 60 }}").value({"subject": "x"})


@pytest.mark.parametrize(
    "text",
    [
        "{{ a.b.c }}", "{{ a() }}", "{{ a['b'] }}", "{{ ''.x }}", "{% for x in a %}{% endfor %}", "{% set x = 1 %}",
        "{% include 'x' %}", "{{ a|map('b') }}", "{{ a", "{% if a %}", "{{ range(3) }}", "{{ a is defined }}",
        "{{ a.b }} {{ a }}", "x" * 3000,
    ],
)  # fmt: skip
def test_a_template_reaches_nothing_else(text: str) -> None:
    with pytest.raises(ExpressionError):
        template(text)


@pytest.mark.requirement("OSF-136")
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("template: '{{ a', external: A", "the template cannot be read"),
        ("template: '{{ a|attr(1) }}', external: A", "there is no filter 'attr'"),
        ("template: x, internal: a, external: A", "stands in place of the internal field"),
        ("template: x, external: A, direction: in", "only goes out"),
        ("template: x, external: A, reference: user", "takes no 'lookup', 'reference' or 'values'"),
        ("template: '{{ owner.name }}', external: A", "'owner.…' needs a field mapping of 'owner_id'"),
    ],
)
def test_a_faulty_template_is_refused_when_the_file_is_read(
    problems: Problems, minimal: str, row: str, words: str
) -> None:
    found = problems({"lead.yaml": f"{minimal.rstrip()}\n      - {{{row}}}\n"})
    assert words in found[0].what
    assert found[0].where == "lead.yaml:9"


@pytest.mark.parametrize("match", ["[email, template A]", "[[email], [template A]]"])
def test_a_template_is_no_part_of_a_match_key(problems: Problems, minimal: str, match: str) -> None:
    text = minimal.replace("[email]", match).rstrip()
    (found,) = problems({"lead.yaml": f"{text}\n      - {{template: x, external: A}}\n"})
    assert "a text that is put together cannot be part of the match key" in found.what


def test_a_row_needs_a_field_or_a_template(problems: Problems, minimal: str) -> None:
    (found,) = problems({"lead.yaml": f"{minimal.rstrip()}\n      - {{external: A}}\n"})
    assert found.what == "the key 'internal' is missing"


@pytest.mark.requirement("OSF-136")
def test_fields_that_are_not_there_are_named_before_anything_runs(tmp_path: Any, minimal: str) -> None:
    folder = tmp_path / "salesforce"
    folder.mkdir()
    rows = [
        "{internal: owner_id, external: OwnerId, direction: out, reference: prospect}",
        "{template: '{{ titel }} {{ owner.nam }}', external: Title}",
        "{template: Done, external: Rating}",
        "{template: Done, external: Score}",
    ]
    text = minimal.rstrip() + "".join(f"\n      - {row}" for row in rows) + "\n"
    (folder / "lead.yaml").write_text(text, encoding="utf-8")
    (file,) = load(tmp_path).files

    internal = _type("prospect", "email", "owner_id", "title")
    external = TypeDescription(
        name="Lead",
        fields={
            **_type("Lead", "Email", "OwnerId", "Title").fields,
            "Rating": Field(name="Rating", kind="choice", choices=("Open", "Closed")),
            "Score": Field(name="Score", kind="number"),
        },
    )
    whats = [each.what for each in check_live(file, internal, external, {"prospect": _type("prospect", "name")})]
    for words in (
        "prospect has no field 'titel'",
        "prospect has no field 'nam'",
        "Rating has no choice 'Done'",
        "a template makes a text, and Score is number",
    ):
        assert any(words in what for what in whats), (words, whats)


def _type(name: str, *texts: str) -> TypeDescription:
    return TypeDescription(name=name, fields={each: Field(name=each, kind="text", length=255) for each in texts})
