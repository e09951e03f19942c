"""One short seed of the chaos, with every part: it comes to rest, and its summary is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.chaos import summary


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_short_seed(tmp_path: Path) -> None:
    words = ["--seeds", "1", "--kills", "6", "--seconds", "8", "--state", str(tmp_path)]
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "bench.chaos", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (result,) = summary.load(tmp_path)
    assert sum(result["kills"].values()) > 0
    assert result["compared"] > 0


def test_what_breaks_the_promise_is_counted(tmp_path: Path) -> None:
    lost = {"seed": 1, "findings": [{"kind": "lost"}, {"kind": "held"}], "restless": 1}
    (tmp_path / "seed-0001.json").write_text(json.dumps(lost), encoding="utf-8")
    assert summary.violations(summary.load(tmp_path)) == 2
