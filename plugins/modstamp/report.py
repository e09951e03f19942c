"""What the command line and the task logs show people: the same documents that ``--json`` gives, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table

Document = Mapping[str, Any]

_COUNTS = ("seen", "created", "updated", "unchanged", "merged", "withheld", "quarantined")


def runs(summaries: Sequence[Document]) -> str:
    """One line per run, then why records were not done."""
    table = _table("type", "direction", *_COUNTS, "calls", "document", "rows/s")
    for each in summaries:
        counts = each["counts"]
        figures = [str(counts.get(name, 0)) for name in _COUNTS]
        speed = f"{counts.get('seen', 0) / each['seconds']:,.0f}" if each["seconds"] else "-"
        table.add_row(
            each["mapping"], each["direction"], *figures, str(each["calls"]), str(each["document_calls"]), speed
        )
    return _text(table) + _stopped(summaries) + _reasons(summaries)


def migration(document: Document) -> str:
    """What was done, or would be, to tables that are not ours."""
    if not document["migrated"]:
        lines = [f"{statement.strip()};" for each in document["statements"].values() for statement in each]
        return "\n".join(lines) or "No table that is not ours needs anything."
    slow = [
        f"{mapping} runs degraded: it may not install triggers and reads changes from {column}; deletes are not seen."
        for mapping, column in document["degraded"].items()
    ]
    return "\n".join(["The engagement database is up to date.", *slow])


def _stopped(summaries: Iterable[Document]) -> str:
    """Runs that a limit paused or an error ended, and those that ended with a warning."""
    return "".join(
        f"{each['mapping']} {each['direction']}: {each['message']}\n" for each in summaries if each["message"]
    )


def _reasons(summaries: Iterable[Document]) -> str:
    lines = [
        f"  {each['mapping']} {each['direction']}: {records} {kind}: {reason}"
        for each in summaries
        for kind, reasons in each["reasons"].items()
        for reason, records in sorted(reasons.items(), key=lambda item: -item[1])
    ]
    return "\n".join(["Why records were not done:", *lines]) + "\n" if lines else ""


def plans(summaries: Sequence[Document]) -> str:
    """A dry run: what would be written, field by field."""
    parts = []
    for each in summaries:
        counts = ", ".join(f"{records} {kind}" for kind, records in sorted(each["counts"].items()) if records)
        parts.append(
            f"{each['mapping']} {each['direction']}: {counts or 'nothing'}; {each['calls']} calls made to look"
            + (f", a run would make about {each['estimated_calls']}" if "estimated_calls" in each else "")
        )
        table = _table("record", "operation", "field", "old", "new", "rule")
        for row in each["differences"]:
            record = row["target_id"] or f"new, from {row['source_id']}"
            table.add_row(record, row["operation"], row["field"], str(row["old"]), str(row["new"]), row["rule"])
        if each["differences"]:
            parts.append(_text(table))
    return "\n".join(parts)


def lint(document: Document) -> str:
    """The mappings that are sound, and what looks unintended."""
    names = ", ".join(document["mappings"])
    return "\n".join(
        [f"✓ {len(document['mappings'])} mappings are sound: {names}", *_problems(document["advice"], "!")]
    )


def doctor(document: Document) -> str:
    """Green, yellow, red per mapping."""
    lines = _problems(document["problems"], "✗")
    for each in document["mappings"]:
        sign = "✗" if each["problems"] else "!" if each["advice"] else "✓"
        lines.append(f"{sign} {each['mapping']}: {each['internal']} ↔ {each['external']}")
        lines += [f"  {line}" for line in [*_problems(each["problems"], "✗"), *_problems(each["advice"], "!")]]
        lines += [f"  · {note}" for note in each["notes"]]
    return "\n".join(lines)


def status(document: Document) -> str:
    """The last runs, what waits, and the budget."""
    parts = [runs(document["runs"]), *map(_hold, document["holds"])]
    table = _table("type", "direction", "waits as", "records", "reason")
    for row in document["pending"]:
        table.add_row(row["mapping"], row["direction"], "pending", str(row["records"]), row["reason"] or "edited")
    for row in document["quarantine"]:
        table.add_row(row["mapping"], row["direction"], row["kind"], str(row["records"]), row["reason"])
    if table.row_count:
        parts.append(_text(table))
    for each in document["budgets"]:
        used = f"{each['used_by_all']:,} of {each['maximum']:,}" if each["maximum"] else "not told yet"
        parts.append(f"{each['connection']}: {each['used_by_us']:,} calls by us in 24 hours; by all: {used}")
    return "\n".join(parts)


def _hold(hold: Document) -> str:
    """A run that asks, and how to answer it (G28)."""
    about = f"{hold['mapping']} {hold['direction']}"
    if hold["decision"]:
        return f"{about}: {hold['decision']} by {hold['decided_by']} at {hold['decided_at']}: {hold['message']}"
    return f"{about} asks since {hold['asked_at']}: {hold['message']}. To answer: modstamp approve {about} [--reject]"


def upkeep(document: Document) -> str:
    """What was forgotten, what is looked at again, and what was asked anew."""
    lines = [f"forgotten: {records:,} {kind}" for kind, records in document["forgotten"].items()]
    lines += [f"looked at again by the next run of {run}: {records:,}" for run, records in document["queued"].items()]
    for found in document["formulas"].values():
        lines += [
            f"{mapping}: {each['skipped'] or str(each['queued']) + ' records whose calculated fields changed'}"
            for mapping, each in found.items()
        ]
    for name, each in document["refreshed"].items():
        lines.append(f"{name}: {len(each['types'])} types described anew")
        lines += [f"{mapping}: {what}" for mapping, found in each["drift"].items() for what in found]
    return "\n".join(lines)


def imported(document: Document, *, dry_run: bool) -> str:
    """What was done, and which rows of the file named no record or several."""
    table = _table("line", "records", "reason")
    for each in document["not_found"]:
        table.add_row(str(each["line"]), "-", each["reason"])
    for each in document["several"]:
        table.add_row(str(each["line"]), ", ".join(each["ids"]), "each of them has the key of this row")
    hidden = document["counts"].get("not visible", 0)
    rows = f"{document['rows']} rows, {document['counts'].get('seen', 0)} records" + (
        f", {hidden} of them not there or not visible to our user." if hidden else "."
    )
    return "\n".join(
        filter(None, [(plans if dry_run else runs)([document]), rows, _text(table) if table.row_count else ""])
    )


def estimated_backfill(document: Document) -> str:
    """A row per month, and why records stay or wait."""
    months = document["months"]
    names = ("rows", "due", "creates", "finds", "writes", "calls")
    table = _table("from", "until", *names, "minutes")
    for each in months:
        figures = [f"{each[name]:,}" for name in names]
        table.add_row(each["since"][:16], each["until"][:16], *figures, f"{each['minutes']:.1f}")
    totals = [f"{sum(each[name] for each in months):,}" for name in names]
    table.add_row("all", "", *totals, f"{sum(each['minutes'] for each in months):.1f}")
    measured = any(each["measured"] for each in months)
    speed = "Minutes go by earlier runs." if measured else "Minutes are a guess: no run was large enough to tell."
    return "\n".join([
        f"{document['mapping']}: what was there before it listened. Creates are the most there can be: what the other",
        f"side has already is linked. {speed}",
        _text(table).rstrip(),
        *_totals("stay", months, "stays"),
        *_totals("are queued and wait", months, "waits"),
    ])  # fmt: skip


def _totals(verb: str, months: Sequence[Document], name: str) -> list[str]:
    totals = Counter[str]()
    for each in months:
        totals.update(each[name])
    return [f"  {records:,} {verb}: {reason}" for reason, records in totals.most_common()]


def backfill(document: Document) -> str:
    """What was done, and what stopped it."""
    progress = document["progress"]
    counts = ", ".join(f"{records:,} {kind}" for kind, records in sorted(progress["counts"].items()) if records)
    runs = f"{progress['runs']} run{'' if progress['runs'] == 1 else 's'}"
    done = f"{progress['fed']:,} of {progress['due']:,} records queued and pushed by {runs}"
    lines = [f"{document['mapping']}: {done} with {progress['calls']} calls: {counts or 'nothing to do'}."]
    if progress["stopped"]:
        lines.append(f"Stopped: {progress['stopped']}. The same command goes on where it was.")
    return "\n".join(lines)


def drift(document: Document) -> str:
    """What came, went or changed, and whether somebody knows of it now."""
    if not document["drift"]:
        return "No field has come, gone or changed."
    lines = [f"{each['mapping']}: {each['told']}" for each in document["drift"]]
    return "\n".join([*lines, "Accepted." if document["accepted"] else "To accept it: --accept."])


def answer(hold: Document) -> str:
    """What was decided, and what follows."""
    about = f"{hold['mapping']} {hold['direction']}"
    named = ", ".join(f"{kind} {records:,}" for kind, records in hold["counts"].items())
    follows = {
        "approved": f"The next run of its window passes, or one that waits in Airflow, up to: {named}",
        "rejected": "Its work stays pending, and nobody is asked again for a day unless it grows",
    }
    return f"{about}: {hold['decision']} ({hold['message']}). {follows[hold['decision']]}."


def matches(document: Document) -> str:
    """What waits for a person to say what it belongs to, and how to say it."""
    if not document["matches"]:
        return "Nothing waits for a person to match it."
    table = _table("mapping", "internal", "external", "reason")
    for each in document["matches"]:
        others = ", ".join(each["candidates"]) or "-"
        table.add_row(each["mapping"], each["internal_id"] or others, each["external_id"] or others, each["reason"])
    how = "To answer: modstamp match MAPPING INTERNAL EXTERNAL, with `new` for the one that is not there."
    return f"{_text(table)}\n{how}"


def replay(document: Document, mapping: str) -> str:
    """What waits, by cause, and what the next runs will try again."""
    if not document["causes"]:
        return f"Nothing of {mapping} waits in quarantine."
    table = _table("direction", "records", "cause", "for example", "reason", "fix")
    for each in document["causes"]:
        table.add_row(
            each["direction"], str(each["records"]), each["code"], each["example"], each["reason"], each["fix"]
        )
    queued = ", ".join(f"{records} {direction}" for direction, records in document["queued"].items())
    if queued:
        return f"{_text(table)}Queued for the next run: {queued}."
    if document["chosen"]:
        return f"{_text(table)}{document['chosen']} records would be queued for the next run."
    return f"{_text(table)}To try again: --cause CODE, or --all."


def decided(document: Document) -> str:
    """The answer to a conflict, and what it will do."""
    stays = document["external"] if document["winner"] == "external" else document["internal"]
    return (
        f"{document['internal_id']}: the next runs keep {stays!r} as {document['field']}, while neither value changes."
    )


def reconcile(document: Document) -> str:
    """What is out of step, some of it record by record, and what a repair does or would do."""
    found = ", ".join(f"{records} {name}" for name, records in document["counts"].items() if name != "compared")
    compared = f"{document['counts']['compared']} external records compared with {document['calls']} calls"
    parts = [
        f"{document['mapping']}: {compared}: {found}. Run {document['run_id']}.",
        f"{len(document['days'])} of {document['days_compared']} days differ.",
    ]
    table = _table("found", "internal", "external", "reason")
    for each in document["findings"]:
        table.add_row(each["found"], each["internal_id"] or "-", each["external_id"] or "-", each["reason"])
    if table.row_count:
        parts.append(_text(table))
    repairs = ", ".join(f"{number} {name}" for name, number in document["repairs"].items())
    verb = "Repaired" if document["repaired"] else "A repair would queue"
    parts.append(f"{verb}: {repairs}; the next runs take about {document['repair_calls']} calls for it.")
    return "\n".join([*parts, *filter(None, [document["message"]])])


def undo(document: Document, *, dry_run: bool) -> str:
    """What went back, and what did not with its reason."""
    fields, verb = document["fields"], "would be restored" if dry_run else "restored"
    which = f"Run {document['undone']} of {document['mapping']}, {document['direction']}"
    restored = f"{fields['restored']} fields {verb} in {document['records']} records"
    others = f"{fields['back already']} were back already, {fields['kept']} kept"
    parts = [f"{which}: {restored}, {others}. This is run {document['run_id']}."]
    table = _table("internal", "external", "field", "kept because")
    for each in document["kept"]:
        table.add_row(each["internal_id"] or "-", each["external_id"] or "-", each["field"], each["reason"])
    if table.row_count:
        parts.append(_text(table))
    if document["not_undone"]:
        whole = ", ".join(f"{records} {word}" for word, records in document["not_undone"].items())
        parts.append(f"Not undone, as it concerns whole records: {whole}.")
    if document["unsettled"] and not dry_run:
        parts.append(f"{document['unsettled']} fields were refused or have no answer yet: run undo again.")
    return "\n".join([*parts, *filter(None, [document["message"]])])


def explain(told: Mapping[str, Sequence[str]]) -> str:
    """The sentences, mapping by mapping."""
    return "\n".join(line for name, lines in told.items() for line in [f"{name}:", *(f"  {each}" for each in lines)])


def _problems(problems: Iterable[Document], sign: str) -> list[str]:
    return [f"{sign} {each['where']}: {each['what']}. Fix: {each['fix']}" for each in problems]


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _text(table: Table) -> str:
    """Plain text of a fixed width, as a log has no terminal. Brackets and colons in values mean nothing."""
    text = StringIO()
    console = Console(file=text, width=200, markup=False, emoji=False, highlight=False)
    console.print(table)
    return text.getvalue()
