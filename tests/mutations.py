"""Takes each rule of docs/guarantees.md out of the product, and sees that a test notices.

Run ``python -m tests.mutations``, or name some: ``python -m tests.mutations G1 G7``. It works on a copy of the project,
where the copy's code comes before an installed one (`pythonpath` in pyproject.toml). Exit code 1: a rule was taken out
and its test still passed, or gave no verdict.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRODUCT = "plugins/modstamp"

_COPIED = ("plugins", "tests", "sandbox", "include", "dags", "config", "docs", "bench", "pyproject.toml")
_PASSED, _FAILED = 0, 1  # pytest's exit codes; any other one is no verdict


@dataclass(frozen=True, slots=True)
class Mutation:
    """One line without which the rule does not hold, and a test that fails then.

    `file`: below the product's package. `old` occurs in it once. `test`: node id below ``tests``; where it runs on
    several databases, SQLite's runs.
    """

    guarantee: str
    file: str
    old: str
    new: str
    test: str


MUTATIONS = (
    Mutation(
        "G1",
        "engine/window.py",
        "return cursor.cursor - environment.settings.lookback",
        "return cursor.cursor",
        "engine/test_seeing.py::test_a_row_that_becomes_visible_behind_the_cursor_is_found_by_the_lookback",
    ),
    Mutation(
        "G2",
        "engine/window.py",
        "if len(got) < total:",
        "if len(got) < 0:",
        "engine/test_seeing.py::test_rows_that_the_pages_left_out_are_read_by_id",
    ),
    Mutation(
        "G3",
        "engine/window.py",
        "upper=cursor.upper or now,",
        "upper=now,",
        "engine/test_seeing.py::test_a_poll_that_stopped_goes_on_from_its_checkpoint_with_its_own_upper_bound",
    ),
    Mutation(
        "G4",
        "state/pending.py",
        "unchanged = _versions(current) & _versions(entries)",
        "unchanged = _versions(current)",
        "engine/test_seeing.py::test_an_edit_while_its_record_is_being_sent_is_sent_afterwards",
    ),
    Mutation(
        "G5",
        "engine/load.py",
        "begin(writer=mapping.name)",
        "begin()",
        "engine/test_seeing.py::test_what_a_poll_writes_wakes_the_other_mappings_and_not_its_own",
    ),
    Mutation(
        "G6",
        "engine/leftovers.py",
        "_leave_for_other(settling, target_ids)",
        "del target_ids",
        "engine/test_seeing.py::test_the_half_of_a_merge_that_a_push_may_not_write_is_left_for_the_next_poll",
    ),
    Mutation(
        "G7",
        "engine/permit.py",
        'np.flatnonzero(wanted & (words != ""))',
        "()",
        "engine/test_seeing.py::test_a_condition_keeps_new_records_out_until_they_meet_it",
    ),
    Mutation(
        "G7",
        "engine/permit.py",
        "gate.withheld(operation, judged == kind):",
        "gate.withheld(operation, is_kind(judged, kind, *FIELDWISE)):",
        "engine/test_seeing.py::test_a_linked_record_is_read_and_judged_after_it_left_the_scope",
    ),
    Mutation(
        "G7",
        "housekeeping.py",
        "tx.pending.leave(mapping.name, direction, left_over(ids, reason))",
        "left_over(ids, reason)",
        "main_job/test_housekeeping.py::test_what_a_formula_lets_pass_by_now_is_let_in",
    ),
    Mutation(
        "G8",
        "engine/plan.py",
        "return field.name(batch.direction.source) in batch.source.records and there",
        "return True",
        "engine/test_seeing.py::test_a_field_that_the_system_no_longer_shows_is_not_emptied",
    ),
    Mutation(
        "G9",
        "engine/answers.py",
        "external_base[external] = shown[external]",
        "external_base[external] = sent.get(external)",
        "engine/test_judging.py::test_what_the_server_makes_of_a_value_does_not_come_back",
    ),
    Mutation(
        "G10",
        "engine/plan.py",
        "np.flatnonzero(np.isin(cells, settled))",
        "range(len(cells))",
        "engine/test_judging.py::test_a_field_that_was_refused_keeps_its_base_and_is_written_once_it_may_be",
    ),
    Mutation(
        "G11",
        "engine/edits.py",
        "if not field.updates(way):",
        "if not way:",
        "engine/test_merge.py::test_a_side_that_may_not_write_a_field_is_never_edited",
    ),
    Mutation(
        "G12",
        "engine/judge.py",
        "(target == Presence.HIDDEN)] = Kind.HIDDEN",
        "(target == Presence.HIDDEN)] = Kind.DELETE",
        "engine/test_judging.py::test_a_record_that_is_hidden_is_held_and_not_deleted",
    ),
    Mutation(
        "G13",
        "engine/judge.py",
        "result[there & free] = Kind.REVIVE",
        "pass",
        "engine/test_judging.py::test_a_restored_lead_revives_its_link",
    ),
    Mutation(
        "G14",
        "engine/merge.py",
        "return sides.times[Side.EXTERNAL] >= sides.times[Side.INTERNAL] - tolerance",
        "return np.ones(len(sides.times[Side.EXTERNAL]), bool)",
        "engine/test_merge.py::test_newest_wins_and_external_when_too_close_to_tell",
    ),
    Mutation(
        "G15",
        "engine/judge.py",
        "twin = _later_twins(result, batch.around.keys, Kind.LINK, Kind.CREATE)",
        "twin = np.zeros(len(result), dtype=bool)",
        "engine/test_judging.py::test_two_rows_of_one_batch_with_one_match_key_do_not_become_two_records",
    ),
    Mutation(
        "G16",
        "engine/merge.py",
        "result[cells.waiting & (result == Cell.WRITE)] = Cell.WAIT",
        "pass",
        "engine/test_merge.py::test_a_value_whose_parent_has_no_link_waits",
    ),
    Mutation(
        "G17",
        "engine/judge.py",
        "return np.asarray(busy | stale), reasons",
        "return np.asarray(busy), reasons",
        "engine/test_sequences.py::test_1_a_poll_does_not_land_a_row_that_is_older_than_our_write",
    ),
    Mutation(
        "G18",
        "engine/send.py",
        "return np.asarray(moved | not_read | (~batch.linked & not_sought))",
        "return np.zeros(len(ids), dtype=bool)",
        "engine/test_writing_once.py::test_a_record_that_changed_since_it_was_read_waits_for_the_next_run",
    ),
    Mutation(
        "G19",
        "engine/answers.py",
        "unconfirmed[external] = value",
        "pass",
        "engine/test_lost_answers.py"
        "::test_shown_differently_it_loses_against_a_newer_edit_of_ours_and_goes_to_the_history",
    ),
    Mutation(
        "G20",
        "engine/judge.py",
        "busy |= ~linked & _is_in(batch.around.keys, batch.around.creating)",
        "pass",
        "engine/test_sequences.py::test_6_a_row_inserted_again_while_its_create_is_on_its_way_is_not_created_twice",
    ),
    Mutation(
        "G20",
        "engine/send.py",
        "moved = _moved(batch, seen) | _linked_elsewhere(tx, batch)",
        "moved = _moved(batch, seen)",
        "engine/test_families.py::test_a_record_that_another_mapping_links_while_it_is_looked_up_is_not_created",
    ),
    Mutation(
        "G20",
        "engine/permit.py",
        "early = is_kind(judged, Kind.CREATE) & (not context.creates_allowed)",
        "early = np.zeros(len(judged), dtype=bool)",
        "engine/test_families.py::test_nothing_is_created_before_every_mapping_has_seen_all_there_is",
    ),
    Mutation(
        "G20",
        "engine/look.py",
        "return np.asarray(ours & bool(opened))",
        "return np.zeros(len(records), dtype=bool)",
        "engine/test_lost_answers.py::test_a_poll_that_meets_a_create_without_an_answer_leaves_it_alone",
    ),
    Mutation(
        "G21",
        "engine/recover.py",
        'landed = [name for name, value in row["read"].items() if name in record and record[name] != value]',
        'landed = list(row["read"])',
        "engine/test_lost_answers.py::test_an_update_whose_answer_was_lost_arrives_once",
    ),
    Mutation(
        "G22",
        "state/leases.py",
        "if not self._change(lease, expires_at=self._now() + self._duration):",
        "if not lease:",
        "engine/test_writing_once.py::test_a_poll_that_lost_its_lease_lands_nothing",
    ),
    Mutation(
        "G23",
        "engine/judge.py",
        '_is_in(column(batch.link, "link_id"), batch.around.busy) | ',
        "",
        "engine/test_writing_once.py::test_a_poll_beside_a_push_puts_the_record_on_its_list",
    ),
    Mutation(
        "G24",
        "engine/dispatch.py",
        "_ORDER = (Operation.UPDATE, Operation.CREATE, Operation.DELETE)",
        "_ORDER = (Operation.CREATE, Operation.UPDATE, Operation.DELETE)",
        "engine/test_writing_once.py::test_within_a_batch_updates_come_before_creates",
    ),
    Mutation(
        "G25",
        "connectors/salesforce/pull.py",
        "return _Read(names, self._queries.first(type_name, text, everything=True))",
        "return _Read(names, self._queries.first(type_name, text, everything=False))",
        "main_job/test_cascades.py::test_contacts_that_go_with_an_account_that_we_delete_end_their_links",
    ),
    Mutation(
        "G26",
        "engine/answers.py",
        "ledger.tx.quarantine.release(ledger.job.environment.mapping.name, Direction.PUSHING, ids)",
        "ledger.tx.quarantine.release(ledger.job.environment.mapping.name, Direction.POLLING, ids)",
        "engine/test_trouble.py::test_a_newer_version_replaces_the_waiting_one_and_is_tried_at_once",
    ),
    Mutation(
        "G26",
        "engine/writing.py",
        "while again := {position for position, reason in refused.items() if is_duplicate(reason)}:",
        "while again := {position for position, reason in refused.items() if False}:",
        "engine/test_waiting_no_longer.py::test_values_that_change_places_are_written_together",
    ),
    Mutation(
        "G26",
        "engine/held.py",
        "held = {**held, **matches_by_now(tx, mapping, tx.quarantine.matched_by(mapping.name))}",
        "held = {**held}",
        "engine/test_waiting_no_longer.py::test_a_value_that_passes_from_record_to_record_is_written",
    ),
    Mutation(
        "G27",
        "engine/window.py",
        "if not self.ids:",
        "if True:",
        "engine/test_slices.py::test_what_was_read_before_a_limit_lands_and_the_rest_follows",
    ),
    Mutation(
        "G28",
        "engine/brakes.py",
        "here and records > allowed:",
        "here and records > math.inf:",
        "engine/test_brakes.py::test_a_held_poll_has_written_nothing_and_asks",
    ),
    Mutation(
        "G29",
        "engine/answers.py",
        "ledger.tx.journal.log(frame(rows))",
        "del rows",
        "engine/test_trouble.py::test_every_record_that_was_not_done_has_one_row_in_the_log_with_its_reason",
    ),
    Mutation(
        "G30",
        "engine/adopt.py",
        "for affected in found.forget)",
        "for affected in ())",
        "engine/test_changed_mapping.py::test_another_counterpart_field_begins_without_a_base",
    ),
    Mutation(
        "G30",
        "engine/adopt.py",
        "tx.adoption.unsettle(mapping.name, found.unsettle, rekeyed=found.rekeyed)",
        "pass",
        "engine/test_changed_mapping.py"
        "::test_a_write_without_an_answer_sets_no_base_for_a_value_that_means_another_one_by_now",
    ),
    Mutation(
        "G31",
        "engine/run.py",
        "degraded.look(environment)",
        "pass",
        "engine/test_degraded.py::test_edits_and_new_records_are_found_by_the_column",
    ),
    Mutation(
        "G32",
        "connectors/salesforce/batches.py",
        'headers = {} if auto_assign else {"Sforce-Auto-Assign": "FALSE"}',
        "headers: dict[str, str] = {}",
        "connectors/salesforce/test_writing.py::test_assignment_rules_sleep_unless_they_are_asked_for",
    ),
)


def mutated(mutation: Mutation, text: str) -> str:
    """The file's text without the rule. Raises `ValueError` unless the line to be changed is there, once."""
    found = text.count(mutation.old)
    if found != 1:
        raise ValueError(f"{mutation.guarantee}: {mutation.file} has {found} times: {mutation.old}")
    return text.replace(mutation.old, mutation.new)


