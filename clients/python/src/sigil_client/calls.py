"""The verbs, each as a function from its arguments to a call. The two clients make methods of them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from functools import partial
from typing import Any, Literal, TypeVar, Union
from uuid import UUID
import json
import math

from .core import Call, check_id, read_object, write_json
from .errors import InvalidError, NotSigilError
from .http import Request
from .types import (
    JSON,
    BatchItem,
    Crystal,
    CrystalPage,
    Erased,
    EventPage,
    Explanation,
    Forecast,
    Hit,
    Identity,
    Memory,
    MemoryPage,
    PatternList,
    Position,
    ReceiptKey,
    RelatedPage,
    Removed,
    RemovedPage,
    RestoredItem,
    RestoredPage,
    SearchPage,
    Stats,
    Version,
    VersionPage,
    TenantPolicy,
)

T = TypeVar("T")
ID = Union[str, UUID]
Time = Union[str, datetime]
"""RFC 3339, or a datetime. One without a zone is in local time."""
Duration = Union[str, float, timedelta]
"""Such as "36h" or "7d", or a number of seconds."""


class Unchanged(Enum):
    """The type of UNCHANGED, which is what a change leaves as it is."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED
Batch = Generator[Call[list[BatchItem]], list[BatchItem], list[BatchItem]]
"""Yields calls, is sent their answers, and returns the results of all."""
Restoring = Generator[Call[RestoredPage], RestoredPage, list[RestoredItem]]
"""Yields calls, is sent their answers, and returns the results of all."""
Sort = Literal["created", "fades", "recalled", "recalls"]
OnDuplicate = Literal["keep", "reinforce", "reject"]


@dataclass(frozen=True)
class Draft:
    """A memory to be encoded. data is any JSON value."""

    data: JSON
    state: dict[str, JSON] | None = None
    ttl: Duration | None = None
    pinned: bool = False
    tags: Sequence[str] = ()
    vector: Sequence[float] | None = None
    on_duplicate: OnDuplicate | None = None
    similar: float | None = None
    idempotency_key: str | None = None
    life: Duration | None = None
    policy: str | None = None  # the memory's own, such as "halflife h=30d"

    def members(self) -> dict[str, JSON]:
        """Returns the draft as the API has it, without the idempotency key."""
        sent = {"data": self.data, "state": self.state, "ttl": _duration("ttl", self.ttl), "pinned": self.pinned or None}
        sent["life"] = _duration("life", self.life)
        sent |= {"tags": list(self.tags) or None, "vector": None if self.vector is None else list(self.vector)}
        sent |= {"onDuplicate": self.on_duplicate, "similar": self.similar, "policy": self.policy}
        return {name: value for name, value in sent.items() if value is not None or name == "data"}

    def key(self) -> dict[str, str]:
        """Returns the idempotency key under its name as a member, or nothing if there is none."""
        key = self.idempotency_key
        if key is None:
            return {}
        if not key or not all(" " <= c <= "~" for c in key):
            raise InvalidError.local("invalid_idempotency_key", "Idempotency-Key", "must be printable ASCII")
        return {"idempotencyKey": key}


def encode(
    data: JSON,
    *,
    state: dict[str, JSON] | None = None,
    ttl: Duration | None = None,
    pinned: bool = False,
    tags: Sequence[str] = (),
    vector: Sequence[float] | None = None,
    on_duplicate: OnDuplicate | None = None,
    similar: float | None = None,
    idempotency_key: str | None = None,
    life: Duration | None = None,
    policy: str | None = None,
) -> Call[Memory]:
    """Stores data, any JSON value, and returns the memory. It is durable then.

    ttl is a hard end. life is how long the memory lives untouched, instead of as long as the daemon's policy says.

    If there is a memory with the same content, on_duplicate decides, and duplicateOf of the answer names it. similar has
    the answer name what is near in meaning. An encode that is repeated under its idempotency key stores nothing again.
    """
    draft = Draft(data, state, ttl, pinned, tags, vector, on_duplicate, similar, idempotency_key, life, policy)
    key = draft.key()
    headers = {"Idempotency-Key": key["idempotencyKey"]} if key else {}
    request = Request("POST", "/v1/sigils", body=write_json(draft.members(), "data"), headers=headers)
    return Call(request, read_object, repeatable=bool(key), wants_key=not key)


