"""The contract that all clients pass (clients/contract), sync and asyncio, against the daemons that SIGIL_URLS names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
import asyncio
import inspect
import json
import os
import re
import unittest
import uuid

from sigil_client import AsyncClient, Client, Draft, ProblemError, errors, verify_webhook

from server import take, value

CONTRACT = Path(__file__).resolve().parents[2] / "contract"
URLS = os.environ.get("SIGIL_URLS", "").split()  # of daemons on each store
KINDS = {
    "invalid": errors.InvalidError,
    "not_found": errors.NotFoundError,
    "conflict": errors.ConflictError,
    "gone": errors.GoneError,
    "too_large": errors.TooLargeError,
    "full": errors.FullError,
    "unavailable": errors.UnavailableError,
    "internal": errors.InternalError,
}


def steps(name: str) -> list[dict[str, Any]]:
    """Returns a file of the contract."""
    loaded: list[dict[str, Any]] = json.loads((CONTRACT / f"{name}.json").read_text())
    return loaded


def snake(name: str) -> str:
    return re.sub("[A-Z]", lambda m: "_" + m[0].lower(), name)


def same(want: Any, got: Any, at: str) -> None:
    """Compares an answer with what is expected, by rule 4 of the contract."""
    patterns: dict[str, Callable[[], bool]] = {
        "$id": lambda: bool(str(uuid.UUID(got)) == got),
        "$time": lambda: bool(datetime.strptime(got, "%Y-%m-%dT%H:%M:%S.%fZ")),
        "$number": lambda: type(got) in (int, float),
        "$string": lambda: isinstance(got, str) and len(got) > 0,
    }
    if isinstance(want, dict) and isinstance(got, dict):
        for name, value in want.items():
            same(value, got.get(name), f"{at}.{name}")
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for i, value in enumerate(want):
            same(value, got[i], f"{at}.{i}")
    elif isinstance(want, str) and want in patterns:
        try:
            fits = patterns[want]()
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise AssertionError(f"{at}: {got!r} is not {want}")
    elif isinstance(want, bool) != isinstance(got, bool) or want != got:
        raise AssertionError(f"{at}: got {got!r}, want {want!r}")


class Runner:
    """Runs the steps of a file. do calls a method and reads what it returns to its end, if it is a loop up to count entries."""

    def __init__(self, client: Any, live: Any) -> None:
        self.client, self.live, self.saved = client, live, dict[str, Any]()

    async def do(self, method: Any, args: list[Any], kwargs: dict[str, Any], count: int | None) -> Any:
        returned = method(*args, **kwargs)
        if inspect.isasyncgen(returned) or inspect.isgenerator(returned):
            return await take(returned, count)
        return await value(returned)

    async def step(self, step: dict[str, Any]) -> None:
        kwargs = {snake(name): value for name, value in self.filled(step["args"]).items()}
        count, args = kwargs.pop("count", None), []
        target, name = (self.live, step["call"][5:]) if step["call"].startswith("live.") else (self.client, step["call"])
        name = snake(name)
        if name == "restore_span":
            args, kwargs = [kwargs["from"], kwargs["to"]], {}
        if target is self.live and name == "encode":
            args, kwargs = [Draft(**kwargs)], {}
        if target is self.live and name == "correct":
            args, kwargs = [kwargs.pop("id")], {"draft": Draft(**kwargs)}
        if name == "encode_batch":
            kwargs["drafts"] = [Draft(**{snake(k): v for k, v in draft.items()}) for draft in kwargs["drafts"]]
        try:
            answer = await self.do(getattr(target, name), args, kwargs, count)
        except ProblemError as e:
            if "error" not in step:
                raise
            want = dict(self.filled(step["error"]))
            kind = KINDS[want.pop("kind")]
            if type(e) is not kind:
                raise AssertionError(f"{type(e).__name__} is not {kind.__name__}") from e
            same(want, e.problem, "error")
            return
        if "error" in step:
            raise AssertionError(f"it succeeded: {answer}")
        same(self.filled(step["expect"]), answer, "answer")
        for name, path in step.get("save", {}).items():
            value = answer
            for part in path.split("."):
                value = value[int(part) if isinstance(value, list) else part]
            self.saved[name] = value

    def filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.filled(v) for name, v in value.items()}
        if isinstance(value, list):
            return [self.filled(v) for v in value]
        return self.saved[value[1:]] if isinstance(value, str) and value.startswith("@") else value


class Contract(unittest.TestCase):
    def setUp(self) -> None:
        self.assertTrue(URLS, "SIGIL_URLS must name daemons; scripts/clients.sh starts them")

    def run_steps(self, file: str, make: type[Client] | type[AsyncClient]) -> None:
        for url in URLS:
            with self.subTest(url):
                asyncio.run(self.run_file(url, file, make))

    async def run_file(self, url: str, file: str, make: type[Client] | type[AsyncClient]) -> None:
        client = make(url, tenant=f"py-{uuid.uuid4().hex}")
        live = client.live()
        runner = Runner(client, live)
        for step in steps(file):
            try:
                await runner.step(step)
            except Exception as e:
                raise AssertionError(f"{step['name']}: {e}") from e
        for one in (live, client):
            closed = one.close()
            if closed is not None:
                await closed

    def test_memories_sync(self) -> None:
        self.run_steps("memories", Client)

    def test_memories_asyncio(self) -> None:
        self.run_steps("memories", AsyncClient)

    def test_live_sync(self) -> None:
        self.run_steps("live", Client)

    def test_live_asyncio(self) -> None:
        self.run_steps("live", AsyncClient)

    def test_erase_sync(self) -> None:
        self.run_steps("erase", Client)

    def test_erase_asyncio(self) -> None:
        self.run_steps("erase", AsyncClient)

    def test_undo_sync(self) -> None:
        self.run_steps("undo", Client)

    def test_undo_asyncio(self) -> None:
        self.run_steps("undo", AsyncClient)

    def test_a_body_that_is_refused_before_it_is_read(self) -> None:
        async def run(make: type[Client] | type[AsyncClient]) -> None:
            client = make(URLS[0])
            with self.assertRaises(errors.TooLargeError) as caught:
                encoding = client.encode("x" * (40 << 20))
                if inspect.isawaitable(encoding):
                    await encoding
            self.assertEqual(caught.exception.code, "body_too_large")
            closed = client.close()
            if closed is not None:
                await closed

        asyncio.run(run(Client))
        asyncio.run(run(AsyncClient))

    def test_webhook(self) -> None:
        for case in steps("webhook"):
            with self.subTest(case["name"]):
                valid = True
                try:
                    verify_webhook(
                        case["secret"].encode(), case["signature"], case["body"].encode(), now=case["now"], tolerance=case["tolerance"]
                    )
                except errors.InvalidError:
                    valid = False
                self.assertEqual(valid, case["valid"])


if __name__ == "__main__":
    unittest.main()
