"""``python -m modstamp``."""

from __future__ import annotations

from modstamp.cli import main

main()
