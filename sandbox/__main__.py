"""`python -m sandbox serve --state DIR` runs the local Salesforce; `python -m sandbox ca --state DIR` names its CA."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections.abc import Sequence
from pathlib import Path

from sandbox.salesforce.org import CREDENTIALS_FILE, Options, open_org
from sandbox.salesforce.server import HOST, Servers
from sandbox.tls import certificates, signing_key


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve until interrupted")
    serve.add_argument("--state", type=Path, required=True, help="folder of data, certificates and credentials")
    serve.add_argument("--port", type=int, default=8443, help="HTTPS port on 127.0.0.1 (0: any)")
    serve.add_argument("--http-port", type=int, default=8080, help="HTTP port on 127.0.0.1 (0: any)")
    serve.add_argument("--custom", type=Path, action="append", default=[], help="file of custom fields")
    serve.add_argument("--feature", action="append", default=[], help="something of features.yaml to switch on")
    serve.add_argument("--rules", type=Path, help="file of validation and duplicate rules")
    serve.add_argument("--daily-limit", type=int, default=100_000, help="API calls a day")
    serve.add_argument("--no-passwords", action="store_true", help="refuse password grant and SOAP login")
    authority = commands.add_parser("ca", help="print the path of the CA certificate, made if need be")
    authority.add_argument("--state", type=Path, required=True)
    key = commands.add_parser("jwt-key", help="print the path of the connected app's private key, made if need be")
    key.add_argument("--state", type=Path, required=True)
    connection = commands.add_parser("connection", help="print what AIRFLOW_CONN_SALESFORCE is to be")
    connection.add_argument("--state", type=Path, required=True)
    connection.add_argument("--port", type=int, default=8443)
    chosen = parser.parse_args(arguments)
    if chosen.command == "connection":
        print(connection_to(chosen.state, chosen.port))
    elif chosen.command == "ca":
        print(certificates(chosen.state).authority)
    elif chosen.command == "jwt-key":
        print(signing_key(chosen.state))
    else:
        _serve(chosen)


def _serve(chosen: argparse.Namespace) -> None:
    options = Options(
        daily_limit=chosen.daily_limit,
        passwords=not chosen.no_passwords,
        custom_fields=tuple(chosen.custom),
        features=tuple(chosen.feature),
        rules=chosen.rules,
    )
    org = open_org(chosen.state, options)
    servers = Servers(org, port=chosen.port, http_port=chosen.http_port)
    print(f"Salesforce: {servers.https_url} (http: {servers.http_url})")
    print(f"CA: {servers.certificates.authority}")
    print(f"Client id and secret: {chosen.state / CREDENTIALS_FILE}", flush=True)
    asyncio.run(_until_interrupted(servers))
    org.close()


def connection_to(state: Path, port: int) -> str:
    """The Airflow connection to a local Salesforce, as JSON."""
    credentials = json.loads((state / CREDENTIALS_FILE).read_text(encoding="utf-8"))
    return json.dumps(
        {
            "conn_type": "salesforce",
            "host": f"https://{HOST}",
            "port": port,
            "login": credentials["client_id"],
            "password": credentials["client_secret"],
            "extra": {"grant": "client_credentials", "ca_bundle": str(state / "ca.pem")},
        }
    )


async def _until_interrupted(servers: Servers) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, servers.stop)
    await servers.run()


if __name__ == "__main__":
    main()
