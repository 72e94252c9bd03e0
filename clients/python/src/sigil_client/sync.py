"""The client for threads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
import socket
import ssl
import threading
import time

from . import calls, http
from .core import MAX_IDLE, READ, Call, Retries, Settings, refused
from .errors import ClosedError, SigilError, UnreachableError
from .follow import SILENCE, Follower, OnDisconnect, OnRecall
from .types import Event, Position

if TYPE_CHECKING:
    from .live import Live

P = ParamSpec("P")
T = TypeVar("T")
Page = TypeVar("Page", bound=Mapping[str, Any])
Entry = TypeVar("Entry")


def _verb(call: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._do(call(*args, **kwargs))

    return update_wrapper(method, call)


def _steps(steps: Callable[P, Generator[Call[Any], Any, T]]) -> Callable[Concatenate[Client, P], T]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        running, answer = steps(*args, **kwargs), None
        while True:
            try:
                call = running.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = self._do(call)

    return update_wrapper(method, steps)


def _pages(
    call: Callable[P, Call[Page]], entries: Callable[[Page], list[Entry]]
) -> Callable[Concatenate[Client, P], Iterator[Entry]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Entry]:
        while True:
            page = self._do(call(*args, **kwargs))
            yield from entries(page)
            if not page["next"] or page["next"] == kwargs.get("cursor"):  # a cursor that repeats would loop forever
                return
            kwargs["cursor"] = page["next"]

    return update_wrapper(method, call)


class Client:
    """Speaks to one daemon as one tenant. Its methods may be called from any thread.

    address is "https://host:port", with a path if the daemon is behind one, or plain "host:port"; empty means
    127.0.0.1:7433. tenant is whose memories the client encodes and sees; if it is empty, the daemon decides. timeout is how
    many seconds a call may take, with its retries; None means any time. retries is how often a call is tried again if that
    does no harm. Encodes get an idempotency key of their own for that, unless retries is 0. Creating a client does no I/O.
    """

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
        self.sleep: Callable[[float], object] = time.sleep  # replaced by tests
        self._lock = threading.Lock()
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

    def follow(
        self, after: Position | None = None, *, on_disconnect: OnDisconnect | None = None, on_recall: OnRecall | None = None
    ) -> Iterator[Event]:
        """Yields the journal's entries after a position (None: after the newest), in order, each once, for as long as the
        loop runs. A connection that breaks is replaced after 0.1 to 5 s, and the loop goes on where it was.

        after is a position or, better, the token of the last entry that was read. It raises GoneError if the journal does not
        go back that far (go on after oldest of its problem), or with the code position_ahead if the store was restored from
        an older copy: what was read may not be in it. Load the memories again and go on after newest, or read all again
        after 0. It raises other errors if another attempt would not help. on_disconnect is called with an error and the time until the
        next attempt, on_recall with recalls, which are not in the journal.
        """
        follower = Follower(after, on_disconnect, on_recall)
        while True:
            try:
                for data in self._stream(follower.request()):
                    yield from follower.feed(data)
            except SigilError as e:
                self.sleep(follower.lost(e))

    def live(self) -> Live:
        """Returns a live connection, which is not open yet. The caller closes it."""
        from .live import Live  # which needs this module

        return Live(self)

    def close(self) -> None:
        """Closes the connections kept for reuse. Later calls raise ClosedError."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for connection in idle:
            connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({str(self.settings.base)!r})"

    def connect(self, deadline: Deadline) -> Connection:
        """Returns a new connection to the daemon."""
        if self._closed:
            raise ClosedError("the client has been closed")
        return Connection(self.settings, self._ssl, deadline)

    def _do(self, call: Call[T]) -> T:
        settings = self.settings
        if settings.retries > 0:
            call = call.keyed()
        data, deadline = settings.write(call.request), Deadline(settings)
        retries = Retries(settings.retries, call.repeatable)
        while True:
            try:
                return settings.value(call, self._exchange(data, deadline))
            except SigilError as e:
                pause = retries.after(e)
                if not deadline.allows(pause):
                    raise
                self.sleep(pause)

    def _exchange(self, data: bytes, deadline: Deadline) -> http.Answer:
        connection = self._take() or self.connect(deadline)
        try:
            parser, head = connection.begin(data, deadline)
            while not parser.done:
                connection.more(parser, deadline)
        except BaseException:
            connection.close()
            raise
        self._give(connection, parser)
        return http.Answer(head, parser.take())

    def _stream(self, request: http.Request) -> Iterator[bytes]:
        deadline = Deadline(self.settings, SILENCE)
        connection = self.connect(deadline)
        try:
            parser, head = connection.begin(self.settings.write(request), deadline)
            while not parser.done:
                if head.status == 200:
                    yield parser.take()
                connection.more(parser, Deadline(self.settings, SILENCE))
            if head.status != 200:
                raise refused(request, http.Answer(head, parser.take()))
            yield parser.take()
            raise self.settings.broken(None)
        finally:
            connection.close()

    def _take(self) -> Connection | None:
        with self._lock:
            if self._closed:
                raise ClosedError("the client has been closed")
            while self._idle:
                connection = self._idle.pop()
                if not connection.stale():
                    return connection
                connection.close()
        return None

    def _give(self, connection: Connection, parser: http.Parser) -> None:
        with self._lock:
            if parser.reusable and not parser.rest and not self._closed and len(self._idle) < MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()