def encode_batch(drafts: Iterable[Draft], *, ids_only: bool = False) -> Batch:
    """Stores many drafts in one request, and returns a result for each, in order; item_error returns what was wrong with
    one. With ids_only the results have only ids, which is several times as fast."""
    drafts, items = list(drafts), []
    for i, draft in enumerate(drafts):
        try:
            items.append(write_json({**draft.members(), **draft.key()}, "data"))
        except InvalidError as e:
            raise InvalidError.local(e.code, f"{i}/{e.field}", e.detail) from None
    if not items:
        return []
    wants_key = any(draft.idempotency_key is None for draft in drafts)
    headers = {"Prefer": "return=minimal"} if ids_only else {}
    request = Request("POST", "/v1/sigils:batch", body=b"[" + b",".join(items) + b"]", headers=headers)
    return (yield Call(request, partial(_results, count=len(items)), repeatable=not wants_key, wants_key=wants_key))


def peek(id: ID, *, spiral: bool = False) -> Call[Memory]:
    """Reads one memory without refreshing it. If there is none, or it has faded, it raises NotFoundError."""
    return _get(_at(id), spiral=spiral or None)


def recall(id: ID) -> Call[Memory]:
    """Reads one memory and refreshes it. If there is none, or it has faded, it raises NotFoundError."""
    return Call(Request("POST", _at(id) + ":recall"), read_object, repeatable=False)


def recall_many(ids: Sequence[ID]) -> Batch:
    """Recalls each of ids and returns a result for each, in order; item_error returns what was wrong with one. If the data
    does not fit into one answer, it makes several requests."""
    left, items = [check_id(id) for id in ids], list[BatchItem]()
    while left:
        request = Request("POST", "/v1/sigils:recall", body=write_json({"ids": left}, "ids"))
        got = yield Call(request, partial(_results, count=len(left)), repeatable=False)
        full = [i for i, item in enumerate(got) if i and item.get("problem", {}).get("code") == "answer_full"]
        got = got[: full[0]] if full else got
        items += got
        left = left[len(got) :]
    return items


def forget(id: ID) -> Call[None]:
    """Removes one memory. If there is none, or it has faded, it raises NotFoundError."""
    return Call(Request("DELETE", _at(id)), lambda _: None, repeatable=False)


def forget_with_undo(id: ID) -> Call[str | None]:
    """Is like forget, and returns the time from which on the memory cannot be restored any more, or None if it cannot be
    restored at all."""
    until = "sigil-restorable-until"
    return Call(Request("DELETE", _at(id)), lambda _: None, repeatable=False, read_head=lambda head: head.headers.get(until))


def correct(
    id: ID,
    data: JSON,
    *,
    state: dict[str, JSON] | None = None,
    ttl: Duration | None = None,
    pinned: bool = False,
    tags: Sequence[str] | None = None,
    vector: Sequence[float] | None = None,
    on_duplicate: OnDuplicate | None = None,
    similar: float | None = None,
    idempotency_key: str | None = None,
) -> Call[Memory]:
    """Stores data as a memory that takes the place of another one, and returns it. From then on reads, searches and lists have
    only the new one, and history has both. What is not given is as it was with the old one: tags (if None), state, pin, the end of
    its ttl, life and policy.

    If there is no such memory, it raises NotFoundError; if it was corrected before, ConflictError with code superseded:
    supersededBy of the problem is the memory that took its place. Reads of a superseded memory raise GoneError with that code.
    """
    draft = Draft(data, state, ttl, pinned, tags or (), vector, on_duplicate, similar, idempotency_key)
    key = draft.key()
    headers = {"Idempotency-Key": key["idempotencyKey"]} if key else {}
    members = draft.members() | ({} if tags is None else {"tags": list(tags)})
    request = Request("POST", _at(id) + ":correct", body=write_json(members, "data"), headers=headers)
    return Call(request, read_object, repeatable=bool(key), wants_key=not key)


def history(id: ID, *, limit: int | None = None, cursor: str | None = None, content: bool | None = None) -> Call[VersionPage]:
    """Returns one page of the chain of corrections that a memory belongs to, live or superseded, the newest first. content=False
    leaves out data and state."""
    return _get(_at(id) + "/history", limit=limit, cursor=cursor, content=content)


