from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sandbox.org import edit, people
from sandbox.org.__main__ import main as generate
from sandbox.org.manifest import read_manifest
from sandbox.org.places import ENGAGEMENT_FILE


@pytest.fixture
def state(sqlite: Engine, tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    generate(["--size=400", "--meetings=4", f"--state={folder}", f"--engagement={sqlite.url}"])
    return folder


def test_generating_tells_what_is_there_now(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    said = capsys.readouterr().out
    assert "      400  Salesforce Lead\n" in said
    assert "       16  engagement mails\n" in said
    generate(["--size=400", f"--state={state}"])
    assert capsys.readouterr().out == "nothing to do: both sides have rows already\n"


def test_the_address_of_the_database_is_remembered_and_kept_from_others(state: Path, sqlite: Engine) -> None:
    remembered = state / ENGAGEMENT_FILE
    assert remembered.stat().st_mode & 0o777 == 0o600
    with sqlite.connect() as connection:
        mail = connection.execute(text("SELECT email FROM prospects WHERE email IS NOT NULL")).scalars().first()
    edit.main(["prospect", str(mail), "phone=+49 30 23125 001", f"--state={state}"])
    with sqlite.connect() as connection:
        sql = text("SELECT phone FROM prospects WHERE email = :mail")
        assert connection.execute(sql, {"mail": mail}).scalar_one() == "+49 30 23125 001"


def test_people_leave_a_manifest(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--edits=4", "--creates=3", "--both=1", "--merged=1", "--refused=1"]
    people.main([*wanted, f"--state={state}"])
    assert len(read_manifest(state / "people.json")) == 4 + 4 + 3 + 3 + 2 + 2 + 1
    assert "     4  edit external\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["lead", "nobody", "Phone=1"], "0 records go by nobody"),
        (["prospect", "nobody", "phone=1"], "0 records go by nobody"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(state: Path, words: list[str], reason: str) -> None:
    with pytest.raises(SystemExit, match=reason):
        edit.main([*words, f"--state={state}"])


def test_without_a_database_a_prospect_cannot_be_edited(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--engagement URL"):
        edit.main(["prospect", "somebody", "phone=1", f"--state={tmp_path}"])
