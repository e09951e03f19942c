"""Writes sandbox/FAULTS.md: what each fault does, and which tests survive it. Run ``python -m tests.faults.table``.

The markers of the tests are read from the source; `test_table_of_faults.py` fails when the page is not up to date.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sandbox.salesforce.kinds import COMMON, COUNTED, KINDS, SCOPES, Option
from sandbox.salesforce.people import DEEDS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "sandbox" / "FAULTS.md"
_HEAD = """# What can go wrong in the local Salesforce

Made by `python -m tests.faults.table`; do not edit. Every fault and deed is used by a test that runs the real engine
through the real connector over HTTPS and shows that nothing is lost, nothing is doubled, and that somebody is told why.

A fault is switched on by `POST /__sandbox__/faults` with `{"kind": …}` and its options, or in Python by
`salesforce.fault(kind, …)`; both answer its number. `DELETE /__sandbox__/faults` switches off all, `?kind=…` those of
a kind, `?id=…` one. `GET` lists what is in force, how often each has struck, and every kind with its options. Requests
that no fault concerns take no lock for it, so faults may come and go while many clients work.

What people do once is a deed: `POST /__sandbox__/edit` with `{"operation": …, "object": …, "id": …}`, in Python
`salesforce.perform(operation, object, id, …)`. What nobody has confirmed of all this stands in `UNCONFIRMED.md`.
"""


def used_by(folder: Path = ROOT / "tests" / "faults") -> dict[str, list[str]]:
    """Fault or deed → the tests that carry its marker."""
    tests: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for name in dict.fromkeys(_marked(node, path)):
                    tests[name].append(f"{path.stem}::{node.name}")
    return dict(tests)


def document(tests: Mapping[str, Sequence[str]]) -> str:
    faults = [(name, kind.does, _options(kind.options), kind.scope) for name, kind in KINDS.items()]
    return "\n".join(
        [
            _HEAD,
            "## Faults",
            "",
            "| fault | what it does | options (default) | may be narrowed to | tests |",
            "|---|---|---|---|---|",
            *(
                f"| `{name}` | {does} | {options} | {', '.join(scope) or 'whole org'} | {_tests(tests, name)} |"
                for name, does, options, scope in faults
            ),
            "",
            f"All take {_options(COMMON)}; all that do not lie on the whole org also {_options(COUNTED)}.",
            f"They are narrowed by {_options(SCOPES)}.",
            "",
            "## Deeds",
            "",
            "| deed | what it does | tests |",
            "|---|---|---|",
            *(f"| `{name}` | {deed.does} | {_tests(tests, name)} |" for name, deed in DEEDS.items()),
            "",
        ]
    )


def _marked(test: ast.FunctionDef, path: Path) -> Iterator[str]:
    """Markers stand above the test, in its cases, or in a list of cases that the module gives a name."""
    above = list(test.decorator_list)
    names = {each.id for each in above if isinstance(each, ast.Name)}
    module = ast.parse(path.read_text(encoding="utf-8"))
    named = [
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in names
    ]
    for call in (node for each in [*above, *named] for node in ast.walk(each) if isinstance(node, ast.Call)):
        if ast.unparse(call.func) == "pytest.mark.fault":
            yield ast.literal_eval(call.args[0])


def _options(options: Mapping[str, Option]) -> str:
    return "; ".join(
        f"`{name}` ({_default(each.default)}): {each.meaning}{': ' if each.choices else ''}{', '.join(each.choices)}"
        for name, each in options.items()
    )


def _default(value: object) -> str:
    return "none" if value in ("", (), {}) else str(value).lower() if isinstance(value, bool) else str(value)


def _tests(tests: Mapping[str, Sequence[str]], name: str) -> str:
    return "<br>".join(f"`{each}`" for each in tests.get(name, ()))


if __name__ == "__main__":
    PAGE.write_text(document(used_by()), encoding="utf-8")
