"""What the children of a worker do: one step of a run, the command line, a round in peace, or the local Salesforce.

A step does what the task of the DAG does (``modstamp.orchestration.steps``), without Airflow around it.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def import_everything() -> None:
    """Before the first fork, so that no child pays for it."""
    import great_expectations  # noqa: F401, PLC0415
    import psycopg  # noqa: F401, PLC0415

    import sandbox.__main__  # noqa: F401, PLC0415
    from modstamp import cli, staging, wiring  # noqa: F401, PLC0415
    from modstamp.connectors.engagement import capture, records  # noqa: F401, PLC0415
    from modstamp.connectors.salesforce import connector  # noqa: F401, PLC0415
    from modstamp.engine import run  # noqa: F401, PLC0415
    from modstamp.engine.validate import unusable  # noqa: PLC0415
    from modstamp.migrations import configuration  # noqa: F401, PLC0415
    from modstamp.state import store  # noqa: F401, PLC0415

    unusable([])


def obey(order: Mapping[str, Any]) -> None:
    """Carry out one order; its result, if any, is written to the file `result` at its very end."""
    if order.get("strike_at"):
        _strike(int(order["strike_at"]), order["result"] + ".point")
    counted = _count_points() if order.get("count") else None
    done = _WORK[order["work"]](order)
    if counted is not None:
        done["points"] = next(counted)
    if "result" in order:
        path = Path(order["result"])
        path.with_suffix(".new").write_text(json.dumps(done, default=str), encoding="utf-8")
        path.with_suffix(".new").rename(path)


def _step(order: Mapping[str, Any]) -> Document:
    from modstamp import wiring  # noqa: PLC0415  # imported before the fork
    from modstamp.engine.handoff import Handoff, RunOptions  # noqa: PLC0415
    from modstamp.errors import LeaseHeldError, LimitReachedError, ModstampError  # noqa: PLC0415
    from modstamp.model import Direction  # noqa: PLC0415
    from modstamp.settings import Settings  # noqa: PLC0415

    direction, name = Direction(order["direction"]), order["step"]
    handoff = Handoff.from_dict(order["document"]) if order.get("document") else None
    try:
        with wiring.open_run(order["mapping"], direction, Settings()) as run:
            try:
                if handoff is None:
                    return {"document": run.extract(RunOptions(), order["run_id"]).as_dict()}
                if name == "load":
                    return {"summary": replace(run.load(handoff), differences=()).as_dict()}
                return {"document": getattr(run, name)(handoff).as_dict()}
            except LeaseHeldError as error:
                return {"skipped": str(error)}
            except LimitReachedError as limit:
                run.end(order["run_id"], "paused", str(limit))
                return {"skipped": str(limit)}
            except Exception as error:
                if handoff is not None:
                    run.fail(handoff, str(error) if isinstance(error, ModstampError) else type(error).__name__)
                raise
    except Exception as error:  # noqa: BLE001  # as Airflow does: the task failed
        return _failed(error)


def _failed(error: Exception) -> Document:
    text = "".join(traceback.format_exception(error))
    print(text, flush=True)
    return {"failed": f"{type(error).__name__}: {error}"}


def _command(order: Mapping[str, Any]) -> Document:
    """``python -m modstamp …`` in this process."""
    from modstamp import cli  # noqa: PLC0415  # imported before the fork

    try:
        cli.main(order["words"])
    except SystemExit as end:
        return {"exit": end.code}
    return {"exit": 0}


def _prepare(order: Mapping[str, Any]) -> Document:
    del order
    from modstamp import wiring  # noqa: PLC0415  # imported before the fork
    from modstamp.settings import Settings  # noqa: PLC0415

    wiring.prepare(Settings())
    return {}


def _round(order: Mapping[str, Any]) -> Document:
    """Every mapping, or those named, once, as the command line does, and what each run came to."""
    from modstamp import wiring  # noqa: PLC0415  # imported before the fork
    from modstamp.engine.handoff import RunOptions  # noqa: PLC0415
    from modstamp.errors import ModstampError  # noqa: PLC0415
    from modstamp.model import Direction  # noqa: PLC0415
    from modstamp.settings import Settings  # noqa: PLC0415

    settings, runs = Settings(), []
    wanted = order.get("mappings")
    for number, mapping in enumerate(each for each in wiring.mappings(settings) if not wanted or each.name in wanted):
        for direction in Direction:
            if not mapping.is_on(direction):
                continue
            try:
                with wiring.open_run(mapping.name, direction, settings) as run:
                    run_id = f"{order['run_id']}-{number}-{direction}"
                    summary = wiring.run_through(run, RunOptions(), run_id)
                runs.append({"run": f"{mapping.name} {direction}", "counts": dict(summary.counts)})
            except ModstampError as error:
                runs.append({"run": f"{mapping.name} {direction}", "failed": f"{type(error).__name__}: {error}"})
    return {"runs": runs}


def _reconcile(order: Mapping[str, Any]) -> Document:
    """What the upkeep DAG does each night; found records are queued for the next runs."""
    from modstamp import upkeep  # noqa: PLC0415  # imported before the fork
    from modstamp.engine.reconcile import ReconcileOptions  # noqa: PLC0415
    from modstamp.settings import Settings  # noqa: PLC0415

    found = {}
    for name in order["mappings"]:
        counts = upkeep.reconcile(name, ReconcileOptions(reread=True), f"{order['run_id']}-{name}", Settings()).counts
        found[name] = {kind: count for kind, count in counts.items() if kind != "compared" and count}
    return {"found": found}


def _salesforce(order: Mapping[str, Any]) -> Document:
    from sandbox.__main__ import main  # noqa: PLC0415  # imported before the fork

    main(["serve", "--state", order["state"], "--port", str(order["port"]), "--http-port", "0"])
    return {}


_WORK: dict[str, Callable[[Mapping[str, Any]], Document]] = {
    "step": _step,
    "command": _command,
    "prepare": _prepare,
    "round": _round,
    "reconcile": _reconcile,
    "salesforce": _salesforce,
}


# Points: right before and after every statement, commit and request.


def _count_points() -> itertools.count[int]:
    numbers = itertools.count(1)
    _listen(lambda _: next(numbers))
    return numbers


def _strike(wanted: int, note: str) -> None:
    """End this process, as ``kill -9`` does, at the nth point."""
    numbers = itertools.count(1)

    def reach(point: str) -> None:
        if next(numbers) == wanted:
            Path(note).write_text(point, encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    _listen(reach)


def _listen(reach: Callable[[str], object]) -> None:
    import requests  # noqa: PLC0415  # imported before the fork
    from sqlalchemy import Engine, event  # noqa: PLC0415

    def before(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        reach(f"before {' '.join(statement.split())[:60]}")

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "commit", lambda _: reach("before commit"))
    send = requests.Session.send

    def sent(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        where = f"{request.method} {str(request.url).partition('/services')[2][:60]}"
        reach(f"before {where}")
        answer = send(self, request, **options)
        reach(f"after {where}")
        return answer

    requests.Session.send = sent  # type: ignore[method-assign]
