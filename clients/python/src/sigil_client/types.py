"""What the daemon answers: plain dictionaries, with the members and names of the API (the OpenAPI document explains them).

Times are RFC 3339 in UTC with milliseconds, as text; ids are UUIDs, as text. A member that an answer may lack is in a class
that is not total, and one that is None stands for null.
"""

from __future__ import annotations

from typing import Any, TypedDict, Union

JSON = Any
"""Any value that the json module reads and writes."""
Position = Union[int, str]
"""A position in the journal, or a token, which is a position that knows its entry: the token of an entry or a page. With a token
the daemon also notices a store that was restored from an older copy and has written other entries since."""


class _Warning(TypedDict):
    code: str
    field: str
    detail: str


class _Similar(TypedDict):
    id: str
    score: float


class SpiralPoint(TypedDict):
    spiralAngle: float
    spiralRadius: float
    resonanceIntensity: float
    memoryWeight: float


class _Memory(TypedDict):
    id: str
    tenant: str
    frequency: float
    pattern: int
    potential: float
    decay: float
    createdAt: str
    lastAccessed: str
    accessCount: int
    fadesAt: str | None
    ttl: str | None
    life: str | None
    pinned: bool
    crystallized: bool
    policy: str
    tags: list[str]


class Memory(_Memory, total=False):
    """A memory as it was at the moment of the answer. Without content, data and state are missing."""

    stoodSeconds: int
    data: JSON
    state: dict[str, JSON]
    hash: str
    spiral: list[SpiralPoint]
    resonance: float
    supersedes: str
    duplicateOf: str
    similar: list[_Similar]
    warnings: list[_Warning]


class MemoryPage(TypedDict):
    memories: list[Memory]
    next: str | None


class RelatedPage(TypedDict):
    related: list[Memory]


class _Problem(TypedDict):
    type: str
    title: str
    status: int
    code: str


class Problem(_Problem, total=False):
    """A refusal or failure (RFC 9457)."""

    detail: str
    field: str
    oldest: int
    newest: int
    duplicateOf: str
    supersededBy: str
    requestId: str


class _BatchItem(TypedDict):
    status: int


class BatchItem(_BatchItem, total=False):
    """The result for one item of a batch: memory, or id if only that was asked for, or problem."""

    id: str
    duplicateOf: str
    similar: list[_Similar]
    warnings: list[_Warning]
    memory: Memory
    problem: Problem


class RestoredItem(_BatchItem, total=False):
    """The result of a restore for one memory: memory, without its content, or problem."""

    id: str
    memory: Memory
    problem: Problem


class _RestoredPage(TypedDict):
    restored: int
    results: list[RestoredItem]


class RestoredPage(_RestoredPage, total=False):
    next: int


class EraseCounts(TypedDict):
    """Memories that were live, removed ones that could have been restored, the bytes of their data, journal entries that were
    replaced by their hashes, and answers for idempotency keys that were dropped."""

    memories: int
    removed: int
    bytes: int
    entries: int
    answers: int


class Receipt(TypedDict):
    """What was erased, without content, signed by the store. Keep it as JSON: sigil receipt verify checks it."""

    receipt: str
    store: str
    tenant: str
    at: str
    by: str
    request: str
    requestHash: str
    counts: EraseCounts
    ids: str
    position: str
    link: str
    remains: list[str]
    key: str
    signature: str


class _Erased(TypedDict):
    dryRun: bool
    counts: EraseCounts


class Erased(_Erased, total=False):
    """The answer to an erasure. A dry run has no receipt."""

    receipt: Receipt


class ReceiptKey(TypedDict):
    store: str
    key: str
class Version(TypedDict):
    """A memory of a chain of corrections, as it is, or as it was when it was superseded: then supersededAt and supersededBy say
    when, and by which memory."""

    memory: Memory
    supersededAt: str | None
    supersededBy: str | None


class VersionPage(TypedDict):
    versions: list[Version]
    next: str | None


class Removed(TypedDict):
    """A memory that was removed and can be restored: as it was, how and when it was removed, and until when that is possible."""

    memory: Memory
    removedAt: str
    kind: str
    reason: str
    position: int
    until: str


class RemovedPage(TypedDict):
    removed: list[Removed]
    next: str | None


class Parts(TypedDict):
    words: float
    meaning: float
    freshness: float
    strength: float


class _Matched(TypedDict):
    pointer: str
    ranges: list[list[int]]


class Matched(_Matched, total=False):
    tag: bool


class _Explained(TypedDict):
    weights: Parts
    words: list[dict[str, JSON]]


class ScoreExplanation(_Explained, total=False):
    meaning: dict[str, float]
    bm25: dict[str, JSON]


class _Hit(TypedDict):
    memory: Memory
    score: float
    parts: Parts


class Hit(_Hit, total=False):
    """A memory that a search found."""

    matched: list[Matched]
    explanation: ScoreExplanation


