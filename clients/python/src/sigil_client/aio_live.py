"""The live connection for asyncio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import partial
from typing import Any
import asyncio

from . import exchange, frames
from ._timeout import timeout
from .aio import AsyncClient, Connection
from .calls import ID, UNCHANGED, Draft, Duration, Unchanged, change_members
from .errors import ClosedError, SigilError, UnreachableError
from .follow import Follower, OnDisconnect, OnRecall
from .live import MAX_WAITING, SILENCE
from .types import JSON, Event, Memory, Position


class AsyncLive:
    """Is like Live, for asyncio."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._connecting = asyncio.Lock()
        self._socket: _Socket | None = None
        self._closed = False
        self._following = False

    async def encode(self, draft: Draft) -> Memory:
        """Is like Live.encode."""
        members = exchange.encode_members(draft)
        try:
            return exchange.memory_of(await self._ask("encode", members))
        except UnreachableError:
            if draft.idempotency_key is None:
                raise
            return exchange.memory_of(await self._ask("encode", members))

    async def recall(self, id: ID) -> Memory:
        """Is like AsyncClient.recall."""
        return exchange.memory_of(await self._ask("recall", exchange.memory_members(id)))

    async def forget(self, id: ID) -> None:
        """Is like AsyncClient.forget."""
        await self.forget_with_undo(id)

    async def forget_with_undo(self, id: ID) -> str | None:
        """Is like AsyncClient.forget_with_undo."""
        return exchange.restorable_until(await self._ask("forget", exchange.memory_members(id)))

    async def correct(self, id: ID, draft: Draft) -> Memory:
        """Is like AsyncClient.correct. A draft without tags has those of the old memory."""
        return exchange.memory_of(await self._ask("correct", {**exchange.memory_members(id), **exchange.encode_members(draft)}))

    async def restore(self, id: ID) -> Memory:
        """Is like AsyncClient.restore."""
        return exchange.memory_of(await self._ask("restore", exchange.memory_members(id)))

    async def change(
        self,
        id: ID,
        *,
        tags: Sequence[str] | None | Unchanged = UNCHANGED,
        ttl: Duration | None | Unchanged = UNCHANGED,
        life: Duration | None | Unchanged = UNCHANGED,
        pinned: bool | Unchanged = UNCHANGED,
    ) -> Memory:
        """Is like AsyncClient.change."""
        members = {**exchange.memory_members(id), "change": change_members(tags, ttl, life, pinned)}
        return exchange.memory_of(await self._ask("change", members))

    async def events(
        self, after: Position | None = None, *, on_disconnect: OnDisconnect | None = None, on_recall: OnRecall | None = None
    ) -> AsyncIterator[Event]:
        """Is like AsyncClient.follow, over the connection. Only one such loop can run at a time, and leaving it early does not
        end it: use contextlib.aclosing."""
        if self._following:
            raise exchange.already_subscribed()
        self._following = True
        follower = Follower(after, on_disconnect, on_recall)
        try:
            while True:
                try:
                    stream = self._subscribe(follower)
                    try:
                        async for event in stream:
                            yield event
                    finally:
                        await stream.aclose()
                except SigilError as e:
                    await self._client.sleep(follower.lost(e))
        finally:
            self._following = False

    async def close(self) -> None:
        """Closes the connection. Calls that wait fail, and later ones raise ClosedError."""
        self._closed = True
        if self._socket is not None:
            await self._socket.close(ClosedError("the live connection has been closed"))

    async def __aenter__(self) -> AsyncLive:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _ask(self, op: str, members: dict[str, JSON]) -> dict[str, JSON]:
        settings = self._client.settings
        async with timeout(settings.timeout, settings.late):
            return await (await self._connected()).ask(op, members)

    async def _connected(self) -> _Socket:
        async with self._connecting:
            if self._closed:
                raise ClosedError("the live connection has been closed")
            if self._socket is None or self._socket.ended():
                self._socket = await _Socket.open(self._client)
            return self._socket

    async def _subscribe(self, follower: Follower) -> AsyncGenerator[Event, None]:
        settings = self._client.settings
        async with timeout(settings.timeout, settings.late):
            live = await self._connected()
            await live.left()
            answer = await live.ask("subscribe", exchange.subscribe_members(follower))
        if "after" in answer:
            follower.begun(answer.get("token") or answer["after"])
        try:
            while True:
                for event in exchange.entries(follower, await live.next()):
                    yield event
        except SigilError:
            raise  # the subscription has ended
        except BaseException:  # the loop has been left, or its task canceled
            live.leave()
            raise