def restore(id: ID) -> Call[Memory]:
    """Brings back a memory that faded, was evicted or was forgotten, with its id, content, tags, crystal and recalls; its
    idleness starts anew. It is durable then.

    If the memory was never encoded, or its time to be restored is over, it raises NotFoundError; if it was not removed (code
    not_removed), or the daemon keeps no removed memories (undo_off), ConflictError; if the tenant would be over its quota,
    FullError (quota_full).
    """
    return Call(Request("POST", _at(id) + ":restore"), read_object, repeatable=False)


def restore_many(ids: Sequence[ID]) -> Restoring:
    """Restores each of ids and returns a result for each, in order, without the content of the memories; item_error returns
    what was wrong with one."""
    if not ids:
        return []
    return (yield _restore({"ids": [check_id(id) for id in ids]}))["results"]


def restore_span(start: int, end: int) -> Restoring:
    """Restores all memories that journal entries removed whose positions are over start and at most end, in as many requests
    as that needs. It returns a result for each, in the order of the entries; see restore_many."""
    items = list[RestoredItem]()
    while True:
        page = yield _restore({"from": start, "to": end})
        items += page["results"]
        position = page.get("next", end)
        if position >= end:
            return items
        if position <= start:
            raise NotSigilError("the answer does not go on")
        start = position


def erase(
    *,
    ids: Sequence[ID] | None = None,
    tags: Sequence[str] | None = None,
    query: str | None = None,
    all: bool = False,
    dry_run: bool = False,
    by: str = "",
) -> Call[Erased]:
    """Erases memories for good, which exactly one of ids, tags, query and all chooses: nothing of them stays, and they cannot be
    restored. It answers a receipt that the store has signed; with dry_run it only counts.

    When it returns, the bytes have left the files that the store reaches, which may take longer than other calls; remains in the
    receipt says where else they may be. by is the caller or the reason, for the receipt. After an error some may be erased: the same call
    again erases the rest.
    """
    what: dict[str, JSON] = {}
    if ids is not None:
        what["ids"] = [check_id(id) for id in ids]
    if tags is not None:
        what["tags"] = list(tags)
    if query is not None:
        what["query"] = query
    if all:
        what["all"] = True
    if dry_run:
        what["dryRun"] = True
    if by:
        what["by"] = by
    return Call(Request("POST", "/v1/sigils:erase", body=write_json(what, "by")), read_object, repeatable=dry_run)


def erase_one(id: ID) -> Call[Erased]:
    """Erases one memory, live or removed, like erase. If there is none, it raises NotFoundError."""
    return Call(Request("DELETE", _at(id), (("erase", "true"),)), read_object, repeatable=False)


def receipt_key() -> Call[ReceiptKey]:
    """Returns the key with which the receipts of the daemon's store are verified."""
    return _get("/v1/receipts/key")


def removed(*, limit: int | None = None, cursor: str | None = None, content: bool | None = None) -> Call[RemovedPage]:
    """Returns one page of the memories that can be restored, the one removed last first. content=False leaves out data and
    state."""
    return _get("/v1/removed", limit=limit, cursor=cursor, content=content)


def pin(id: ID) -> Call[Memory]:
    """Keeps one memory from fading until it is unpinned. It still ends with its ttl."""
    return Call(Request("POST", _at(id) + ":pin"), read_object)


def unpin(id: ID) -> Call[Memory]:
    """Ends the effect of pin. The memory's idleness is counted from now."""
    return Call(Request("POST", _at(id) + ":unpin"), read_object)


def change(
    id: ID,
    *,
    tags: Sequence[str] | None | Unchanged = UNCHANGED,
    ttl: Duration | None | Unchanged = UNCHANGED,
    life: Duration | None | Unchanged = UNCHANGED,
    pinned: bool | Unchanged = UNCHANGED,
) -> Call[Memory]:
    """Changes tags, ttl, life and pin of one memory, all at once or not at all, and returns it as it is then.

    What is left out stays as it is, and None removes. tags replace all that there were; a ttl counts from createdAt. With
    another life, or unpinned, the memory's idleness is counted from now.
    """
    patch = change_members(tags, ttl, life, pinned)
    return Call(Request("PATCH", _at(id), body=write_json(patch, "tags")), read_object)