def main(names: Sequence[str]) -> int:
    """The exit code. Raises `ValueError` for a guarantee that nobody knows."""
    if unknown := set(names) - {each.guarantee for each in MUTATIONS}:
        raise ValueError(f"no such guarantee: {', '.join(sorted(unknown))}")
    chosen = [each for each in MUTATIONS if not names or each.guarantee in names]
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        before = _run(copy, [each.test for each in chosen])
        if before.returncode != _PASSED:
            _say(before.stdout)
            _say("The tests fail although every rule is in its place.")
            return 1
        return int(not all([_is_noticed(copy, each) for each in chosen]))  # noqa: C419 - all of them are to be told


def _copied(folder: Path) -> Path:
    for name in _COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    return folder


def _is_noticed(copy: Path, mutation: Mutation) -> bool:
    file = copy / PRODUCT / mutation.file
    text = file.read_text(encoding="utf-8")
    file.write_text(mutated(mutation, text), encoding="utf-8")
    try:
        done = _run(copy, [mutation.test])
    finally:
        file.write_text(text, encoding="utf-8")
    if done.returncode == _FAILED:
        _say(f"{mutation.guarantee} red (as it must){_reason(done.stdout)}")
    elif done.returncode == _PASSED:
        _say(f"{mutation.guarantee} STILL GREEN: {mutation.test}")
    else:
        _say(f"{done.stdout}\n{mutation.guarantee} NO VERDICT: {mutation.test}")
    return done.returncode == _FAILED


def _reason(output: str) -> str:
    """What pytest's summary says behind the name of the test: a rule that is missed, not a program that broke."""
    failed = next((line for line in output.splitlines() if line.startswith("FAILED ")), "")
    return failed.partition(" - ")[2] and f": {failed.partition(' - ')[2]}"


def _run(copy: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    options = ["-q", "-x", "-p", "no:cacheprovider", "-k", "not postgresql"]
    command = [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)]
    environment = {**os.environ, "COLUMNS": "160"}
    return subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=copy, env=environment, text=True, capture_output=True, check=False
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
