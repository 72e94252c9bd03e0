"""What both clients share of a call: the request, how its answer is read, and whether it is tried again. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
import json
import random
import re
import uuid

from . import http
from .errors import (
    ConflictError,
    InvalidError,
    NotSigilError,
    ProblemError,
    SigilError,
    UnavailableError,
    UnreachableError,
    from_answer,
)
from .types import JSON

T = TypeVar("T")

MAX_IDLE = 64  # connections kept for reuse
READ = 1 << 16  # bytes read at once
MIN_PAUSE, MAX_PAUSE = 0.1, 5.0  # seconds, before random parts
_TENANT = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}")
# The codes of status 503 with which the daemon refuses a request before it does anything.
_REFUSED = {"busy", "not_ready", "clock_held", "search_building", "too_many_streams", "too_many_subscribers"}


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and what to make of its answer."""

    request: http.Request
    read: Callable[[bytes], T]
    repeatable: bool = True  # whether another attempt does no harm if the outcome of the first is unknown
    read_head: Callable[[http.Head], T] | None = None  # reads the head of the answer, instead of read
    wants_key: bool = False  # whether it is repeatable only with an idempotency key, which it does not have yet

    def keyed(self) -> Call[T]:
        """Returns the call with an idempotency key, if it wants one."""
        if not self.wants_key:
            return self
        headers = {**self.request.headers, "Idempotency-Key": uuid.uuid4().hex}
        return replace(self, request=replace(self.request, headers=headers), repeatable=True, wants_key=False)


class Retries:
    """Decides whether one call is tried again."""

    def __init__(self, most: int, repeatable: bool, rand: Callable[[], float] = random.random) -> None:
        self._left = most
        self._repeatable = repeatable
        self._pause = MIN_PAUSE
        self._rand = rand

    def after(self, error: SigilError) -> float:
        """Returns how many seconds to wait before the next attempt, or raises error if there is none."""
        if self._left <= 0 or not (self._harmless(error) or self._repeatable and self._passing(error)):
            raise error
        self._left -= 1
        pause = jitter(self._pause, self._rand)
        self._pause = min(2 * self._pause, MAX_PAUSE)
        if isinstance(error, ProblemError) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        return pause

    @staticmethod
    def _harmless(error: SigilError) -> bool:
        """Reports whether the daemon has certainly not carried out the request, but may later."""
        if isinstance(error, UnreachableError):
            return not error.sent
        return isinstance(error, UnavailableError) and (error.status == 429 or error.code in _REFUSED)

    @staticmethod
    def _passing(error: SigilError) -> bool:
        if isinstance(error, ConflictError):
            return error.code == "idempotency_in_flight"
        return isinstance(error, (UnreachableError, UnavailableError))


def jitter(pause: float, rand: Callable[[], float] = random.random) -> float:
    """Returns a random time of at most pause, so that clients do not all come back at once."""
    return pause / 2 + rand() * pause / 2


class Settings:
    """The checked arguments of a client."""

    def __init__(
        self, address: str, tenant: str, timeout: float | None, retries: int, headers: Mapping[str, str] | None, user_agent: str
    ) -> None:
        self.base = http.Base.parse(address)
        if tenant and not _TENANT.fullmatch(tenant):
            raise InvalidError.local("invalid_tenant", "tenant", "must be 1 to 64 letters, digits, dots, dashes or underscores")
        self.timeout = timeout
        self.retries = retries
        self.headers = {
            "Accept": "application/json, application/problem+json",
            "User-Agent": user_agent,
            **({"Sigil-Tenant": tenant} if tenant else {}),
            **(headers or {}),
        }

    def write(self, request: http.Request) -> bytes:
        """Returns the bytes of a request."""
        return http.write(self.base, self.headers, request)

    def value(self, call: Call[T], answer: http.Answer) -> T:
        """Returns what an answer says, or raises its error."""
        head = answer.head
        if not 200 <= head.status <= 299:
            raise refused(call.request, answer)
        try:
            return call.read(answer.body) if call.read_head is None else call.read_head(head)
        except (ValueError, KeyError, TypeError) as e:
            raise NotSigilError(f"the answer from {self.base} is not that of a sigil daemon: {type(e).__name__}") from e

    def late(self, seconds: float | None = None, sent: bool = True) -> UnreachableError:
        """Returns the error of a call whose time is up; None means the timeout of all calls."""
        return UnreachableError(f"no answer from {self.base} within {seconds or self.timeout} s", sent)

    def cannot_connect(self, error: OSError) -> UnreachableError:
        """Returns the error of a connection that could not be made."""
        reason = error.strerror or str(error) or type(error).__name__
        return UnreachableError(f"cannot connect to {self.base} ({reason}); `sigil serve` starts a daemon", sent=False)

    def broken(self, error: OSError | None) -> UnreachableError:
        """Returns the error of a connection that ended before the answer did."""
        reason = f": {error}" if error is not None and str(error) else ""
        return UnreachableError(f"the connection to {self.base} broke before the end of the answer{reason}")


def refused(request: http.Request, answer: http.Answer) -> SigilError:
    """Returns the error of an answer that is not a success."""
    head = answer.head
    return from_answer(request.method, request.path, head.status, dict(head.headers), answer.body)


def read_object(body: bytes) -> Any:
    """Reads an answer that is a JSON object. It raises ValueError for everything else."""
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return value


def write_json(value: JSON, field: str) -> bytes:
    """Returns value as JSON in UTF-8. It raises InvalidError for what is not JSON, such as NaN."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidError.local("lone_surrogate", field, "has half of a surrogate pair") from None
    except (ValueError, TypeError, RecursionError) as e:
        raise InvalidError.local("invalid_json", field, f"cannot be written as JSON ({type(e).__name__})") from None


def check_id(memory: str | uuid.UUID) -> str:
    """Returns an id as it stands in a path, or raises InvalidError."""
    try:
        return str(uuid.UUID(memory) if isinstance(memory, str) else memory)
    except ValueError:
        raise InvalidError.local("invalid_id", "id", "is not a UUID") from None
