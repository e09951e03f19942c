from __future__ import annotations

from typing import Any

from modstamp import report

RUN: dict[str, Any] = {
    "mapping": "salesforce_lead",
    "direction": "polling",
    "counts": {"seen": 1_500, "created": 3, "quarantined": 2},
    "reasons": {"quarantined": {"Title is longer than 128 characters": 1, "LastName has no value": 5}},
    "calls": 7,
    "document_calls": 17,
    "seconds": 0.5,
    "message": "",
}


def test_a_run_is_a_line_of_counts_then_the_reasons_most_frequent_first() -> None:
    head, line, _, *reasons = report.runs([RUN]).splitlines()
    assert head.split()[:4] == ["type", "direction", "seen", "created"]
    assert line.split() == ["salesforce_lead", "polling", "1500", "3", "0", "0", "0", "0", "2", "7", "17", "3,000"]
    assert reasons == [
        "  salesforce_lead polling: 5 quarantined: LastName has no value",
        "  salesforce_lead polling: 1 quarantined: Title is longer than 128 characters",
    ]


def test_a_paused_run_says_why() -> None:
    text = report.runs([{**RUN, "reasons": {}, "message": "the org has no calls left today"}])
    assert text.splitlines()[-1] == "salesforce_lead polling: the org has no calls left today"


def test_a_run_that_took_no_time_has_no_speed() -> None:
    assert report.runs([{**RUN, "seconds": 0.0, "reasons": {}}]).splitlines()[1].split()[-1] == "-"


def test_a_plan_names_records_fields_and_cost() -> None:
    difference = {
        "source_id": "00Q1", "target_id": "17", "operation": "merge", "field": "title", "old": None, "new": "Chief",
        "rule": "one side",
    }  # fmt: skip
    new = {**difference, "target_id": None, "operation": "create"}
    text = report.plans([{**RUN, "differences": [difference, new], "estimated_calls": 9}])
    assert "1500 seen; 7 calls made to look, a run would make about 9" in text
    assert [line.split()[0] for line in text.splitlines() if "Chief" in line] == ["17", "new,"]


def test_a_plan_without_work_says_so() -> None:
    text = report.plans([{**RUN, "counts": {}, "differences": []}])
    assert text == "salesforce_lead polling: nothing; 7 calls made to look"


def test_problems_stand_below_their_mapping() -> None:
    problem = {"where": "lead.yaml:4", "what": "it is wrong", "fix": "correct it"}
    mapping = {
        "mapping": "m",
        "internal": "prospect",
        "external": "salesforce.Lead",
        "problems": [],
        "advice": [],
        "notes": [],
    }
    document = {
        "problems": [problem],
        "mappings": [mapping, {**mapping, "problems": [problem]}, {**mapping, "advice": [problem]}],
    }
    told = "lead.yaml:4: it is wrong. Fix: correct it"
    assert report.doctor(document).splitlines() == [
        f"✗ {told}",
        "✓ m: prospect ↔ salesforce.Lead",
        "✗ m: prospect ↔ salesforce.Lead",
        f"  ✗ {told}",
        "! m: prospect ↔ salesforce.Lead",
        f"  ! {told}",
    ]
    assert report.lint({"mappings": ["m"], "advice": [problem]}).splitlines() == [
        "✓ 1 mappings are sound: m",
        f"! {told}",
    ]


def test_status_shows_runs_what_waits_and_the_budget() -> None:
    waits = {"mapping": "m", "direction": "pushing", "records": 4}
    text = report.status(
        {
            "runs": [RUN],
            "holds": [],
            "pending": [{**waits, "reason": None}],
            "quarantine": [{**waits, "kind": "rejected", "reason": "Title is too long"}],
            "budgets": [
                {"connection": "a", "used_by_us": 1_000, "used_by_all": 2_000, "maximum": 100_000},
                {"connection": "b", "used_by_us": 0, "used_by_all": None, "maximum": None},
            ],
        }
    )
    assert "edited" in text
    assert "Title is too long" in text
    assert "a: 1,000 calls by us in 24 hours; by all: 2,000 of 100,000" in text
    assert "b: 0 calls by us in 24 hours; by all: not told yet" in text


def test_what_people_write_is_shown_as_it_is() -> None:
    difference = {
        "source_id": "1", "target_id": "17", "operation": "merge", "field": "title", "old": "[/b]", "new": "[red] :x:",
        "rule": "one side",
    }  # fmt: skip
    text = report.plans([{**RUN, "differences": [difference]}])
    assert "[/b]" in text
    assert "[red] :x:" in text
