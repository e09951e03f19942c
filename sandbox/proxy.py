"""A proxy that ends every tunnel at one address, for clients whose login host is written into their code."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Final

CHUNK: Final = 65_536
HOST: Final = "127.0.0.1"


class Proxy(ThreadingTCPServer):
    """Notes in `asked` which hosts the client meant."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__((HOST, 0), Tunnel)
        self.target = target
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"


class Tunnel(StreamRequestHandler):
    """One CONNECT and everything after it."""

    server: Proxy

    def handle(self) -> None:
        method, host, _ = self.rfile.readline().decode("ascii").split()
        while self.rfile.readline().strip():
            pass
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            return
        self.server.asked.append(host)
        with socket.create_connection(self.server.target) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with suppress(ConnectionResetError):  # a client may leave without a word
                _carry(self.connection, upstream)


def _carry(client: socket.socket, upstream: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(client, selectors.EVENT_READ, upstream)
        waiting.register(upstream, selectors.EVENT_READ, client)
        while True:
            for key, _ in waiting.select():
                data = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                if not data:
                    return
                key.data.sendall(data)


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """Run a proxy whose tunnels all end at this address."""
    with Proxy((host, port)) as server:
        threading.Thread(target=server.serve_forever, name="proxy", daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