def change_members(
    tags: Sequence[str] | None | Unchanged, ttl: Duration | None | Unchanged, life: Duration | None | Unchanged, pinned: bool | Unchanged
) -> dict[str, JSON]:
    """Returns a change as the API has it."""
    patch: dict[str, JSON] = {}
    if not isinstance(tags, Unchanged):
        patch["tags"] = None if tags is None else list(tags)
    if not isinstance(ttl, Unchanged):
        patch["ttl"] = _duration("ttl", ttl)
    if not isinstance(life, Unchanged):
        patch["life"] = _duration("life", life)
    if not isinstance(pinned, Unchanged):
        patch["pinned"] = pinned
    return patch


def related(id: ID, *, limit: int | None = None, min: float | None = None, content: bool = False) -> Call[RelatedPage]:
    """Returns the memories that resonate with one, strongest first, without refreshing any."""
    return _get(_at(id) + "/related", limit=limit, min=min, content=content)


def explain(id: ID) -> Call[Explanation]:
    """Returns why a memory is alive or gone, with the arithmetic and its history."""
    return _get(_at(id) + "/explain")


def list_memories(
    *,
    limit: int | None = None,
    cursor: str | None = None,
    sort: Sort | None = None,
    tags: Sequence[str] = (),
    query: str | None = None,
    crystallized: bool | None = None,
    pinned: bool | None = None,
    pattern: int | None = None,
    fading_after: Time | None = None,
    fading_before: Time | None = None,
    content: bool | None = None,
) -> Call[MemoryPage]:
    """Returns one page of memories, newest first unless sort says otherwise, without refreshing them. query is in
    the language of search, by words alone. The times are exclusive. content=False leaves out data and state."""
    return _get(
        "/v1/sigils", limit=limit, cursor=cursor, sort=sort, tag=tags, q=query, crystallized=crystallized, pinned=pinned,
        pattern=pattern, fadingAfter=_time(fading_after), fadingBefore=_time(fading_before), content=content,
    )  # fmt: skip


def search(
    query: str | None = None,
    *,
    vector: Sequence[float] | None = None,
    like: ID | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    tags: Sequence[str] = (),
    any_tags: Sequence[str] = (),
    not_tags: Sequence[str] = (),
    crystallized: bool | None = None,
    pinned: bool | None = None,
    pattern: int | None = None,
    created_after: Time | None = None,
    created_before: Time | None = None,
    fading_after: Time | None = None,
    fading_before: Time | None = None,
    min_score: float | None = None,
    weights: dict[str, float] | None = None,
    max_bytes: int | None = None,
    recall: bool = False,
    highlight: bool = False,
    explain: bool = False,
    content: bool | None = None,
) -> Call[SearchPage]:
    """Returns one page of what is found by words and by meaning, best first. It needs query, vector, both, or like, the id
    of a memory. It refreshes nothing, unless recall is true. weights has "words", "meaning", "freshness" and "strength"."""
    sent = {
        "query": query, "vector": None if vector is None else list(vector), "like": None if like is None else check_id(like),
        "limit": limit, "cursor": cursor, "tags": list(tags) or None, "anyTags": list(any_tags) or None,
        "notTags": list(not_tags) or None, "crystallized": crystallized, "pinned": pinned, "pattern": pattern,
        "createdAfter": _time(created_after), "createdBefore": _time(created_before), "fadingAfter": _time(fading_after),
        "fadingBefore": _time(fading_before), "minScore": min_score, "weights": weights, "maxBytes": max_bytes,
        "recall": recall or None, "highlight": highlight or None, "explain": explain or None, "content": content,
    }  # fmt: skip
    body = write_json({name: value for name, value in sent.items() if value is not None}, "query")
    return Call(Request("POST", "/v1/sigils:search", body=body), read_object, repeatable=not recall)


def policy() -> Call[TenantPolicy]:
    """Returns the policy that the tenant's memories get at each encode, recall and unpin."""
    return _get("/v1/policy")


