"""Computed fields: ``=FirstName ~ ' ' ~ LastName``, read by Jinja and held to a small part of its expressions.

What may stand in one: field names, texts, numbers, true and false; ``~ + - * / // %``, comparisons, ``and or not in``,
``a if b else c``; and the filters of `FILTERS`. No calls, no attributes, no subscripts: an expression reaches the
fields of its record and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modstamp.model import Value

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.environment import TemplateExpression
    from jinja2.runtime import Context
    from jinja2.sandbox import SandboxedEnvironment

MARK = "="  # before an expression, as in a spreadsheet
_LONGEST = 1_000  # characters of an expression


class ExpressionError(ValueError):
    """The expression cannot be read, or has no value for a record; the text says why."""


def minutes_until(start: object, end: object) -> float | int | None:
    """Between two instants; whole ones where there are no seconds left over. None where one of them is not there."""
    from modstamp.instants import from_text  # noqa: PLC0415  # numpy: not at DAG-parse time

    if not isinstance(start, str) or not isinstance(end, str):
        return None
    minutes = (from_text(end) - from_text(start)).total_seconds() / 60
    return int(minutes) if minutes == int(minutes) else minutes


def day(moment: object) -> str | None:
    """The date of an instant, in UTC."""
    return moment[: len("YYYY-MM-DD")] if isinstance(moment, str) else None


_OWN: Mapping[str, Callable[..., Any]] = MappingProxyType({"minutes_until": minutes_until, "day": day})
_JINJA = frozenset(
    {"abs", "capitalize", "default", "first", "float", "int", "last", "length", "lower", "replace", "round", "string",
     "title", "trim", "truncate", "upper"}
)  # fmt: skip
FILTERS = frozenset(_OWN) | _JINJA
NODES = frozenset(
    {"Template", "Output", "Name", "Const", "Filter", "Keyword", "CondExpr", "Concat", "Add", "Sub", "Mul", "Div",
     "FloorDiv", "Mod", "Neg", "Pos", "Not", "And", "Or", "Compare", "Operand", "List", "Tuple"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expression:
    """`names`: the fields that it looks at, in the order of the alphabet."""

    names: tuple[str, ...]
    _run: TemplateExpression

    def value(self, record: Mapping[str, Value]) -> Value:
        """For one record. A field without a value reads as an empty text, and in arithmetic as no result at all.

        Raises `ExpressionError` where the values do not suit the expression.
        """
        from jinja2 import UndefinedError  # noqa: PLC0415  # only mappings that compute need it

        try:
            found = self._run(**{name: held for name, held in record.items() if held is not None})
        except UndefinedError:
            return None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise ExpressionError(str(error)) from error
        if found is None or found == "":
            return None
        if isinstance(found, float) and not math.isfinite(found):
            raise ExpressionError(f"it results in {found}, which no field holds")
        if isinstance(found, bool | int | float | str):
            return found
        raise ExpressionError(f"it results in {type(found).__name__}, which no field holds")


@cache
def expression(text: str) -> Expression:
    """Read the text behind the `MARK`. Raises `ExpressionError`."""
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415  # only mappings that compute need it

    if len(text) > _LONGEST:
        raise ExpressionError(f"it is longer than {_LONGEST} characters")
    environment = sandbox()
    try:
        nodes = allowed_nodes(environment.parse("{{ " + text + " }}"), NODES)
        run = environment.compile_expression(text)
    except TemplateSyntaxError as error:
        raise ExpressionError(str(error)) from error
    names = {node.name for node in nodes if type(node).__name__ == "Name"}
    if not names:
        raise ExpressionError("it looks at no field")
    return Expression(tuple(sorted(names)), run)


def sandbox() -> SandboxedEnvironment:
    """With nothing in it but the filters."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  # only mappings that compute need it

    class Sandbox(ImmutableSandboxedEnvironment):
        """A text times a number would be as long as its author likes, and a text before % as long as it says itself."""

        intercepted_binops = frozenset({"*", "%"})

        def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
            if isinstance(left, str) or isinstance(right, str):
                raise TypeError(f"a text cannot stand beside {operator}")
            return super().call_binop(context, operator, left, right)

    made = Sandbox(autoescape=False)
    made.globals.clear()
    made.filters.update(_OWN)
    return made


def allowed_nodes(tree: nodes.Template, allowed: Collection[str]) -> list[Any]:
    """All of them. Raises `ExpressionError` for anything but the small part that is served."""
    found: list[Any] = []
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        kind = type(node).__name__
        if kind not in allowed:
            raise ExpressionError(f"'{kind}' is not allowed: use fields, operators and filters")
        if kind == "Filter" and node.name not in FILTERS:
            raise ExpressionError(f"there is no filter '{node.name}': use one of {', '.join(sorted(FILTERS))}")
        found.append(node)
        waiting += node.iter_child_nodes()
    return found
