"""A server that answers as a test says, for what no real daemon does on demand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar
import asyncio
import inspect
import json
import queue
import socket
import threading
import unittest

from sigil_client import AsyncClient, Client, SigilError

PATIENCE = 30.0
"""How many seconds something that must happen may take. Nothing takes so long unless it is broken."""


@dataclass
class Received:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What is done with one request: send is sent; then the connection is closed, or held until the client closes it."""

    send: bytes = b""
    close: bool = False
    hold: bool = False


def ok(value: Any, status: str = "200 OK", headers: str = "") -> Answer:
    """Returns an answer of JSON."""
    body = json.dumps(value).encode()
    return Answer(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def problem(status: int, code: str, headers: str = "") -> Answer:
    """Returns a problem."""
    answer = ok({"type": "about:blank", "title": "", "status": status, "code": code}, f"{status} X", headers)
    answer.send = answer.send.replace(b"application/json", b"application/problem+json; charset=utf-8", 1)
    return answer


def stream(*blocks: str, close: bool = True) -> Answer:
    """Returns a stream of server-sent events, in one chunk each."""
    sent = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    for block in blocks:
        sent += f"{len(block):x}\r\n{block}\r\n".encode()
    return Answer(sent, close=close, hold=not close)


AnyServer = TypeVar("AnyServer", bound="Server")


class Server:
    """Gives each request the next answer, whichever connection it comes over."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._left: queue.Queue[None] = queue.Queue()  # has an item for each held connection that the client has closed
        self._come: queue.Queue[None] = queue.Queue()
        self._answers = list(answers)
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()

    async def __aenter__(self: AnyServer) -> AnyServer:
        self._start(self._accept)
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if kind is None:
            await asyncio.to_thread(self._join)

    async def has_come(self, count: int = 1) -> None:
        """Waits until so many requests, or messages, have come."""
        for _ in range(count):
            await asyncio.to_thread(self._come.get, timeout=PATIENCE)

    async def has_left(self) -> None:
        """Waits until the client has closed a connection that was held."""
        await asyncio.to_thread(self._left.get, timeout=PATIENCE)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a connection was not closed by the client"

    def _start(self, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            while True:
                try:
                    request = _read(reader)
                except OSError:
                    return
                if request is None:
                    return
                with self._lock:
                    self.requests.append(request)
                    answer = self._answers.pop(0) if self._answers else problem(500, "internal")
                self._come.put(None)
                connection.sendall(answer.send)
                if answer.hold:
                    try:
                        while reader.read(1):
                            pass
                    except OSError:
                        pass
                    self._left.put(None)
                if answer.close or answer.hold:
                    return


def _read(reader: Any) -> Received | None:
    line = reader.readline().decode().strip()
    if not line:
        return None
    headers = {}
    while text := reader.readline().decode().strip():
        name, _, value = text.partition(": ")
        headers[name.lower()] = value
    return Received(line, headers, reader.read(int(headers.get("content-length", "0"))))


async def value(returned: Any) -> Any:
    """Returns what a method of either client returns."""
    return await returned if inspect.isawaitable(returned) else returned


async def take(returned: Any, count: int | None = None) -> list[Any]:
    """Returns what a loop over either client yields, up to count entries, and leaves it."""
    entries: list[Any] = []
    if isinstance(returned, Iterator):
        for entry in returned:
            entries.append(entry)
            if len(entries) == count:
                break
        returned.close()  # type: ignore[attr-defined]
        return entries
    async with aclosing(returned):
        async for entry in returned:
            entries.append(entry)
            if len(entries) == count:
                break
    return entries


class BothClients(unittest.IsolatedAsyncioTestCase):
    """Tests of both clients, with the same words: a subclass says which. Pauses are noted and not waited for."""

    make: type[Client] | type[AsyncClient]

    def setUp(self) -> None:
        self.pauses: list[float] = []

    def client(self, url: str, **options: Any) -> Any:
        client = self.make(url, **options)

        async def sleep(seconds: float) -> None:
            self.pauses.append(seconds)
            await asyncio.sleep(0)

        client.sleep = self.pauses.append if isinstance(client, Client) else sleep
        return client

    async def fails(self, kind: type[SigilError], returned: Any) -> Any:
        """Waits for an error of just that class, and returns it. returned may be a function to call."""
        with self.assertRaises(SigilError) as caught:
            await value(returned() if callable(returned) else returned)
        self.assertIs(type(caught.exception), kind, str(caught.exception))
        return caught.exception
