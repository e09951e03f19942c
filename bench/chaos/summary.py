"""The seeds' results in files of their own, and all of them added up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bench.chaos.diary import MAPPINGS
from bench.chaos.verdict import VIOLATIONS
from bench.chaos.worlds import Result

_TOLD: Final = {f"{mapping} pushing" for mapping in MAPPINGS}


def path_of(state: Path, seed: int) -> Path:
    return state / f"seed-{seed:04}.json"


def save(state: Path, result: Result) -> None:
    path = path_of(state, result.seed)
    path.with_suffix(".new").write_text(json.dumps(vars(result), indent=2), encoding="utf-8")
    path.with_suffix(".new").rename(path)


def load(state: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(state.glob("seed-*.json"))]


def load_one(state: Path, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path_of(state, seed).read_text(encoding="utf-8"))
    return found


def kinds(result: dict[str, Any]) -> Counter[str]:
    return Counter(each["kind"] for each in result["findings"])


def violations(results: Iterable[dict[str, Any]]) -> int:
    """Findings that break the promise, and seeds that never came to rest."""
    return sum(
        sum(count for kind, count in kinds(each).items() if kind in VIOLATIONS) + each["restless"] for each in results
    )


def line(result: dict[str, Any]) -> str:
    """One seed."""
    found = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds(result).items())) or "nothing wrong"
    restless = f", never at rest {result['restless']}" if result["restless"] else ""
    return (
        f"seed {result['seed']:4}  {sum(result['kills'].values()):3} kills  {result['deeds']:4} deeds  "
        f"{result['compared']:4} records  {result['seconds']:6.1f} s  {found}{restless}"
    )


def text(results: list[dict[str, Any]]) -> str:
    """All seeds added up."""
    lines = ["", f"{len(results)} seeds"]
    for name in (
        "kills",
        "ends",
        "faults",
        "conflicts",
        "touched",
        "reconciled",
        "waiting",
        "struck",
        "happenings",
        "accounted",
    ):
        total: Counter[str] = Counter()
        for each in results:
            total.update(each.get(name, {}))
        title = {
            "ends": "tasks ended",
            "waiting": "waits at the end",
            "reconciled": "found by reconciling",
            "struck": "kills of steps, by run",
            "happenings": "meetings and activities compared",
            "accounted": "of these wait for somebody without a counterpart",
            "touched": "left quarantine only when edited",
        }.get(name, name)
        lines.append(
            f"  {title}: {total.total()}  ({', '.join(f'{key} {count}' for key, count in total.most_common())})"
        )
    found: Counter[str] = Counter()
    for each in results:
        found.update(kinds(each))
    counted = {**dict.fromkeys(VIOLATIONS, 0), **found}
    lines += [f"  {kind}: {count}" for kind, count in counted.items()]
    lines.append(f"  never at rest: {sum(each['restless'] for each in results)}")
    pushes = sum(count for each in results for run, count in each.get("struck", {}).items() if run in _TOLD)
    lines.append(f"  kills during pushes of meetings and activities: {pushes}")
    lines.append(f"  deeds of people: {sum(each['deeds'] for each in results)}")
    lines.append(f"  records compared: {sum(each['compared'] for each in results)}")
    return "\n".join(lines)