def set_policy(policy: str, *, dry_run: bool = False) -> Call[TenantPolicy]:
    """Gives the tenant a policy of its own, such as "halflife h=30d", and brings its memories under it. A dry run changes
    nothing: effect of its answer counts what would fade."""
    body: dict[str, JSON] = {"policy": policy, "dryRun": True} if dry_run else {"policy": policy}
    return Call(Request("PUT", "/v1/policy", body=write_json(body, "policy")), read_object, repeatable=True)


def unset_policy(*, dry_run: bool = False) -> Call[TenantPolicy]:
    """Gives the tenant the daemon's policy instead of its own, like set_policy."""
    query = (("dryRun", "true"),) if dry_run else ()
    return Call(Request("DELETE", "/v1/policy", query), read_object, repeatable=True)


def forecast(
    *,
    within: Duration | None = None,
    policy: str | None = None,
    tags: Sequence[str] = (),
    limit: int | None = None,
    bins: int | None = None,
) -> Call[Forecast]:
    """Returns what fades within a time (24 hours) if nothing is recalled, optionally under a proposed policy."""
    return _get("/v1/forecast", within=_duration("within", within), policy=policy, tag=tags, limit=limit, bins=bins)


def crystals(
    *, limit: int | None = None, cursor: str | None = None, kind: Literal["memory", "pattern"] | None = None, lattice: bool = False
) -> Call[CrystalPage]:
    """Returns one page of crystals: first those of patterns, by group, then those of memories, newest first."""
    return _get("/v1/crystals", limit=limit, cursor=cursor, kind=kind, lattice=lattice or None)


def patterns() -> Call[PatternList]:
    """Returns the patterns that have a live member, by group."""
    return _get("/v1/patterns")


def stats() -> Call[Stats]:
    """Counts the tenant's live memories."""
    return _get("/v1/stats")


def identity() -> Call[Identity]:
    """Returns the sigil of the daemon's own store and the tenant."""
    return _get("/v1/identity")


def events(*, after: Position = 0, limit: int | None = None, latest: bool = False) -> Call[EventPage]:
    """Returns the journal's entries after a position, in order, or with latest the newest ones. A caller that goes on after
    token of each page gets every entry once, and GoneError with the code position_ahead if the store was restored from an older
    copy."""
    return _get("/v1/events", after=after or None, limit=limit, latest=latest or None)


def ready() -> Call[None]:
    """Raises an error unless the daemon accepts requests."""
    return Call(Request("GET", "/readyz"), lambda _: None)


def memories_of(page: MemoryPage) -> list[Memory]:
    """Returns the entries of a page."""
    return page["memories"]


def hits_of(page: SearchPage) -> list[Hit]:
    """Returns the entries of a page."""
    return page["hits"]


def versions_of(page: VersionPage) -> list[Version]:
    """Returns the entries of a page."""
    return page["versions"]


def removed_of(page: RemovedPage) -> list[Removed]:
    """Returns the entries of a page."""
    return page["removed"]


def crystals_of(page: CrystalPage) -> list[Crystal]:
    """Returns the entries of a page."""
    return page["crystals"]


def _restore(what: dict[str, JSON]) -> Call[RestoredPage]:
    return Call(Request("POST", "/v1/sigils:restore", body=write_json(what, "ids")), read_object, repeatable=False)


def _get(path: str, **query: JSON) -> Call[Any]:
    return Call(Request("GET", path, tuple(pair for name, value in query.items() for pair in _pairs(name, value))), read_object)


def _pairs(name: str, value: JSON) -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, bool):
        return [(name, "true" if value else "false")]
    if isinstance(value, (list, tuple)):
        return [(name, _text(name, item)) for item in value]
    return [(name, _text(name, value))]


def _text(name: str, value: JSON) -> str:
    text = str(value)
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidError.local("invalid_utf8", name, "has half of a surrogate pair")
    return text


def _at(id: ID) -> str:
    return "/v1/sigils/" + check_id(id)


def _results(body: bytes, count: int) -> list[BatchItem]:
    results: list[BatchItem] = json.loads(body)["results"]
    if len(results) != count:
        raise ValueError(f"{len(results)} results for {count} items")
    return results


def _time(value: Time | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _duration(name: str, value: Duration | None) -> str | float | None:
    if isinstance(value, timedelta):
        return value / timedelta(seconds=1)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidError.local("invalid_" + name, name, "is not finite")
    return value
