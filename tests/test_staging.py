from __future__ import annotations

import os
import resource
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from modstamp.errors import ConfigurationError, FatalError
from modstamp.frames import object_frame
from modstamp.staging import ParquetStaging

FRAME = object_frame(
    {
        "text": ["a", None, "ü\n"],
        "flag": [True, None, False],
        "number": [1, None, -3],
        "fraction": [0.5, None, 2.0],
        "several": [1, "1", True],
        "nested": [{"a": [1, None]}, None, []],
        "nothing": [None, None, None],
    }
)


@pytest.fixture
def staging(tmp_path: Path) -> ParquetStaging:
    return ParquetStaging(f"file://{tmp_path}/staging")


def values(frame: pd.DataFrame) -> dict[str, list[object]]:
    return {str(name): [(type(value), value) for value in frame[name]] for name in frame}


def test_what_was_written_comes_back_value_by_value(staging: ParquetStaging) -> None:
    reference = staging.write("manual__2026-01-01T00:00:00+00:00/lead", 1, "0-extracted", FRAME)
    assert values(staging.read(reference)) == values(FRAME)
    assert staging.read(reference).dtypes.unique().tolist() == [object]


def test_a_frame_without_rows_keeps_its_columns(staging: ParquetStaging) -> None:
    found = staging.read(staging.write("run", 1, "0", FRAME.iloc[:0]))
    assert (list(found.columns), len(found)) == (list(FRAME.columns), 0)


def test_a_run_is_removed_whole_and_alone(staging: ParquetStaging) -> None:
    first, second = (staging.write(run, 1, "0", FRAME) for run in ("one", "two"))
    staging.remove("one")
    staging.remove("one")  # another process was quicker
    assert [Path(path).exists() for path in (first, second)] == [False, True]


@pytest.mark.guarantee("G22")
def test_two_tries_of_a_step_write_beside_each_other_and_remove_their_own(staging: ParquetStaging) -> None:
    old, again, new = (Path(staging.write("run", token, "0", FRAME)) for token in (1, 1, 12))
    staging.remove("run", 1)
    assert [path.exists() for path in (old, again, new)] == [False, False, True]
    staging.remove("run")
    assert not new.parent.exists()


def test_what_never_landed_goes_after_a_while(staging: ParquetStaging) -> None:
    old, new = (Path(staging.write(run, 1, "0", FRAME)) for run in ("old", "new"))
    os.utime(old.parent, (0, time.time() - 3_700))
    assert staging.remove_older_than(timedelta(hours=1)) == 1
    assert [path.exists() for path in (old, new)] == [False, True]


def test_nothing_is_there_to_be_removed_before_the_first_run(staging: ParquetStaging) -> None:
    assert staging.remove_older_than(timedelta(0)) == 0


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"no parquet")])
def test_a_part_that_cannot_be_read_says_what_to_do(staging: ParquetStaging, spoil: object) -> None:
    reference = staging.write("run", 1, "0", FRAME)
    assert callable(spoil)
    spoil(Path(reference))
    with pytest.raises(FatalError, match=r"run/1-0-\w+.parquet cannot be read .* Fix: run again"):
        staging.read(reference)


def test_a_full_disk_is_told_and_no_half_part_stays(tmp_path: Path, staging: ParquetStaging) -> None:
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, usual[1]))
    try:
        with pytest.raises(FatalError, match=r"staging/run is full \(.*File too large.*\). Fix: free some room"):
            staging.write("run", 1, "0", FRAME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert list((tmp_path / "staging" / "run").iterdir()) == []


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for use in (
        lambda: ParquetStaging(str(tmp_path / "file")).write("run", 1, "0", FRAME),
        lambda: ParquetStaging(str(tmp_path / "file")).remove("run"),
        lambda: ParquetStaging(str(tmp_path / "file")).remove_older_than(timedelta(0)),
    ):
        with pytest.raises(FatalError, match=r"file.* cannot be used .* Fix: check its rights"):
            use()


def test_a_store_that_nothing_can_open_is_told_before_the_run() -> None:
    with pytest.raises(ConfigurationError, match=r"MODSTAMP_STAGING_URL.*Fix: name a folder"):
        ParquetStaging("magic://bucket/folder")
