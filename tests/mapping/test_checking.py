from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from modstamp.errors import Problem
from modstamp.mapping.advice import advise
from modstamp.mapping.catalog import Mappings
from modstamp.mapping.loading import load
from modstamp.mapping.traits import notes
from modstamp.model import TypeDescription

Problems = Callable[[dict[str, str]], list[Problem]]
Write = Callable[[dict[str, str]], Path]


def with_fields(text: str, *rows: str) -> str:
    return text.rstrip() + "".join(f"\n      - {{{row}}}" for row in rows) + "\n"


@pytest.mark.requirement("STG-024")
@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (("stage_id, external: Status", "stage_id, external: Rating"), "internal field 'stage_id' is mapped twice"),
        (("stage_id, external: Status", "stage_name, external: Status"), "external field 'Status' is mapped twice"),
        (("a, external: A, direction: in", "a, external: A, direction: out"), "internal field 'a' is mapped twice"),
        (("a, external: A, direction: out", "b, external: A, direction: in"), "external field 'A' is mapped twice"),
        (("a, external: A, direction: in", "b, external: A, direction: in"), "external field 'A' is mapped twice"),
    ],
)
def test_a_field_is_mapped_once(problems: Problems, minimal: str, rows: tuple[str, str], what: str) -> None:
    """Its base is one: what one row has done would count as done for the other, too."""
    found = problems({"lead.yaml": with_fields(minimal, *(f"internal: {row}" for row in rows))})
    assert found
    assert {problem.where for problem in found} == {"lead.yaml:10"}
    assert any(problem.what.startswith(what) for problem in found)


def test_a_field_reaches_a_second_place_by_a_computed_value(problems: Problems, minimal: str) -> None:
    rows = ["internal: a, external: A", "internal: b, external: A, direction: in"]
    (found,) = problems({"lead.yaml": with_fields(minimal, *rows)})
    assert found.fix == "keep one of the two, or write '=A' here: a computed value is its own"
    assert problems({"lead.yaml": with_fields(minimal, rows[0], "internal: b, external: '=A', direction: in")}) == []


def test_two_searches_for_one_field_are_not_told_apart(problems: Problems, minimal: str) -> None:
    row = "internal: {}, external: User.Name, direction: in, lookup: {{match: {{Id: {}}}}}"
    rows = [row.format("owner_name", "OwnerId"), row.format("maker_name", "CreatedById")]
    (found,) = problems({"lead.yaml": with_fields(minimal, *rows)})
    assert found.what == "external field 'User.Name' is mapped twice (first to 'owner_name')"
    assert found.fix == "keep one of the two"


@pytest.mark.parametrize(
    ("row", "what", "fix"),
    [
        (
            "internal: owner_id, external: OwnerId, reference: users",
            "no mapping on connection 'salesforce' links the type 'users'",
            "use one of: prospect. Or add that mapping, or look the value up with 'by:'",
        ),
        ("internal: a, external: A, values: staus", "there is no value table 'staus'", "did you mean 'status'?"),
        (
            "internal: a, external: A, values: [{internal: x, external: y}, {internal: x, external: z}]",
            "value table 'a' already maps the internal value 'x'",
            "pairs are one to one",
        ),
    ],
)
def test_what_a_field_names_must_be_there(problems: Problems, minimal: str, row: str, what: str, fix: str) -> None:
    files = {"lead.yaml": with_fields(minimal, row), "values/status.csv": "internal,external\n"}
    (problem,) = problems(files)
    assert problem.where == "lead.yaml:9"
    assert what in problem.what
    assert fix in problem.fix


def test_a_reference_by_name_needs_no_mapping(problems: Problems, minimal: str) -> None:
    row = "internal: stage_id, external: Status, reference: {type: stage, by: name}"
    assert problems({"lead.yaml": with_fields(minimal, row)}) == []


def test_a_condition_that_names_the_other_side_is_told_the_right_name(problems: Problems, minimal: str) -> None:
    when = "inbound: {create: {when: {field: email, operator: is not empty}}}"
    (problem,) = problems({"lead.yaml": minimal.replace("inbound: {create: true}", when)})
    assert problem == Problem(
        "lead.yaml:5",
        "the condition names 'email', a field of the internal side",
        "inbound conditions look at external fields: write 'Email'",
    )


@pytest.mark.guarantee("G21")
def test_an_own_key_is_no_mapped_field(problems: Problems, minimal: str) -> None:
    (problem,) = problems({"lead.yaml": minimal + "    own_key: Email\n"})
    assert problem.what == "'Email' is the own key, which nothing else may write"


@pytest.mark.guarantee("G20")
def test_one_mapping_of_a_family_creates(problems: Problems, minimal: str) -> None:
    lead = minimal + "    outbound: {create: true}\n"
    (problem,) = problems({"a.yaml": lead, "b.yaml": lead.replace("Lead", "Contact")})
    assert (problem.where, problem.fix) == ("b.yaml:9", "switch it on in one of them")
    assert (
        problems({"b.yaml": lead.replace("Lead", "Contact").replace("connection: salesforce", "connection: emea")})
        == []
    )


