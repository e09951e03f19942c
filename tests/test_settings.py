"""Settings as an operator writes them: environment variables."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from modstamp.settings import Settings


@pytest.mark.parametrize("text", ["90", " 90 ", "90.0", "PT1M30S", "00:01:30"])
def test_a_duration_is_seconds_or_iso_8601(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODSTAMP_CALL_TIMEOUT", text)
    assert Settings().call_timeout == timedelta(seconds=90)


def test_what_is_no_duration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODSTAMP_CALL_TIMEOUT", "soon")
    with pytest.raises(ValidationError, match="call_timeout"):
        Settings()
