"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.fixtures.database", "tests.fixtures.templates"]

settings.register_profile("suite", deadline=None)  # a busy machine is slow at times, and pytest watches the clock too
settings.load_profile("suite")
