"""The examples of the documentation load: a whole file as it stands, a part in place of the whole file's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from modstamp.mapping.conditions import Operator
from modstamp.mapping.loading import load
from modstamp.mapping.schema import TypeMapping

Write = Callable[[dict[str, str]], Path]

DOCS = Path(__file__).parents[2] / "docs"
TEXT = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("mappings.md", "validation.md")}


def blocks(language: str, *names: str) -> list[str]:
    return [block for name in names for block in re.findall(rf"```{language}\n(.*?)```", TEXT[name], re.DOTALL)]


EXAMPLES = blocks("yaml", "mappings.md", "validation.md")
WHOLE = EXAMPLES[0]
(TABLE,) = blocks("csv", "mappings.md")


def completed(example: str) -> str:
    """The whole file with the top-level keys of the example in place of its own."""
    keys = re.findall(r"^(\w+):", example, re.MULTILINE)
    parts = re.split(r"^(?=\w+:)", WHOLE, flags=re.MULTILINE)
    return "".join(part for part in parts if part.partition(":")[0] not in keys) + example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.split(":", maxsplit=2)[0][-20:])
def test_each_example_loads(write: Write, example: str) -> None:
    # Fields that an example's expectations name are mapped by the whole file or here.
    more = "  - {internal: last_name, external: LastName}\n" if "LastName" in example else ""
    text = completed(example).replace("fields:\n", f"fields:\n{more}", 1)
    user = WHOLE.replace("prospect", "user").replace("Lead ", "User ")
    folder = write({"lead.yaml": text, "user.yaml": user, "values/lead_status.csv": TABLE})
    assert len(load(folder)) == 2


def test_every_key_and_operator_is_explained() -> None:
    words = {*TypeMapping.model_fields, "start_from", "every", "reference", "values", "direction"}
    operators = [f"`{operator}`" for operator in get_args(Operator)]
    assert [word for word in words if word not in TEXT["mappings.md"]] == []
    assert [operator for operator in operators if operator not in TEXT["mappings.md"]] == []


def test_the_schema_that_the_page_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", "".join(TEXT.values()))
    assert {link for link in links if not (DOCS / link).exists()} == set()
