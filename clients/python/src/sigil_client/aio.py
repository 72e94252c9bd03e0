"""The client for asyncio. It speaks HTTP over asyncio's streams, so that a canceled call closes its connection at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Mapping
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
import asyncio
import ssl

from . import calls, http
from ._timeout import timeout
from .core import MAX_IDLE, READ, Call, Retries, Settings, refused
from .errors import ClosedError, SigilError, UnreachableError
from .follow import SILENCE, Follower, OnDisconnect, OnRecall
from .types import Event, Position

if TYPE_CHECKING:
    from .aio_live import AsyncLive

P = ParamSpec("P")
T = TypeVar("T")
Page = TypeVar("Page", bound=Mapping[str, Any])
Entry = TypeVar("Entry")


def _verb(call: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._do(call(*args, **kwargs))

    return update_wrapper(method, call)


def _steps(steps: Callable[P, Generator[Call[Any], Any, T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        running, answer = steps(*args, **kwargs), None
        while True:
            try:
                call = running.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = await self._do(call)

    return update_wrapper(method, steps)


def _pages(
    call: Callable[P, Call[Page]], entries: Callable[[Page], list[Entry]]
) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[Entry]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Entry]:
        while True:
            page = await self._do(call(*args, **kwargs))
            for entry in entries(page):
                yield entry
            if not page["next"] or page["next"] == kwargs.get("cursor"):  # a cursor that repeats would loop forever
                return
            kwargs["cursor"] = page["next"]

    return update_wrapper(method, call)


class AsyncClient:
    """Is like Client, for asyncio. It belongs to one event loop. A canceled call ends at once, with its connection; whether
    the daemon carried it out is then unknown."""

    def __init__(
        self,
        address: str = "",
        *,
        tenant: str = "",
        timeout: float | None = 30.0,
        retries: int = 3,
        headers: Mapping[str, str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        user_agent: str = "sigil-python",
    ) -> None:
        self.settings = Settings(address, tenant, timeout, retries, headers, user_agent)
        self._ssl = ssl_context
        self.sleep: Callable[[float], Awaitable[object]] = asyncio.sleep  # replaced by tests
        self._idle: list[Connection] = []
        self._closed = False

    encode = _verb(calls.encode)
    encode_batch = _steps(calls.encode_batch)
    peek = _verb(calls.peek)
    recall = _verb(calls.recall)
    recall_many = _steps(calls.recall_many)
    forget = _verb(calls.forget)
    forget_with_undo = _verb(calls.forget_with_undo)
    correct = _verb(calls.correct)
    history = _verb(calls.history)
    history_all = _pages(calls.history, calls.versions_of)
    restore = _verb(calls.restore)
    restore_many = _steps(calls.restore_many)
    restore_span = _steps(calls.restore_span)
    erase = _verb(calls.erase)
    erase_one = _verb(calls.erase_one)
    receipt_key = _verb(calls.receipt_key)
    removed = _verb(calls.removed)
    removed_all = _pages(calls.removed, calls.removed_of)
    pin = _verb(calls.pin)
    unpin = _verb(calls.unpin)
    change = _verb(calls.change)
    related = _verb(calls.related)
    explain = _verb(calls.explain)
    list = _verb(calls.list_memories)
    list_all = _pages(calls.list_memories, calls.memories_of)
    search = _verb(calls.search)
    search_all = _pages(calls.search, calls.hits_of)
    forecast = _verb(calls.forecast)
    policy = _verb(calls.policy)
    set_policy = _verb(calls.set_policy)
    unset_policy = _verb(calls.unset_policy)
    crystals = _verb(calls.crystals)
    crystals_all = _pages(calls.crystals, calls.crystals_of)
    patterns = _verb(calls.patterns)
    stats = _verb(calls.stats)
    identity = _verb(calls.identity)
    events = _verb(calls.events)
    ready = _verb(calls.ready)

    async def follow(
        self, after: Position | None = None, *, on_disconnect: OnDisconnect | None = None, on_recall: OnRecall | None = None
    ) -> AsyncIterator[Event]:
        """Is like Client.follow. A loop that is left early closes its connection when it is collected, or at once inside
        contextlib.aclosing."""
        follower = Follower(after, on_disconnect, on_recall)
        while True:
            try:
                stream = self._stream(follower.request())
                try:
                    async for data in stream:
                        for event in follower.feed(data):
                            yield event
                finally:
                    await stream.aclose()
            except SigilError as e:
                await self.sleep(follower.lost(e))

    def live(self) -> AsyncLive:
        """Returns a live connection, which is not open yet. The caller closes it."""
        from .aio_live import AsyncLive  # which needs this module

        return AsyncLive(self)

    async def close(self) -> None:
        """Closes the connections kept for reuse. Later calls raise ClosedError."""
        self._closed, idle, self._idle = True, self._idle, []
        for connection in idle:
            connection.close()
            await connection.closed()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({str(self.settings.base)!r})"

    async def connect(self) -> Connection:
        """Returns a new connection to the daemon."""
        if self._closed:
            raise ClosedError("the client has been closed")
        return await Connection.open(self.settings, self._ssl)

    async def _do(self, call: Call[T]) -> T:
        settings = self.settings
        if settings.retries > 0:
            call = call.keyed()
        data, retries = settings.write(call.request), Retries(settings.retries, call.repeatable)
        clock = asyncio.get_running_loop().time
        end = None if settings.timeout is None else clock() + settings.timeout
        async with timeout(settings.timeout, settings.late):
            while True:
                try:
                    return settings.value(call, await self._exchange(data))
                except SigilError as e:
                    pause = retries.after(e)
                    if end is not None and clock() + pause >= end:
                        raise
                    await self.sleep(pause)

    async def _exchange(self, data: bytes) -> http.Answer:
        connection = self._take() or await self.connect()
        try:
            parser, head = await connection.begin(data)
            while not parser.done:
                await connection.more(parser)
        except BaseException:
            connection.close()
            raise
        if parser.reusable and not parser.rest and not self._closed and len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return http.Answer(head, parser.take())

    async def _stream(self, request: http.Request) -> AsyncGenerator[bytes, None]:
        settings = self.settings
        silent = partial(settings.late, SILENCE)
        async with timeout(settings.timeout, settings.late):
            connection = await self.connect()
        try:
            async with timeout(SILENCE, silent):
                parser, head = await connection.begin(settings.write(request))
            while not parser.done:
                if head.status == 200:
                    yield parser.take()
                async with timeout(SILENCE, silent):
                    await connection.more(parser)
            if head.status != 200:
                raise refused(request, http.Answer(head, parser.take()))
            yield parser.take()
            raise settings.broken(None)
        finally:
            connection.close()

    def _take(self) -> Connection | None:
        if self._closed:
            raise ClosedError("the client has been closed")
        while self._idle:
            connection = self._idle.pop()
            if not connection.stale():
                return connection
            connection.close()
        return None


class Connection:
    """One connection to the daemon."""

    def __init__(self, settings: Settings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self._draining = asyncio.Lock()  # Python 3.10 has one task wait at a time

    @staticmethod
    async def open(settings: Settings, context: ssl.SSLContext | None) -> Connection:
        """Connects to the daemon."""
        base = settings.base
        secure = (context or ssl.create_default_context()) if base.secure else None
        try:
            return Connection(settings, *await asyncio.open_connection(base.host, base.port, ssl=secure))
        except OSError as e:
            raise settings.cannot_connect(e) from e

    async def begin(self, data: bytes) -> tuple[http.Parser, http.Head]:
        """Sends a request, and reads the answer until its head is there."""
        parser = http.Parser()
        self.write(data)  # and reads meanwhile: the daemon may refuse a request before it has read it, and close the connection
        while parser.head is None:
            await self.more(parser)
        return parser, parser.head

    async def send(self, data: bytes) -> None:
        """Sends bytes."""
        try:
            self.write(data)
            async with self._draining:
                await self._writer.drain()
        except OSError as e:
            raise self._settings.broken(e) from e

    def write(self, data: bytes) -> None:
        """Sends bytes without waiting."""
        self._writer.write(data)

    async def more(self, parser: http.Parser) -> None:
        """Reads more of an answer, which is not complete."""
        data = await self.receive()
        if data:
            parser.feed(data)
        elif not parser.end():
            raise self._settings.broken(None)

    async def receive(self) -> bytes:
        """Returns bytes that have arrived, or none at the end of the connection."""
        try:
            return await self._reader.read(READ)
        except OSError as e:
            raise self._settings.broken(e) from e

    def stale(self) -> bool:
        """Reports whether the daemon has closed the connection meanwhile."""
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        """Closes the connection, without waiting."""
        self._writer.transport.abort()

    async def closed(self) -> None:
        """Waits until the connection is closed."""
        try:
            await self._writer.wait_closed()
        except OSError:
            pass  # it ended in another way before