class Deadline:
    """When a call ends."""

    def __init__(self, settings: Settings, seconds: float | None = None) -> None:
        self._settings = settings
        self._seconds = settings.timeout if seconds is None else seconds
        self._end = None if self._seconds is None else time.monotonic() + self._seconds

    def left(self) -> float | None:
        """Returns the seconds that are left, or None for any time. It raises UnreachableError if there are none."""
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def late(self, sent: bool = True) -> UnreachableError:
        """Returns the error of a call whose time is up."""
        return self._settings.late(self._seconds, sent)

    def allows(self, pause: float) -> bool:
        """Reports whether the call may wait that long."""
        return self._end is None or time.monotonic() + pause < self._end


class Connection:
    """One connection to the daemon. Errors of the network are raised as UnreachableError."""

    def __init__(self, settings: Settings, context: ssl.SSLContext | None, deadline: Deadline) -> None:
        self._settings = settings
        self._quiet: float | None = None
        base = settings.base
        try:
            self._socket = socket.create_connection((base.host, base.port), deadline.left())
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if base.secure:
                context = context or ssl.create_default_context()
                self._socket = context.wrap_socket(self._socket, server_hostname=base.host)
        except TimeoutError as e:
            raise deadline.late(sent=False) from e
        except OSError as e:
            raise settings.cannot_connect(e) from e

    def begin(self, data: bytes, deadline: Deadline) -> tuple[http.Parser, http.Head]:
        """Sends a request, and reads the answer until its head is there."""
        parser, failed = http.Parser(), None
        try:
            self.send(data, deadline)
        except UnreachableError as e:
            failed = e  # the daemon may have answered before it had read everything
        while parser.head is None:
            try:
                self.more(parser, deadline)
            except UnreachableError as e:
                raise failed or e from e
        return parser, parser.head

    def send(self, data: bytes, deadline: Deadline | None) -> None:
        """Sends bytes. Without a deadline, quiet_for says how long that may take."""
        try:
            if deadline is not None:
                self._socket.settimeout(deadline.left())
            self._socket.sendall(data)
        except TimeoutError as e:
            raise (deadline.late() if deadline is not None else self._settings.late(self._quiet)) from e
        except OSError as e:
            raise self._settings.broken(e) from e

    def more(self, parser: http.Parser, deadline: Deadline) -> None:
        """Reads more of an answer, which is not complete."""
        data = self.receive(deadline)
        if data:
            parser.feed(data)
        elif not parser.end():
            raise self._settings.broken(None)

    def receive(self, deadline: Deadline | None) -> bytes:
        """Returns bytes that have arrived, or none at the end of the connection."""
        try:
            if deadline is not None:
                self._socket.settimeout(deadline.left())
            return self._socket.recv(READ)
        except TimeoutError as e:
            raise (deadline.late() if deadline is not None else self._settings.late(self._quiet)) from e
        except OSError as e:
            raise self._settings.broken(e) from e

    def quiet_for(self, seconds: float) -> None:
        """Sets after how many seconds without a byte the connection counts as lost, where there is no deadline."""
        self._quiet = seconds
        self._socket.settimeout(seconds)

    def stale(self) -> bool:
        """Reports whether the daemon has closed the connection meanwhile, or sent what nobody asked for."""
        try:
            self._socket.setblocking(False)
            socket.socket.recv(self._socket, 1, socket.MSG_PEEK)  # of the socket below TLS
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Closes the connection, and wakes a thread that reads from it."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already
        self._socket.close()