class _Socket:
    """One WebSocket, until it breaks."""

    def __init__(self, client: AsyncClient, connection: Connection, data: bytes) -> None:
        self._settings = client.settings
        self._connection = connection
        self._waiting: list[dict[str, JSON]] = []
        self._leaving: asyncio.Future[Any] | None = None  # the answer to the end of a subscription
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._exchange = exchange.Exchange[asyncio.Future[Any]](
            client.settings, asyncio.get_running_loop().create_future, self._waiting.append
        )
        self._reader = asyncio.create_task(self._read(data), name="sigil-live")

    @staticmethod
    async def open(client: AsyncClient) -> _Socket:
        """Connects to the daemon."""
        request, accept = exchange.handshake(client.settings)
        connection = await client.connect()
        try:
            parser, head = await connection.begin(client.settings.write(request))
            while not parser.done:
                await connection.more(parser)
            exchange.check_handshake(request, head, accept, parser.take())
        except BaseException:
            connection.close()
            raise
        return _Socket(client, connection, parser.rest)

    def ended(self) -> bool:
        """Reports whether the connection has ended."""
        return self._exchange.error is not None

    async def ask(self, op: str, members: dict[str, JSON]) -> dict[str, JSON]:
        """Sends a request and waits for its answer."""
        data, promise = self._exchange.ask(op, members)
        try:
            await self._connection.send(data)
        except UnreachableError as e:
            self._end(e)
        except BaseException:
            promise.cancel()  # nobody waits for it any more
            raise
        answer: dict[str, JSON] = await promise
        return answer

    async def next(self) -> dict[str, JSON]:
        """Waits for a message that is not an answer, and returns it."""
        while not self._waiting:
            if self._exchange.error is not None:
                raise self._exchange.error
            self._changed.clear()
            await self._changed.wait()
        self._room.set()
        return self._waiting.pop(0)

    def leave(self) -> None:
        """Ends the subscription without waiting, and drops messages that are still on their way."""
        if self._exchange.error is not None:
            return
        data, promise = self._exchange.ask("unsubscribe", {})
        self._leaving = promise
        self._room.set()
        promise.add_done_callback(self._has_left)
        self._connection.write(data)

    async def left(self) -> None:
        """Waits until the subscription that has been left is over."""
        if self._leaving is not None:
            await asyncio.wait([self._leaving])

    def _has_left(self, promise: asyncio.Future[Any]) -> None:
        self._waiting.clear()
        self._leaving = None
        if not promise.cancelled():
            promise.exception()  # of a connection that has ended, and the subscription with it

    async def close(self, error: SigilError) -> None:
        """Ends the connection with error, for all who wait."""
        if not self.ended():
            self._connection.write(frames.close(1000))
        self._end(error)
        self._reader.cancel()
        await asyncio.wait([self._reader])
        await self._connection.closed()

    def _end(self, error: SigilError) -> None:
        self._exchange.end(error)
        self._changed.set()
        self._room.set()
        self._connection.close()

    async def _read(self, data: bytes) -> None:
        """Reads until the connection ends."""
        settings = self._settings
        silent = partial(settings.late, SILENCE)
        try:
            while True:
                back = self._exchange.feed(data)
                self._changed.set()
                if back:
                    await self._connection.send(back)
                if self._exchange.error is not None:
                    break
                while len(self._waiting) >= MAX_WAITING and self._leaving is None and self._exchange.error is None:
                    self._room.clear()
                    await self._room.wait()
                async with timeout(SILENCE, silent):
                    data = await self._connection.receive()
                if not data:
                    raise settings.broken(None)
            self._connection.close()
        except SigilError as e:
            self._end(e)
