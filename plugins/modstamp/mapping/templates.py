"""Templates: texts that are put together from a record, such as the title of an activity (OSF-136).

``Call with {{ prospect.first_name }}{% if purpose %}: {{ purpose }}{% endif %}`` is text, with fields of the record and
of the records that it names, the operators and filters of `expressions`, and conditions. Nothing else can be reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from modstamp.mapping.expressions import NODES, ExpressionError, allowed_nodes, sandbox
from modstamp.model import Value

if TYPE_CHECKING:
    import jinja2

_LONGEST = 2_000  # characters of a template
_NODES = NODES | {"TemplateData", "If", "Getattr"}


@dataclass(frozen=True, slots=True)
class Template:
    """`names`: fields of the record. `named`: what is named by it → the fields that are wanted of that record.

    ``prospect.first_name`` is the first name of the record whose id stands in the field `prospect_id`.
    """

    names: tuple[str, ...]
    named: Mapping[str, tuple[str, ...]]
    _template: jinja2.Template

    @property
    def ingredients(self) -> tuple[str, ...]:
        """The fields of the record that it takes."""
        return tuple(dict.fromkeys([*self.names, *map(reference_of, self.named)]))

    def value(self, record: Mapping[str, Value], named: Mapping[str, Mapping[str, Value]] | None = None) -> Value:
        """For one record and those that it names. A field without a value reads as an empty text.

        Raises `ExpressionError` where the values do not suit the template, such as arithmetic with an empty field.
        """
        from jinja2 import UndefinedError  # noqa: PLC0415  # only mappings with templates need it

        others = {name: SimpleNamespace(**_there((named or {}).get(name, {}))) for name in self.named}
        try:
            text = self._template.render(**_there(record), **others)
        except UndefinedError as error:
            raise ExpressionError(str(error).replace("is undefined", "has no value")) from error
        except (TypeError, ValueError, ArithmeticError) as error:
            raise ExpressionError(str(error)) from error
        return text.strip() or None


def reference_of(prefix: str) -> str:
    """The field that names the record of which ``prefix.field`` is a field."""
    return f"{prefix}_id"


@cache
def template(text: str) -> Template:
    """Read it. Raises `ExpressionError`."""
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415  # only mappings with templates need it

    if len(text) > _LONGEST:
        raise ExpressionError(f"it is longer than {_LONGEST:,} characters")
    environment = sandbox()
    try:
        nodes = allowed_nodes(environment.parse(text), _NODES)
        made = environment.from_string(text)
    except TemplateSyntaxError as error:
        raise ExpressionError(str(error)) from error
    plain = Counter(node.name for node in nodes if type(node).__name__ == "Name")
    named: dict[str, set[str]] = {}
    for node in (node for node in nodes if type(node).__name__ == "Getattr"):
        if type(node.node).__name__ != "Name":
            raise ExpressionError("a dot stands between what the record names and a field of that, and nowhere else")
        plain[node.node.name] -= 1
        named.setdefault(node.node.name, set()).add(node.attr)
    own = {name for name, times in plain.items() if times}
    if both := sorted(own & named.keys()):
        raise ExpressionError(f"'{both[0]}' is a record here and a field there")
    return Template(tuple(sorted(own)), {name: tuple(sorted(named[name])) for name in sorted(named)}, made)


def _there(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: held for name, held in values.items() if held is not None}