def test_one_external_type_of_a_connection_has_one_mapping(problems: Problems, minimal: str) -> None:
    (problem,) = problems({"a.yaml": minimal, "b.yaml": minimal})
    assert problem.where == "b.yaml:3"
    assert "a.yaml maps salesforce.Lead on connection 'salesforce' already" in problem.what


@pytest.mark.parametrize(
    ("expectation", "what"),
    [
        (
            "expect_column_values_to_match_regx: {column: email, regex: x}",
            "knows no 'expect_column_values_to_match_regx'",
        ),
        (
            "expect_table_row_count_to_equal: {value: 1}",
            "judges a whole column, so no record can be told to be at fault",
        ),
        ("expect_column_values_to_not_be_null: {column: mail}", "'mail' is no mapped field"),
        ("expect_column_values_to_not_be_null: {column: Email, mostly: 0.9}", "'mostly' means nothing"),
    ],
)
def test_an_expectation_must_be_able_to_judge_a_record(
    problems: Problems, minimal: str, expectation: str, what: str
) -> None:
    (problem,) = problems({"lead.yaml": minimal + f"    expect:\n      - {expectation}\n"})
    assert problem.where == "lead.yaml:10"
    assert what in problem.what


@pytest.mark.parametrize(
    ("line", "what"),
    [
        pytest.param(
            "outbound: {create: true}",
            "creating salesforce.Account from here is not recommended",
            marks=pytest.mark.requirement("OSF-127"),
        ),
        ("pushing: false\n    outbound: {update: true}", "outbound update is on while pushing is off"),
        ("outbound: {update: {on: false, when: {field: email, operator: is empty}}}", "its condition says nothing"),
    ],
)
def test_what_looks_unintended_is_advice(write: Write, minimal: str, line: str, what: str) -> None:
    account = minimal.replace("prospect", "account").replace("Lead", "Account")
    (advice,) = advise(load(write({"account.yaml": account + f"    {line}\n"})))
    assert what in advice.what


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("external: Email", "external: Email, direction: out", "inbound create is on and no field travels that way"),
        ("match: [email]", "", "no match key is given"),
        (
            "external: Email}",
            dedent("""\
                external: Email, values: [{internal: a, external: b}], direction: in}
                    expect:
                      - expect_column_values_to_be_in_set: {column: Email, value_set: [b]}"""),
            "expect_column_values_to_be_in_set never applies",
        ),
    ],
)
def test_what_can_do_harm_is_advice(write: Write, minimal: str, old: str, new: str, what: str) -> None:
    (advice,) = advise(load(write({"lead.yaml": minimal.replace(old, new)})))
    assert what in advice.what


def test_the_default_mappings_need_no_advice(defaults: Mappings) -> None:
    assert advise(defaults) == []


@pytest.mark.parametrize(
    ("where", "field", "words"),
    [
        ("inbound: {create: {when: %s}}", "Email", "stands in update conditions"),
        ("outbound: {delete: {when: %s}}", "email", "stands in update conditions"),
        ("polling: {when: %s}", "Email", "stands in update conditions"),
        ("outbound: {update: {when: %s}}", "phone", "does not travel when pushing"),
    ],
)
def test_changed_stands_in_update_conditions_of_fields_that_travel(
    problems: Problems, minimal: str, where: str, field: str, words: str
) -> None:
    text = minimal.replace("inbound: {create: true}", where % f"{{field: {field}, operator: changed}}")
    (found,) = problems({"lead.yaml": with_fields(text, "internal: phone, external: Phone, direction: in")})
    assert words in found.what
    assert found.fix


def test_a_name_lets_several_mappings_write_one_type(problems: Problems, minimal: str) -> None:
    other = minimal.replace("internal: prospect", "internal: user").replace("inbound", "name: colleagues\ninbound")
    assert problems({"lead.yaml": minimal, "colleagues.yaml": other.replace("inbound: {create: true}", "")}) == []


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("internal: user\nname: salesforce_lead", "bears the name 'salesforce_lead' already"),
        ("internal: user", "maps salesforce.Lead on connection 'salesforce' already"),
        ("internal: prospect\nname: again", "maps prospect to salesforce.Lead on this connection already"),
    ],
)
def test_two_mappings_are_told_apart(problems: Problems, minimal: str, other: str, words: str) -> None:
    text = dedent(minimal).replace("internal: prospect", other)
    (found,) = problems({"a.yaml": minimal, "b.yaml": text})
    assert words in found.what
    assert found.fix


def test_history_waits_only_where_triggers_tell(problems: Problems, write: Write, minimal: str) -> None:
    lane = "    backfill: {by: met_at}\n"
    (found,) = problems({"lead.yaml": f"{minimal}{lane}    changed_by: updated_at\n"})
    assert "the first look goes through all of it" in found.what
    assert "outbound create is off" in advise(load(write({"lead.yaml": minimal + lane})))[-1].what


