"""The live connection for threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, TimeoutError as FutureTimeout
from typing import Any
import threading

from . import exchange, frames
from .calls import ID, UNCHANGED, Draft, Duration, Unchanged, change_members
from .core import Settings
from .errors import ClosedError, SigilError, UnreachableError
from .follow import Follower, OnDisconnect, OnRecall
from .sync import Client, Connection, Deadline
from .types import JSON, Event, Memory, Position

SILENCE = 90.0
"""After so many seconds without a byte the connection counts as lost: three of the daemon's pings."""
CLOSING = 5.0
"""For so many seconds the end of a connection waits for a thread that sends."""
MAX_WAITING = 16  # messages that a loop over events has not taken; then reading waits


class Live:
    """A connection (a WebSocket) that carries many requests at once, and a subscription. The first call opens it, and a call
    after it broke opens it again. Its methods may be called from any thread.

    It is the cheapest way for many small requests at once. While the body of a loop over events runs, answers behind its
    entries wait.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._socket: _Socket | None = None
        self._closed = False
        self._following = False

    def encode(self, draft: Draft) -> Memory:
        """Is like Client.encode. If the connection breaks before the answer, a draft with an idempotency key is sent again,
        once."""
        members = exchange.encode_members(draft)
        try:
            return exchange.memory_of(self._ask("encode", members))
        except UnreachableError:
            if draft.idempotency_key is None:
                raise
            return exchange.memory_of(self._ask("encode", members))

    def recall(self, id: ID) -> Memory:
        """Is like Client.recall."""
        return exchange.memory_of(self._ask("recall", exchange.memory_members(id)))

    def forget(self, id: ID) -> None:
        """Is like Client.forget."""
        self.forget_with_undo(id)

    def forget_with_undo(self, id: ID) -> str | None:
        """Is like Client.forget_with_undo."""
        return exchange.restorable_until(self._ask("forget", exchange.memory_members(id)))

    def correct(self, id: ID, draft: Draft) -> Memory:
        """Is like Client.correct. A draft without tags has those of the old memory."""
        return exchange.memory_of(self._ask("correct", {**exchange.memory_members(id), **exchange.encode_members(draft)}))

    def restore(self, id: ID) -> Memory:
        """Is like Client.restore."""
        return exchange.memory_of(self._ask("restore", exchange.memory_members(id)))

    def change(
        self,
        id: ID,
        *,
        tags: Sequence[str] | None | Unchanged = UNCHANGED,
        ttl: Duration | None | Unchanged = UNCHANGED,
        life: Duration | None | Unchanged = UNCHANGED,
        pinned: bool | Unchanged = UNCHANGED,
    ) -> Memory:
        """Is like Client.change."""
        members = {**exchange.memory_members(id), "change": change_members(tags, ttl, life, pinned)}
        return exchange.memory_of(self._ask("change", members))

    def events(
        self, after: Position | None = None, *, on_disconnect: OnDisconnect | None = None, on_recall: OnRecall | None = None
    ) -> Iterator[Event]:
        """Is like Client.follow, over the connection. Only one such loop can run at a time."""
        with self._lock:
            if self._following:
                raise exchange.already_subscribed()
            self._following = True
        follower = Follower(after, on_disconnect, on_recall)
        try:
            while True:
                try:
                    yield from self._subscribe(follower)
                except SigilError as e:
                    self._client.sleep(follower.lost(e))
        finally:
            with self._lock:
                self._following = False

    def close(self) -> None:
        """Closes the connection. Calls that wait fail, and later ones raise ClosedError."""
        with self._lock:
            self._closed, live = True, self._socket
        if live is not None:
            live.leave(ClosedError("the live connection has been closed"))

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, op: str, members: dict[str, JSON]) -> dict[str, JSON]:
        deadline = Deadline(self._client.settings)
        return self._connected(deadline).ask(op, members, deadline)

    def _connected(self, deadline: Deadline) -> _Socket:
        with self._lock:
            if self._closed:
                raise ClosedError("the live connection has been closed")
            if self._socket is None or self._socket.ended():
                self._socket = _Socket(self._client, deadline)
            return self._socket

    def _subscribe(self, follower: Follower) -> Iterator[Event]:
        deadline = Deadline(self._client.settings)
        live = self._connected(deadline)
        answer = live.ask("subscribe", exchange.subscribe_members(follower), deadline)
        if "after" in answer:
            follower.begun(answer.get("token") or answer["after"])
        try:
            while True:
                yield from exchange.entries(follower, live.next())
        except SigilError:
            raise  # the subscription has ended
        except BaseException:  # the loop has been left
            live.unsubscribe(Deadline(self._client.settings))
            raise


class _Socket:
    """One WebSocket, until it breaks."""

    def __init__(self, client: Client, deadline: Deadline) -> None:
        settings = client.settings
        request, accept = exchange.handshake(settings)
        self._connection = client.connect(deadline)
        try:
            parser, head = self._connection.begin(settings.write(request), deadline)
            while not parser.done:
                self._connection.more(parser, deadline)
            exchange.check_handshake(request, head, accept, parser.take())
        except BaseException:
            self._connection.close()
            raise
        self._connection.quiet_for(SILENCE)
        self._settings = settings
        self._back = bytearray()  # what the reader has to send
        self._sending = threading.Lock()
        self._changed = threading.Condition()  # guards what follows
        self._waiting: deque[dict[str, JSON]] = deque()
        self._dropping = False
        self._exchange = exchange.Exchange[Future[Any]](settings, Future, self._waiting.append)
        threading.Thread(target=self._read, args=(parser.rest,), name="sigil-live", daemon=True).start()

    def ended(self) -> bool:
        """Reports whether the connection has ended."""
        with self._changed:
            return self._exchange.error is not None

    def ask(self, op: str, members: dict[str, JSON], deadline: Deadline) -> dict[str, JSON]:
        """Sends a request and waits for its answer."""
        with self._sending:  # one request after the other, in the order of their ids
            with self._changed:
                data, promise = self._exchange.ask(op, members)
            self._send(data)
        self._send_back()
        try:
            answer: dict[str, JSON] = promise.result(deadline.left())
        except FutureTimeout as e:
            raise deadline.late() from e
        return answer

    def next(self) -> dict[str, JSON]:
        """Waits for a message that is not an answer, and returns it."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._exchange.error)
            if self._waiting:
                self._changed.notify_all()
                return self._waiting.popleft()
            assert self._exchange.error is not None
            raise self._exchange.error

    def unsubscribe(self, deadline: Deadline) -> None:
        """Ends the subscription, and drops messages that are still on their way."""
        with self._changed:
            self._dropping = True
            self._changed.notify_all()
        try:
            self.ask("unsubscribe", {}, deadline)
        except SigilError:
            pass  # the connection has ended, and the subscription with it
        with self._changed:
            self._waiting.clear()
            self._dropping = False

    def close(self, error: SigilError) -> None:
        """Ends the connection with error, for all who wait. If it has ended already, its reader closes it, after it has
        answered the daemon."""
        with self._changed:
            ended = self._exchange.error is not None
            self._exchange.end(error)
            self._changed.notify_all()
        if not ended:
            self._connection.close()

    def leave(self, error: SigilError) -> None:
        """Is like close, but tells the daemon first, unless another thread is sending."""
        if not self.ended() and self._sending.acquire(blocking=False):
            try:
                self._send(frames.close(1000))
            finally:
                self._sending.release()
        self.close(error)

    def _send(self, data: bytes) -> None:
        """Sends bytes. If that fails, the connection ends, and with it what is waited for."""
        try:
            self._connection.send(data, None)
        except UnreachableError as e:
            self.close(e)

    def _send_back(self) -> None:
        """Sends what the reader has to send, unless another thread is sending: that one does it then. The reader never
        waits for a thread that sends, since the daemon may read on only when its answers are read."""
        while self._back and self._sending.acquire(blocking=False):
            try:
                with self._changed:
                    data, self._back = bytes(self._back), bytearray()
                self._send(data)
            finally:
                self._sending.release()

    def _read(self, data: bytes) -> None:
        """Reads until the connection ends."""
        try:
            while True:
                with self._changed:
                    self._back += self._exchange.feed(data)
                    self._changed.notify_all()
                self._send_back()
                with self._changed:
                    self._changed.wait_for(self._has_room)
                    if self._exchange.error is not None:
                        break
                data = self._connection.receive(None)
                if not data:
                    raise self._settings.broken(None)
            if self._sending.acquire(timeout=CLOSING):  # a thread that was sending did not see what is to be sent back
                self._sending.release()
            self._send_back()
            self._connection.close()
        except SigilError as e:
            self.close(e)

    def _has_room(self) -> bool:
        if self._dropping:
            self._waiting.clear()
        return len(self._waiting) < MAX_WAITING or self._exchange.error is not None
