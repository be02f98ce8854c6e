"""A transaction pooler: what a client says between BEGIN and COMMIT goes to one session, and the next to another."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from typing import Self

_ENCRYPTION = (80877103, 80877104)  # asked for before anything else: there is none
_READY, _IDLE, _END = b"Z", b"I", b"X"


class _Talk:
    """One side of a line, message by message."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line

    def read(self, kind: bool = True) -> tuple[bytes, bytes]:
        """A message's kind, and the whole of it."""
        head = self._exactly(5 if kind else 4)
        (length,) = struct.unpack("!I", head[-4:])
        return head[:1], head + self._exactly(length - 4)

    def _exactly(self, number: int) -> bytes:
        data = b""
        while len(data) < number:
            more = self.line.recv(number - len(data))
            if not more:
                raise ConnectionResetError
            data += more
        return data


class Pooler:
    """Stands before a server on `port`; a client's transactions go to its `sessions` in turn."""

    def __init__(self, server: int, sessions: int = 2) -> None:
        self.server, self.number = server, sessions
        self.pools: dict[bytes, deque[_Talk]] = {}
        self.greetings: dict[bytes, bytes] = {}
        self.free = threading.Condition()
        self.transactions = 0

    def __enter__(self) -> Self:
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.door.getsockname()[1]
        threading.Thread(target=self._welcome, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.door.close()
        for pool in self.pools.values():
            for session in pool:
                session.line.close()

    def _welcome(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.door.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(_Talk(client),), daemon=True).start()

    def _serve(self, client: _Talk) -> None:
        with suppress(OSError), client.line:
            _, hello = client.read(kind=False)
            while struct.unpack("!I", hello[4:8])[0] in _ENCRYPTION:
                client.line.sendall(b"N")
                _, hello = client.read(kind=False)
            with self.free:
                if hello not in self.pools:
                    self.pools[hello] = deque(self._session(hello) for _ in range(self.number))
            client.line.sendall(self.greetings[hello])
            while True:
                self._transaction(client, self.pools[hello])

    def _session(self, hello: bytes) -> _Talk:
        session = _Talk(socket.create_connection(("127.0.0.1", self.server)))
        session.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session.line.sendall(hello)
        kind, greeting = session.read()
        while kind != _READY:
            kind, more = session.read()
            greeting += more
        self.greetings[hello] = greeting
        return session

    def _transaction(self, client: _Talk, pool: deque[_Talk]) -> None:
        kind, said = client.read()
        if kind == _END:
            raise ConnectionResetError
        with self.free:
            self.free.wait_for(lambda: pool)
            session = pool.popleft()
        self.transactions += 1
        session.line.sendall(said)
        idle = False
        while not idle:
            for line in select.select([client.line, session.line], [], [])[0]:
                source, target = (client, session) if line is client.line else (session, client)
                kind, said = source.read()
                target.line.sendall(said)
                idle = idle or (kind == _READY and source is session and said[-1:] == _IDLE)
        with self.free:
            pool.append(session)
            self.free.notify()