MEETING = """
    internal: meeting
    external: salesforce.Event
    connection: salesforce
    polling: false
    outbound: {create: true, update: true}
    match: [title, starts_at]
    fields:
      - {internal: title, external: Subject, direction: out}
      - {internal: starts_at, external: StartDateTime, direction: out}
"""


@pytest.mark.requirement("OMS-013")
@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        ("Subject, direction: out", "Subject", "write 'direction: out'"),
        ("Subject, direction: out", "Subject, direction: in", "write 'direction: out'"),
        ("polling: false", "inbound: {update: true}", "switch it off"),
    ],
)
def test_a_meeting_only_goes_out(problems: Problems, old: str, new: str, fix: str) -> None:
    found = problems({"event.yaml": MEETING.replace(old, new)})
    assert [each.fix for each in found if "is only told to the other system" in each.what] == [fix]


@pytest.mark.requirement("OMS-025")
@pytest.mark.parametrize(
    ("policy", "words"),
    [("flag", "no field mapping sends"), ("flag_and_delete", "no field mapping sends"), ("delete", "delete is off")],
)
def test_what_becomes_of_canceled_meetings_needs_its_field_or_toggle(
    problems: Problems, policy: str, words: str
) -> None:
    found = problems({"event.yaml": f"{MEETING}    on_cancel: {policy}\n"})
    assert any(words in each.what for each in found)
    assert all(each.fix for each in found)


def test_several_keys_are_checked_like_one(problems: Problems) -> None:
    text = MEETING.replace("[title, starts_at]", "[[provider_uid], [title, starts_at]]")
    (found,) = problems({"event.yaml": text})
    assert "match field 'provider_uid' is not the internal field" in found.what


@pytest.mark.requirement("OMS-021")
@pytest.mark.requirement("OMS-027")
def test_meetings_without_conditions_are_advised_against(write: Write) -> None:
    found = [each.what for each in advise(load(write({"event.yaml": MEETING})))]
    assert found == [
        "a meeting that stands in several calendars becomes several records",
        "all meetings go, also those without a prospect",
        "meetings that were canceled before the sync began go too",
    ]


@pytest.mark.requirement("OSF-162")
def test_falling_back_is_advised_against_once_opportunities_come_in(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(Path(__file__).parents[2] / "include" / "mappings", tmp_path / "mappings"))

    def replace(name: str, old: str, new: str) -> list[str]:
        path = folder / "salesforce" / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        return [each.what for each in advise(load(folder))]

    said = "WhatId falls back to account, and salesforce_opportunity brings each opportunity in"
    assert replace("event", "{on: false, internal: account_id", "{internal: account_id") == [said]
    assert said not in replace("opportunity", "polling: {every: 10 minutes}", "polling: false")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("fallback: {internal: account_id, reference: account}", "it stands in for a reference by id"),
        ("reference: account, fallback: {internal: account_id, reference: account}", "a record of the same type"),
        ("reference: opportunity, fallback: {internal: prospect.account_id, reference: account}",
         "needs a field mapping of 'prospect_id'"),
    ],
)  # fmt: skip
def test_a_fallback_that_cannot_work(problems: Problems, row: str, told: str) -> None:
    plain = "{internal: title, external: Subject, direction: out}"
    text = MEETING.replace(plain, f"{{internal: title, external: WhatId, direction: out, {row}}}")
    assert any(told in each.what for each in problems({"event.yaml": text}))


@pytest.mark.requirement("OMS-003")
def test_meetings_that_would_wait_for_people_for_ever_are_advised_against(write: Write) -> None:
    users = (
        "    internal: user\n    external: salesforce.User\n    connection: salesforce\n    {}\n    match: [email]\n"
    )
    users += "    fields:\n      - {{internal: email, external: Email, direction: in}}\n"
    meeting = MEETING.rstrip() + "\n      - {internal: user_id, external: OwnerId, direction: out, reference: user}\n"

    def told(switch: str) -> list[str]:
        return [each.what for each in advise(load(write({"event.yaml": meeting, "user.yaml": users.format(switch)})))]

    waits = "each meeting waits for its user to be linked, and salesforce_user is switched off"
    assert waits in told("polling: false\n    pushing: false")
    assert waits not in told("pushing: false")


@pytest.mark.requirement("OMS-005")
def test_doctor_tells_of_another_sync_of_mails(defaults: Mappings) -> None:
    for name in ("salesforce_task_mails_sent", "salesforce_task_mails_received"):
        told = notes(defaults[name], TypeDescription(name="Task", fields={}))
        assert "Einstein Activity Capture, it writes the same mails: keep one of the two" in told[0]
    calls = notes(defaults["salesforce_task_calls"], TypeDescription(name="Task", fields={}))
    assert not any("Einstein" in each for each in calls)


@pytest.mark.requirement("OMS-004")
@pytest.mark.requirement("OSF-158")
def test_doctor_tells_of_other_syncs_and_of_what_is_left_out(defaults: Mappings) -> None:
    told = notes(defaults["salesforce_event"], TypeDescription(name="Event", fields={}))
    assert "Lightning Sync" in told[0]
    assert "WhatId is left out while WhoId names a Lead" in told[1]
