"""What the clients raise."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast
import json

from .types import BatchItem, Problem, RestoredItem

_MAX_RETRY_AFTER = 24 * 60 * 60.0  # seconds


class SigilError(Exception):
    """The base of everything that this package raises for a call that failed."""


class UnreachableError(SigilError):
    """No answer came: nothing listens at the address, the connection broke, or the time was up. If sent is false, no
    connection could be made. Otherwise it is unknown whether the daemon carried out the request."""

    def __init__(self, message: str, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class ClosedError(SigilError):
    """The client or the connection has been closed by its owner."""


class NotSigilError(SigilError):
    """Something other than a sigil daemon answered: another service, or a proxy without a daemon behind it."""


class ProblemError(SigilError):
    """A refusal or failure that the daemon reported. Its subclass is its kind.

    problem is the daemon's answer. retry_after is how many seconds the daemon asked to wait, or None.
    """

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        self.problem = problem
        self.retry_after = retry_after
        parts = [_shown(problem.get("code", ""))] if problem.get("code") else [
            f"the daemon answered {problem.get('status', 0)} {_shown(problem.get('title', ''))}".strip()
        ]
        parts += [_shown(p) for p in (problem.get("field", ""), problem.get("detail", "")) if p]
        super().__init__(": ".join(parts))

    @property
    def code(self) -> str:
        """The stable code, for programs; "" if a proxy answered."""
        return self.problem.get("code", "")

    @property
    def status(self) -> int:
        """The HTTP status; 0 if the client refused the call before it was sent."""
        return self.problem.get("status", 0)

    @property
    def field(self) -> str:
        """The part of the request that is wrong, as a path; or ""."""
        return self.problem.get("field", "")

    @property
    def detail(self) -> str:
        """A sentence for people; or ""."""
        return self.problem.get("detail", "")


class InvalidError(ProblemError):
    """The request is wrong, and nothing was stored. The client raises it too, with status 0, before it sends anything."""

    @classmethod
    def local(cls, code: str, field: str, detail: str) -> InvalidError:
        """Returns the error of a request that is not sent."""
        return cls({"type": "about:blank", "title": "", "status": 0, "code": code, "field": field, "detail": detail})


class TooLargeError(ProblemError):
    """The request, or a part of it, is larger than the daemon allows."""


class NotFoundError(ProblemError):
    """The memory does not exist, or has faded."""


class ConflictError(ProblemError):
    """The request contradicts what is there: a duplicate that was to be rejected, or an idempotency key used before for
    another request."""


class GoneError(ProblemError):
    """Another memory took the place of this one (code superseded: "supersededBy" of the problem is its id). Or the journal
    does not go back to that position ("oldest" of the problem says where it begins), or ends before it
    ("newest", with code position_ahead: the store was restored from an older copy)."""


class FullError(ProblemError):
    """The tenant's quota or the disk is full."""


class UnavailableError(ProblemError):
    """The daemon cannot do it now, and may be able to later."""


class InternalError(ProblemError):
    """The daemon failed."""


class RestartError(UnreachableError):
    """A stream ended because the daemon stops or hands over to another process."""

    def __init__(self) -> None:
        super().__init__("the daemon is restarting")


_BY_CODE: dict[str, type[ProblemError]] = {  # several kinds share a status
    "quota_full": FullError,
    "idempotency_mismatch": ConflictError,
}
_BY_STATUS: dict[int, type[ProblemError]] = {
    400: InvalidError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    413: TooLargeError,
    414: TooLargeError,
    415: InvalidError,
    422: InvalidError,
    429: UnavailableError,
    431: TooLargeError,
    500: InternalError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
    507: FullError,
}


def from_problem(problem: Problem, retry_after: float | None = None) -> ProblemError:
    """Returns the error of a problem."""
    code, status = problem.get("code", ""), problem.get("status", 0)
    kind = _BY_CODE.get(code, _BY_STATUS.get(status, ProblemError))
    if code == "unknown_path":
        kind = ProblemError  # this does not mean that a memory is missing
    return kind(problem, retry_after)


def from_answer(method: str, path: str, status: int, headers: dict[str, str], body: bytes) -> SigilError:
    """Returns the error of an answer that is not a success."""
    wait = headers.get("retry-after", "")
    seconds = min(float(wait), _MAX_RETRY_AFTER) if wait.isascii() and wait.isdigit() else None
    if headers.get("content-type", "").split(";")[0].strip().lower() == "application/problem+json":
        problem = _read(body)
        if problem is not None and problem.get("code"):
            problem["status"] = status
            return from_problem(problem, seconds)
    first = _shown(body[:4096].decode("utf-8", "replace").strip().split("\n", 1)[0], 200)
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = ""
    if status < 500 and status != 429:  # a proxy may answer 429
        return NotSigilError(f"the daemon answered {status} {title}: {first} ({method} {path}: is a sigil daemon there?)")
    return from_problem({"type": "about:blank", "title": title, "status": status, "code": "", "detail": first}, seconds)


def item_error(item: BatchItem | RestoredItem) -> ProblemError | None:
    """Returns the problem of one item of a batch as an error, or None if it has none."""
    problem = item.get("problem")
    if problem is None:
        return None
    if not problem.get("status"):
        problem["status"] = item["status"]
    return from_problem(problem)


def _read(body: bytes) -> Problem | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return cast(Problem, value) if isinstance(value, dict) else None


def _shown(text: object, most: int = 1000) -> str:
    """Makes a text from outside safe to show as a part of one line."""
    shown = str(text)
    if len(shown) > most:
        shown = shown[:most] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in shown)