class _SearchPage(TypedDict):
    hits: list[Hit]
    next: str | None
    complete: bool
    meaning: str


class SearchPage(_SearchPage, total=False):
    model: str


class SignatureRef(TypedDict):
    id: str
    sha256: str
    signer: str


class _Crystal(TypedDict):
    id: str
    tenant: str
    kind: str
    pattern: int
    members: int
    createdAt: str
    updatedAt: str
    stabilityScore: float
    frequency: float


class Crystal(_Crystal, total=False):
    memory: str
    lattice: dict[str, JSON]


class CrystalPage(TypedDict):
    crystals: list[Crystal]
    next: str | None


class Pattern(TypedDict):
    pattern: int
    members: int
    potential: float
    frequency: float
    crystallizes: bool


class PatternList(TypedDict):
    patterns: list[Pattern]


class _Arithmetic(TypedDict):
    createdAt: str
    lastAccessed: str
    idleSeconds: float
    policy: str
    decay: float
    threshold: float
    fadesAt: str | None
    ttl: str | None
    potential: float
    accessCount: int
    pinned: bool
    crystallized: bool
    size: int


class Arithmetic(_Arithmetic, total=False):
    """The figures that decided."""

    stoodSeconds: int
    life: str


PolicyChange = TypedDict("PolicyChange", {"from": str | None, "to": str | None})
"""How the policy that a tenant has of its own changed: None is none."""


class _Event(TypedDict):
    position: int
    token: str
    time: str
    tenant: str
    kind: str
    reason: str


class Event(_Event, total=False):
    """An entry of the journal: what happened, and the figures that decided."""

    id: str
    changed: list[str]
    arithmetic: Arithmetic
    crystal: Crystal
    signature: SignatureRef
    supersededBy: str
    policies: PolicyChange


class EventPage(TypedDict):
    """A page of the journal. token is that of next."""

    events: list[Event]
    next: int
    token: str


class Delivery(EventPage):
    """The body of a webhook's request."""

    tenant: str


class Recall(TypedDict):
    id: str
    lastAccessed: str
    accessCount: int
    fadesAt: str | None
    policy: str


class Recalls(TypedDict):
    """The memories that were recalled since the message before. If more is true, there were others."""

    memories: list[Recall]
    more: bool


class PatternCount(TypedDict):
    pattern: int
    count: int


class TagCount(TypedDict):
    tag: str
    count: int


ForecastBin = TypedDict("ForecastBin", {"from": str, "until": str, "count": int})
Forecast = TypedDict(
    "Forecast",
    {
        "from": str,
        "until": str,
        "policy": str | None,
        "lifetimeSeconds": float | None,
        "fading": int,
        "fadingByOwnPolicy": int,
        "bytes": int,
        "patterns": list[PatternCount],
        "tags": list[TagCount],
        "bins": list[ForecastBin],
        "memories": list[Memory],
    },
)


class PolicyFading(TypedDict):
    """Memories that fade at the next sweep, within a day and within a week, each including the ones before."""

    now: int
    day: int
    week: int


class PolicyEffect(TypedDict):
    """What a policy would do to the tenant's memories if none was recalled."""

    memories: int
    moved: int
    fading: PolicyFading
    present: PolicyFading


class _DryRun(TypedDict, total=False):
    effect: PolicyEffect


class TenantPolicy(_DryRun):
    """The policy that a tenant's memories get. effect is in the answer to a dry run."""

    tenant: str
    policy: str
    own: bool
    lifetime: str | None
    lifetimeSeconds: float | None
    since: str | None
    restamping: bool


class Explanation(TypedDict):
    """Why a memory is alive or gone."""

    id: str
    live: bool
    memory: Memory | None
    lastEvent: Event | None
    policy: str
    threshold: float
    idleSeconds: float
    decay: float
    lifetimeSeconds: float | None
    fadesAt: str | None
    secondsLeft: float | None
    formula: str
    worked: str
    reason: str
    history: list[Event]
    historyComplete: bool


class PolicyCount(TypedDict):
    policy: str
    lifetimeSeconds: float
    count: int


class Stats(TypedDict):
    """Counts of a tenant's live memories."""

    tenant: str
    memories: int
    bytes: int
    pinned: int
    crystallized: int
    patterns: int
    crystals: int
    averageDecay: float
    nextFade: str | None
    policy: str
    lifetimeSeconds: float
    policies: list[PolicyCount]
    uptimeSeconds: float
    position: int


class Identity(TypedDict):
    """The sigil of the daemon's store and a tenant."""

    service: str
    store: str
    epoch: str
    driver: str
    tenant: str
    hash: str
    frequency: float
    pattern: int
    spiral: list[SpiralPoint]
    createdAt: str
    startedAt: str
    uptimeSeconds: float
    memories: int
    crystals: int
