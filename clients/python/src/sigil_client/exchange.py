"""A live connection as bytes: many requests at once, and messages that are no answers. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar
import json

from . import frames
from .core import Settings, check_id, refused, write_json
from .calls import ID, Draft
from .errors import NotSigilError, ProblemError, RestartError, SigilError, UnreachableError, from_problem
from .follow import Follower
from .http import Answer, Head, Request
from .types import JSON, Event, Memory

MAX_MESSAGE = 64 << 20
RESTART = 1012
"""The close code of a daemon that stops or hands over."""


class Promise(Protocol):
    """What futures of threads and of asyncio have in common."""

    def done(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


P = TypeVar("P", bound=Promise)


def handshake(settings: Settings) -> tuple[Request, str]:
    """Returns the request that opens a live connection, and the Sec-WebSocket-Accept of its answer."""
    key = frames.new_key()
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key}
    return Request("GET", "/v1/ws", headers=headers), frames.accept_of(key)


def check_handshake(request: Request, answer: Head, accept: str, body: bytes) -> None:
    """Raises an error unless the answer opens the connection."""
    if answer.status != 101:
        error = refused(request, Answer(answer, body))
        raise error
    headers = answer.headers
    if (
        headers.get("sec-websocket-accept") != accept
        or headers.get("upgrade", "").lower() != "websocket"
        or "upgrade" not in headers.get("connection", "").lower()
        or "sec-websocket-extensions" in headers
        or "sec-websocket-protocol" in headers
    ):
        raise NotSigilError("the answer to the handshake is not that of a sigil daemon")


class Exchange(Generic[P]):
    """One live connection. Its caller sends the bytes that the methods return, and lets one call at a time in."""

    def __init__(self, settings: Settings, promise: Callable[[], P], message: Callable[[dict[str, JSON]], None]) -> None:
        self.error: SigilError | None = None  # why it has ended
        self._settings = settings
        self._promise = promise
        self._message = message  # takes what is not an answer
        self._parser = frames.Parser(MAX_MESSAGE)
        self._pending: dict[int, P] = {}
        self._last = 0

    def ask(self, op: str, members: dict[str, JSON]) -> tuple[bytes, P]:
        """Returns the bytes of a request, and the promise of its answer. It raises the error of a connection that has
        ended."""
        if self.error is not None:
            raise self.error
        data = write_json({"id": self._last + 1, "op": op, **members}, "sigil")
        self._last += 1
        promise = self._pending[self._last] = self._promise()
        return frames.encode(frames.TEXT, data), promise

    def feed(self, data: bytes) -> bytes:
        """Takes bytes that have arrived, and returns what to send back. If the connection ends with them, error is set."""
        back = bytearray()
        try:
            for message in self._parser.feed(data):
                back += self._take(message)
        except frames.FrameError as e:
            back += frames.close(e.code)
            self.end(NotSigilError(f"{self._settings.base} broke the WebSocket protocol: {e}"))
        except (ValueError, KeyError, TypeError) as e:
            back += frames.close(1007)
            self.end(NotSigilError(f"a message from {self._settings.base} is not that of a sigil daemon: {type(e).__name__}"))
        return bytes(back)

    def end(self, error: SigilError) -> None:
        """Ends the connection: all who wait get error."""
        if self.error is not None:
            return
        self.error = error
        pending, self._pending = self._pending, {}
        for promise in pending.values():
            if not promise.done():
                promise.set_exception(error)

    def _take(self, message: frames.Message) -> bytes:
        if message.opcode == frames.PING:
            return frames.encode(frames.PONG, message.data)
        if message.opcode == frames.CLOSE:
            code, reason = message.closed()
            broken = UnreachableError(f"{self._settings.base} closed the connection with code {code} ({reason!r})")
            self.end(RestartError() if code == RESTART else broken)
            return frames.close(code)
        if message.opcode == frames.TEXT:
            value = json.loads(message.data)
            if value["type"] != "answer":
                self._message(value)
            else:
                promise = self._pending.pop(value["id"], None)
                if promise is not None and not promise.done():
                    settle(promise, value)
        return b""


def settle(promise: Promise, answer: dict[str, JSON]) -> None:
    """Settles the promise of an answer."""
    if "problem" in answer:
        promise.set_exception(from_problem(answer["problem"]))
    else:
        promise.set_result(answer)


def encode_members(draft: Draft) -> dict[str, JSON]:
    """Returns the members of a request to encode."""
    return {"sigil": draft.members(), **draft.key()}


def memory_members(id: ID) -> dict[str, JSON]:
    """Returns the members of a request to recall, forget, restore or, with what to change, to change."""
    return {"memory": check_id(id)}


def memory_of(answer: dict[str, JSON]) -> Memory:
    """Returns the memory of an answer."""
    memory = answer.get("memory")
    if not isinstance(memory, dict):
        raise NotSigilError("an answer has no memory")
    return memory  # type: ignore[return-value]


def restorable_until(answer: dict[str, JSON]) -> str | None:
    """Returns until when what was forgotten can be restored, or None if it cannot."""
    until = answer.get("restorableUntil")
    return until if isinstance(until, str) else None


def subscribe_members(follower: Follower) -> dict[str, JSON]:
    """Returns the members of a request to subscribe."""
    members: dict[str, JSON] = {} if follower.after is None else {"after": follower.after}
    return {**members, "recalls": True} if follower.wants_recalls else members


def entries(follower: Follower, message: dict[str, JSON]) -> Iterator[Event]:
    """Yields the entries of a message to a subscription. It raises what the subscription ends with."""
    if "problem" in message:
        raise from_problem(message["problem"])
    if message["type"] == "recalled":
        follower.recalled({"memories": message.get("memories", []), "more": message.get("more", False)})
    elif message["type"] == "events":
        for event in message.get("events", []):
            follower.took(event)
            yield event


def already_subscribed() -> ProblemError:
    """Returns the error of a second loop over the events of a connection."""
    detail = "another loop reads this connection's events"
    return from_problem({"type": "about:blank", "title": "", "status": 409, "code": "already_subscribed", "detail": detail})
