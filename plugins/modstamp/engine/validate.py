"""Great Expectations judges the converted rows: accepted rows go on, the others wait with what they broke.

The frame that is judged holds the target's values under the target's field names: for polling the target is the
engagement database, for pushing the other system. Whole parts at a time, for a part costs little more than a row.

Importing Great Expectations takes seconds, so it is imported where the first frame is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from modstamp.engine.expectations import Rule
from modstamp.engine.frames import Mask, Objects, column, objects, present
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Column, Presence

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.expectations.expectation import Expectation

_EXAMPLES = 10  # ids kept per expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found in one part. `examples`: ids of records that broke it."""

    rule: Rule
    checked: int
    failed: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One part's judgement, by position. `reasons` and `codes` are None where the row is accepted.

    `reasons` names everything that is wrong with a row, for people; `codes` the first broken rule, to group by.
    """

    accepted: Mask
    reasons: Objects
    codes: Objects
    findings: tuple[Finding, ...] = ()


def judge(converted: pd.DataFrame, rules: Sequence[Rule], records: pd.DataFrame | None = None) -> Verdict:
    """Judge each row on its own.

    `records`: the source's rows at the same positions; their ids become examples, and rows that are not FOUND have
    nothing to judge and are accepted. A rule about a column that the frame does not have says nothing (G8). Empty text
    is judged as no value. Raises `ConfigurationError` when a rule cannot be applied.
    """
    known = [rule for rule in rules if set(rule.columns) <= set(converted.columns)]
    states = column(records, Column.STATE) if records is not None and Column.STATE in records else None
    positions = np.arange(len(converted)) if states is None else np.flatnonzero(states == Presence.FOUND.value)
    if not known or not len(positions):
        return _verdict(len(converted), [])
    frame = converted.iloc[positions].reset_index(drop=True).astype(object)
    broken = _broken(frame.mask(frame == "", None), known)
    ids = None if records is None else column(records, Column.ID)
    return _verdict(len(converted), [(rule, positions[rows]) for rule, rows in broken], len(positions), ids)


def _verdict(rows: int, broken: Sequence[tuple[Rule, Any]], checked: int = 0, ids: Objects | None = None) -> Verdict:
    reasons: list[list[Rule]] = [[] for _ in range(rows)]
    for rule, failed in broken:
        for position in failed:  # of the rejected rows only
            reasons[position].append(rule)
    findings = tuple(
        Finding(rule=rule, checked=checked, failed=len(failed), examples=_examples(failed, ids))
        for rule, failed in broken
    )
    texts = objects(["; ".join(rule.reason for rule in each) or None for each in reasons])
    codes = objects([each[0].code if each else None for each in reasons])
    return Verdict(accepted=~present(texts), reasons=texts, codes=codes, findings=findings)


def _examples(failed: Sequence[int], ids: Objects | None) -> tuple[str, ...]:
    return () if ids is None else tuple(str(ids[position]) for position in failed[:_EXAMPLES])


def document(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """All parts of a run as one JSON document: rows judged and rejected, and per expectation what it found."""
    rows, rejected = 0, 0
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for verdict in verdicts:
        rows, rejected = rows + len(verdict.accepted), rejected + int((~verdict.accepted).sum())
        for found in verdict.findings:
            blank = {**found.rule.as_dict(), "checked": 0, "failed": 0, "examples": []}
            entry = entries.setdefault((found.rule.code, found.rule.reason), blank)
            entry["checked"] += found.checked
            entry["failed"] += found.failed
            entry["examples"] = [*entry["examples"], *found.examples][:_EXAMPLES]
    return {"rows": rows, "rejected": rejected, "expectations": list(entries.values())}


def unusable(rules: Sequence[Rule]) -> list[Problem]:
    """Rules whose arguments Great Expectations does not take; for `lint`, as it needs the import."""
    problems: list[Problem] = []
    for position, rule in enumerate(rules):
        try:
            _expectation(rule, position)
        except ConfigurationError as error:
            problems += error.problems
    return problems


def _broken(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[tuple[Rule, Any]]:
    """Per rule the positions of the rows that break it, in the order of the rules.

    Whether a rule is broken costs half of what it costs to ask for the rows, and most parts break none.
    """
    expectations = [_expectation(rule, position) for position, rule in enumerate(rules)]
    told = _results(frame, expectations, "BOOLEAN_ONLY")
    doubtful = [expectations[position] for position, result in told.items() if not result.success]
    found = _results(frame, doubtful, "COMPLETE") if doubtful else {}
    rows = [_failed(rule, found[position]) if position in found else [] for position, rule in enumerate(rules)]
    return [(rule, np.array(failed, dtype=np.intp)) for rule, failed in zip(rules, rows, strict=True)]


def _results(
    frame: pd.DataFrame, expectations: Sequence[Expectation], detail: str
) -> dict[int, ExpectationValidationResult]:
    """By the position of their rules, as Great Expectations returns them in an order of its own."""
    from great_expectations import ExpectationSuite  # noqa: PLC0415  (seconds: see the module's docstring)

    batch = _frames().get_batch({"dataframe": frame})
    suite = ExpectationSuite(name="part", expectations=list(expectations))
    results = batch.validate(suite, result_format={"result_format": detail}).results
    return {_position(result): result for result in results}


def _position(result: ExpectationValidationResult) -> int:
    meta = (result.expectation_config and result.expectation_config.meta) or {}
    return int(meta["position"])


def _failed(rule: Rule, result: ExpectationValidationResult) -> list[int]:
    errors = [each for each in _exceptions(result.exception_info) if each["raised_exception"]]
    if errors:
        what = f"{rule.name} cannot judge {', '.join(rule.columns)}: {errors[0]['exception_message']}"
        raise ConfigurationError([Problem(rule.where, what, "correct its arguments, or take it out")])
    return list(result.result.get("unexpected_index_list") or ())


def _exceptions(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Great Expectations gives one, or one per metric."""
    return [info] if "raised_exception" in info else list(info.values())


def _expectation(rule: Rule, position: int) -> Expectation:
    """The rule as Great Expectations' own object. Raises `ConfigurationError` when it does not take the arguments."""
    _quiet()
    from great_expectations.compatibility.pydantic import ValidationError  # noqa: PLC0415
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration  # noqa: PLC0415

    try:
        return ExpectationConfiguration(
            type=rule.name, kwargs=dict(rule.arguments), meta={"position": position}
        ).to_domain_obj()
    except (ValidationError, TypeError) as error:
        what = f"{rule.name} does not take these arguments: {' '.join(str(error).split())}"
        raise ConfigurationError(
            [Problem(rule.where, what, "see the expectation in Great Expectations' gallery")]
        ) from error


def _quiet() -> None:
    """Before the import: no word home, and no hundred lines of log."""
    import logging  # noqa: PLC0415
    import os  # noqa: PLC0415

    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)


@cache
def _frames() -> BatchDefinition[Any]:
    """Where Great Expectations takes frames from; made once per process, nothing is stored."""
    import great_expectations  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("modstamp").add_dataframe_asset("part")
    return asset.add_batch_definition_whole_dataframe("whole")
