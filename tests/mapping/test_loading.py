from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping.catalog import Mappings
from modstamp.mapping.loading import load

Problems = Callable[[dict[str, str]], list[Problem]]
Write = Callable[[dict[str, str]], Path]


def test_a_minimal_file_needs_few_words(write: Write, minimal: str) -> None:
    (mapping,) = load(write({"salesforce/lead.yaml": minimal}))
    assert mapping.name == "salesforce_lead"
    assert (mapping.polling.every, mapping.pushing.every) == (timedelta(minutes=10), timedelta(minutes=5))
    assert mapping.inbound.create.on
    assert not mapping.outbound.update.on
    assert mapping.fields[0].direction == "both"


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [
        ("pooling: {on: true}", "unknown key 'pooling'", "did you mean 'polling'?"),
        ("polling: {evry: 10 minutes}", "unknown key 'evry'", "did you mean 'every'?"),
        ("outbound: {create: {wehn: x}}", "unknown key 'wehn'", "did you mean 'when'?"),
        (
            "conflict: oldest",
            "conflict: 'oldest' is unknown",
            "use one of: ask, crm, crm_unless_blank, engagement, engagement_unless_blank, newest.",
        ),
        ("conflict: Newest", "conflict: 'Newest' is unknown", "did you mean 'newest'?"),
        (
            "polling: {every: often}",
            "polling.every: 'often' is not a duration",
            "write a duration such as '10 minutes'",
        ),
        ("polling: {every: 90 seconds}", "polling runs every whole minute", "write '10 minutes'"),
        ("polling: {on: maybe}", "polling.on: 'maybe' is not true or false", "write true or false"),
        ("match: [email]", "the key 'match' stands here a second time", "keep one"),
        ("outbound: {update: {when: {field: email}}}", "the key 'operator' is missing", "add 'operator:'"),
        ("outbound: {update: {when: {all: []}}}", "outbound.update.when.all is empty", "at least one"),
        ("polling: {start_from: last year}", "'last year' is not a date", "write a date (YYYY-MM-DD)"),
        ("pushing: 5", "pushing: 5 is not keys and values", "write keys and values"),
        (
            "outbound: {update: {when: {field: email, operator: is}}}",
            "outbound.update.when: 'is' needs a value",
            "write the value",
        ),
        (
            "outbound: {update: {when: {any: [{field: email, operator: contians, value: x}]}}}",
            "'contians' is unknown",
            "did you mean 'contains'?",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_its_fix(
    problems: Problems, minimal: str, line: str, what: str, fix: str
) -> None:
    (problem,) = problems({"lead.yaml": minimal + f"    {line}\n"})
    assert problem.where == "lead.yaml:9"
    assert what in problem.what
    assert fix in problem.fix


def test_all_problems_of_all_files_come_at_once(problems: Problems, minimal: str) -> None:
    found = problems(
        {
            "a.yaml": minimal.replace("connection:", "conection:").replace("internal: email", "internal: null"),
            "b.yaml": "a: [",
            "c.yaml": "",
            "d.yaml": "- a list",
            "e.yaml": minimal.replace("[email]", "[mail]"),
            "values/x.csv": "wrong",
        }
    )
    assert [(problem.where, problem.what) for problem in found] == [
        ("values/x.csv:1", "the header is not 'internal,external'"),
        ("a.yaml:2", "the key 'connection' is missing"),
        ("a.yaml:4", "unknown key 'conection'"),
        ("a.yaml:8", "fields.0.internal: None is not a text"),
        ("b.yaml:2", "is not YAML: did not find expected node content"),
        ("c.yaml:1", "the file is empty"),
        ("d.yaml:1", "the file: ['a list'] is not keys and values"),
        ("e.yaml:6", "match field 'mail' is not the internal field of any field mapping"),
    ]
    assert all(problem.fix for problem in found)


def test_a_folder_without_mappings_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MODSTAMP_MAPPINGS"):
        load(tmp_path / "nowhere")


def test_a_file_in_another_encoding_is_one_problem(tmp_path: Path, minimal: str) -> None:
    (tmp_path / "lead.yaml").write_text(minimal + "# Grüße", encoding="latin-1")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(tmp_path)


def test_parents_come_before_their_children(write: Write, minimal: str) -> None:
    def child(external: str, internal: str, parent: str) -> str:
        head = minimal.replace("salesforce.Lead", f"salesforce.{external}").replace("prospect", internal)
        return head + f"      - {{internal: parent_id, external: ParentId, reference: {parent}}}\n"

    files = {"a.yaml": child("Alpha", "alpha", "beta"), "b.yaml": child("Beta", "beta", "beta"), "c.yaml": minimal}
    mappings = load(write(files))
    assert [mapping.name for mapping in mappings] == ["salesforce_beta", "salesforce_alpha", "salesforce_lead"]
    assert [parent.name for parent in mappings.parents(mappings["salesforce_beta"])] == ["salesforce_beta"]
    ring = load(write({"b.yaml": child("Beta", "beta", "alpha")}))
    assert [mapping.name for mapping in ring] == ["salesforce_beta", "salesforce_alpha", "salesforce_lead"]


def test_an_unknown_name_is_met_with_the_closest(defaults: Mappings) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'salesforce_lead'"):
        defaults["salesforce_leads"]


def test_value_tables_stand_in_a_file_or_in_the_field(write: Write, minimal: str) -> None:
    inline = "      - {internal: source, external: LeadSource, values: [{internal: Web, external: WWW}]}\n"
    named = "      - {internal: stage, external: Status, values: status}\n"
    mappings = load(
        write({"lead.yaml": minimal + inline + named, "values/status.csv": "internal,external\nNew,Open\n"})
    )
    tables = mappings.tables(mappings["salesforce_lead"])
    assert {name: table.pairs for name, table in tables.items()} == {
        "source": (("Web", "WWW"),),
        "stage": (("New", "Open"),),
    }


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        (("values/status.csv", "Open", "Closed"), True),
        (("values/other.csv", "a,b", "a,c"), False),
        (("lead.yaml", "match: [email]", "match: [stage]"), True),
        (("lead.yaml", "# a comment", "# another"), False),
    ],
)
def test_what_waits_is_tried_again_when_its_mapping_or_a_table_changes(
    write: Write, minimal: str, edit: tuple[str, str, str], *, changes: bool
) -> None:
    files = {
        "lead.yaml": minimal + "      - {internal: stage, external: Status, values: status}  # a comment\n",
        "values/status.csv": "internal,external\nNew,Open\n",
        "values/other.csv": "internal,external\na,b\n",
    }
    name, old, new = edit
    before = load(write(files)).files[0].fingerprint
    after = load(write({**files, name: files[name].replace(old, new)})).files[0].fingerprint
    assert (before != after) is changes


def test_airflow_can_parse_it_without_pandas_and_great_expectations() -> None:
    code = (
        "import sys; from pathlib import Path; from modstamp.mapping.loading import load; "
        "load(Path('include/mappings')); "
        "print({'pandas', 'numpy', 'great_expectations', 'sqlalchemy'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=root,
        env={"PYTHONPATH": "plugins"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
