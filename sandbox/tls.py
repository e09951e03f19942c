"""A certificate authority of our own, made once and kept in the state folder, and the certificate that it signs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SIGNING_CERTIFICATE: Final = "jwt.crt"
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


def signing_key(state: Path) -> Path:
    """Return the private key of the connected app, making it and its certificate when they are not there."""
    key_file, certificate_file = state / "jwt.key", state / SIGNING_CERTIFICATE
    if not (key_file.exists() and certificate_file.exists()):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        plain = serialization.NoEncryption()
        pem, layout = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key_file.touch(mode=0o600)
        key_file.write_bytes(key.private_bytes(pem, layout, plain))
        certificate_file.write_bytes(_certificate(key).public_bytes(pem))
    return key_file


def _certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Modstamp connected app")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3650))
    return builder.sign(key, hashes.SHA256())
