"""Access tokens, refresh tokens and authorisation codes, kept in memory: a restart ends every session."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sandbox.salesforce.clock import Clock

LIFE = 2 * 60 * 60.0


@dataclass(slots=True)
class Sessions:
    """Maps tokens to user ids; a session lives two hours from its last use."""

    clock: Clock
    access: dict[str, tuple[str, float]] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def begin(self, org_id: str, user_id: str) -> str:
        token = f"{org_id[:15]}!{secrets.token_urlsafe(64)}"
        self.access[token] = (user_id, self.clock.seconds() + LIFE)
        return token

    def user_of(self, token: str) -> str | None:
        """Return the user's id, or None for a session that is unknown or over."""
        user_id, until = self.access.get(token, ("", 0.0))
        if until < self.clock.seconds():
            return None
        self.access[token] = (user_id, self.clock.seconds() + LIFE)
        return user_id

    def end(self, token: str) -> None:
        self.access.pop(token, None)

    def grant_refresh(self, user_id: str) -> str:
        token = "5Aep861" + secrets.token_urlsafe(48)
        self.refresh[token] = user_id
        return token

    def grant_code(self, user_id: str) -> str:
        code = "aPrx" + secrets.token_urlsafe(48)
        self.codes[code] = user_id
        return code
