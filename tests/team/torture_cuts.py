"""What a team's lines go through: a proxy that cuts them around COMMIT, backends that end, a server that stops."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Self

import psycopg
from team.server import Server

COMMIT = b"COMMIT\0"
BEFORE, AFTER = "before COMMIT", "after COMMIT"


class Proxy:
    """Passes on what both sides say; a part of the COMMITs, `chance`, never arrives, or is never answered."""

    def __init__(self, port: int, seed: int = 7) -> None:
        self.server_port, self.chance = port, 0.0
        self.dice = random.Random(seed)  # noqa: S311
        self.cuts: Counter[str] = Counter()
        self.asked = 0  # how often a client has said something

    def __enter__(self) -> Self:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._welcome, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def _welcome(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                _Line(self, client).begin()


class _Line:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self.proxy, self.client, self.mute = proxy, client, False

    def begin(self) -> None:
        try:
            self.server = socket.create_connection(("127.0.0.1", self.proxy.server_port))
        except OSError:
            self.client.close()
            return
        for side in (self.client, self.server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._pass, args=(self.client, self.server, self._asked), daemon=True).start()
        threading.Thread(target=self._pass, args=(self.server, self.client, self._answered), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, goes_on: Callable[[bytes], bool]) -> None:
        with suppress(OSError):
            while (data := source.recv(1 << 16)) and goes_on(data):
                target.sendall(data)
        for side in (source, target):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()

    def _asked(self, data: bytes) -> bool:
        proxy = self.proxy
        proxy.asked += 1
        if COMMIT not in data or proxy.dice.random() >= proxy.chance:
            return True
        kind = proxy.dice.choice((BEFORE, AFTER))
        proxy.cuts[kind] += 1
        self.mute = kind == AFTER
        return self.mute

    def _answered(self, _data: bytes) -> bool:
        return not self.mute


Fault = Callable[[], None]


@contextmanager
def by_and_by(fault: Fault, least: float, most: float) -> Iterator[None]:
    """Again and again, until the block ends."""
    over, dice = threading.Event(), random.Random(most)  # noqa: S311

    def work() -> None:
        while not over.wait(dice.uniform(least, most)):
            fault()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Cuts:
    """Everything that can happen to the team's server and to the lines to it; `count` says how often it did."""

    def __init__(self, server: Server, database: str, proxy: Proxy) -> None:
        self.server, self.database, self.proxy = server, database, proxy
        self.count: Counter[str] = Counter()

    @contextmanager
    def during(self, *kinds: str) -> Iterator[None]:
        """These happen while the block works: `lines`, `backends`, `server`."""
        with ExitStack() as stack:
            if "backends" in kinds:
                stack.enter_context(by_and_by(self.end_a_backend, 0.02, 0.2))
            if "server" in kinds:
                stack.enter_context(by_and_by(self.restart, 0.7, 2.5))
            if "lines" in kinds:
                self.proxy.chance = 0.15
                stack.callback(setattr, self.proxy, "chance", 0.0)
            yield

    def end_a_backend(self) -> None:
        query = (
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE datname = %s"
            " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) a"
        )
        with suppress(psycopg.Error):  # the server may be down
            self.count["backends ended"] += self.server.ask("postgres", query, self.database)[0][0]

    def restart(self) -> None:
        self.server.stop()
        self.server.start()
        self.count["servers stopped at once and started"] += 1
