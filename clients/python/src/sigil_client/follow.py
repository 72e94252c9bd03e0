"""Following the journal: where it goes on, what comes, and when it is tried again. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
import re

from . import http, sse
from .core import MAX_PAUSE, MIN_PAUSE, jitter
from .errors import InternalError, NotSigilError, RestartError, SigilError, UnavailableError, UnreachableError, from_problem
from .types import JSON, Event, Position, Recalls

SILENCE = 45.0
"""After so many seconds without a byte a stream counts as lost: three of the daemon's heartbeats."""

OnDisconnect = Callable[[SigilError, float], None]
OnRecall = Callable[[Recalls], None]


class Follower:
    """One reader of the journal, over however many connections."""

    def __init__(self, after: Position | None, on_disconnect: OnDisconnect | None, on_recall: OnRecall | None) -> None:
        self.after = after
        self.wants_recalls = on_recall is not None
        self._on_disconnect = on_disconnect
        self._on_recall = on_recall
        self._pause = MIN_PAUSE
        self._parser = sse.Parser()

    def request(self) -> http.Request:
        """Returns the request for the next stream."""
        self._parser = sse.Parser()
        query = () if self.after is None else (("after", str(self.after)),)
        if self.wants_recalls:
            query += (("recalls", "true"),)
        return http.Request("GET", "/v1/events", query, headers={"Accept": "text/event-stream, application/problem+json"})

    def feed(self, data: bytes) -> Iterator[Event]:
        """Takes bytes of a stream, and yields the entries that are complete. It raises what the stream ends with."""
        for block in self._parser.feed(data):
            try:
                kind, value = _read(block)
                if kind == "entry":
                    self.took(value)
            except (ValueError, KeyError, TypeError) as e:
                raise NotSigilError(f"the stream is not that of a sigil daemon: {type(e).__name__}") from e
            if kind == "entry":
                yield value
            elif kind == "begun":
                self.begun(value)
            elif kind == "recalled":
                self.recalled(value)
            elif kind == "reconnect":
                raise RestartError()
            elif kind == "problem":
                raise from_problem(value)

    def begun(self, after: Position) -> None:
        """Notes what a stream begins after."""
        self.after, self._pause = after, MIN_PAUSE

    def took(self, event: JSON) -> None:
        """Notes the entry that the next stream goes on after. Daemons of earlier versions send no tokens."""
        self.begun(event.get("token") or event["position"])

    def recalled(self, recalls: Recalls) -> None:
        """Calls on_recall, if there is one."""
        if self._on_recall is not None:
            self._on_recall(recalls)

    def lost(self, error: SigilError) -> float:
        """Returns how many seconds to wait before the next connection, or raises error if another would not help."""
        if not isinstance(error, (UnreachableError, UnavailableError, InternalError)):
            raise error
        pause = jitter(self._pause)
        self._pause = min(2 * self._pause, MAX_PAUSE)
        if self._on_disconnect is not None:
            self._on_disconnect(error, pause)
        return pause


def _token(text: str) -> str:
    """Returns text if it is a position or a token."""
    if not re.fullmatch("[0-9]+(-[0-9a-f]{16})?", text):
        raise ValueError("an id is no token")
    return text


def _read(block: sse.Block) -> tuple[str, JSON]:
    """Returns what a block is, and its value. A kind that is not known is passed over: after "lagged" nothing is missing, and
    others are of later daemons."""
    if block.data is None:
        return ("begun", _token(block.id)) if block.id is not None and not block.event else ("", None)
    if block.event not in ("", "recalled", "reconnect", "problem"):
        return "", None
    value = json.loads(block.data) if block.event != "reconnect" else {}
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return block.event or "entry", value
