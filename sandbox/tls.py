"""A certificate authority of our own, made once and kept in the state folder, and the certificate that it signs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

NAMES: Final = (
    "localhost",
    "127.0.0.1",
    "::1",
    "login.salesforce.com",
    "test.salesforce.com",
    "*.salesforce.com",
    "*.my.salesforce.com",
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the PEM files are: the authority's certificate to be trusted, and the server's key with its chain."""

    authority: Path
    server: Path

    def context(self) -> ssl.SSLContext:
        """A context that serves with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        return context


def certificates(state: Path) -> Certificates:
    """Return the certificates of a state folder, making them when they are not there."""
    state.mkdir(parents=True, exist_ok=True)
    found = Certificates(authority=state / "ca.pem", server=state / "server.pem")
    if not (found.authority.exists() and found.server.exists()):
        authority = trustme.CA()
        found.server.touch(mode=0o600)
        authority.issue_cert(*NAMES).private_key_and_cert_chain_pem.write_to_path(found.server)
        authority.cert_pem.write_to_path(found.authority)
    return found
