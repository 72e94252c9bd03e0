"""Both clients against a server that misbehaves: errors, retries, connections, time, cancellation."""

from __future__ import annotations

import asyncio
import json
import socket
import unittest

from sigil_client import (
    AsyncClient,
    Client,
    ClosedError,
    ConflictError,
    Draft,
    FullError,
    InvalidError,
    NotFoundError,
    NotSigilError,
    ProblemError,
    UnavailableError,
    UnreachableError,
)
from server import Answer, BothClients, Server, ok, problem, take, value

ID = "01890a5d-ac96-774b-bcce-b302099a8057"


class Common:
    class Calls(BothClients):
        async def test_what_is_sent(self) -> None:
            async with Server(ok({"id": ID}), ok({"memories": [], "next": None})) as server:
                client = self.client(server.url + "/behind/", tenant="acme", headers={"Authorization": "Bearer x"})
                await value(client.encode({"ü": 1}, ttl=90, pinned=True, tags=["a"], idempotency_key="k"))
                await value(client.list(tags=["a b", "ü&"], pinned=False, sort="fades"))
                await value(client.close())
            first, second = server.requests
            self.assertEqual(first.line, "POST /behind/v1/sigils HTTP/1.1")
            self.assertEqual(first.headers["sigil-tenant"], "acme")
            self.assertEqual(first.headers["authorization"], "Bearer x")
            self.assertEqual(first.headers["idempotency-key"], "k")
            self.assertEqual(json.loads(first.body), {"data": {"ü": 1}, "ttl": 90, "pinned": True, "tags": ["a"]})
            self.assertEqual(second.line, "GET /behind/v1/sigils?sort=fades&tag=a%20b&tag=%C3%BC%26&pinned=false HTTP/1.1")
            self.assertEqual(server.connections, 1, "the connection was not reused")

        async def test_an_encode_is_repeated_under_its_own_key(self) -> None:
            async with Server(Answer(close=True), problem(503, "unavailable", "Retry-After: 7\r\n"), ok({"id": ID})) as server:
                client = self.client(server.url)
                self.assertEqual((await value(client.encode("tea")))["id"], ID)
                await value(client.close())
            keys = {request.headers["idempotency-key"] for request in server.requests}
            self.assertEqual((len(server.requests), len(keys)), (3, 1))
            self.assertTrue(0.05 <= self.pauses[0] <= 0.1, self.pauses)
            self.assertEqual(self.pauses[1], 7, "Retry-After was not heeded")

        async def test_a_batch_gets_one_key_for_items_without(self) -> None:
            results = {"results": [{"status": 201, "id": ID}, {"status": 201, "id": ID}]}
            async with Server(problem(503, "busy"), ok(results)) as server:
                client = self.client(server.url)
                await value(client.encode_batch([Draft("a"), Draft("b", idempotency_key="k")], ids_only=True))
                await value(client.close())
            self.assertEqual(server.requests[0].headers["idempotency-key"], server.requests[1].headers["idempotency-key"])
            self.assertEqual(server.requests[0].headers["prefer"], "return=minimal")
            self.assertEqual(json.loads(server.requests[0].body)[1], {"data": "b", "idempotencyKey": "k"})

        async def test_no_retries_no_key(self) -> None:
            async with Server(problem(503, "busy")) as server:
                client = self.client(server.url, retries=0)
                await self.fails(UnavailableError, lambda: client.encode("tea"))
                await value(client.close())
            self.assertNotIn("idempotency-key", server.requests[0].headers)

        async def test_a_recall_of_unknown_outcome_is_not_repeated(self) -> None:
            for method in ("recall", "forget"):
                async with Server(Answer(close=True), ok({"id": ID})) as server:
                    client = self.client(server.url)
                    error = await self.fails(UnreachableError, lambda: getattr(client, method)(ID))
                    self.assertTrue(error.sent)
                    await value(client.close())
                self.assertEqual(len(server.requests), 1)

        async def test_a_recall_that_was_refused_is_repeated(self) -> None:
            async with Server(problem(503, "busy"), problem(429, ""), ok({"id": ID})) as server:
                client = self.client(server.url)
                self.assertEqual((await value(client.recall(ID)))["id"], ID)
                await value(client.close())

        async def test_retries_end(self) -> None:
            async with Server(*[problem(503, "unavailable", "Retry-After: 1\r\n")] * 9) as server:
                client = self.client(server.url, retries=2)
                error = await self.fails(UnavailableError, client.stats)
                self.assertEqual(error.retry_after, 1)
                await value(client.close())
            self.assertEqual(len(server.requests), 3)

        async def test_a_wait_beyond_the_timeout_is_not_waited_for(self) -> None:
            async with Server(problem(503, "unavailable", "Retry-After: 3600\r\n")) as server:
                client = self.client(server.url)
                self.assertEqual((await self.fails(UnavailableError, client.stats)).retry_after, 3600)
                await value(client.close())
            self.assertEqual(self.pauses, [])

        async def test_kinds_of_errors(self) -> None:
            for status, code, kind in [
                (404, "not_found", NotFoundError), (404, "unknown_path", ProblemError), (409, "quota_full", FullError),
                (422, "idempotency_mismatch", ConflictError), (422, "x", InvalidError), (403, "forbidden_host", ProblemError),
            ]:  # fmt: skip
                async with Server(problem(status, code)) as server:
                    client = self.client(server.url, retries=0)
                    error = await self.fails(kind, client.stats)
                    self.assertEqual((error.status, error.code), (status, code))
                    await value(client.close())

        async def test_strangers(self) -> None:
            plain = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"
            for sent, words in [
                (plain % (b"404 Not Found", 19, b"404 page not found\n"), "404 Not Found: 404 page not found (GET /v1/stats"),
                (plain % (b"301 Moved", 0, b""), "the daemon answered 301"),
                (plain % (b"200 OK", 6, b"<html>"), "is not that of a sigil daemon"),
                (plain % (b"200 OK", 2, b"[]"), "is not that of a sigil daemon"),
                (plain % (b"400 Bad", 9, b"\x1b[31mx\xff\n "), "\ufffd[31mx\ufffd"),
                (b"SSH-2.0-OpenSSH_9.2p1\r\n", "is not HTTP"),
            ]:
                async with Server(Answer(sent, close=True)) as server:
                    client = self.client(server.url)
                    error = await self.fails(NotSigilError, client.stats)
                    self.assertIn(words, str(error))
                    await value(client.close())

        async def test_nothing_listens(self) -> None:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                url = f"127.0.0.1:{taken.getsockname()[1]}"
            client = self.client(url)
            error = await self.fails(UnreachableError, lambda: client.recall(ID))
            self.assertFalse(error.sent)
            self.assertIn("sigil serve", str(error))
            self.assertEqual(len(self.pauses), 3, "what was certainly not sent is tried again, whatever it is")

        async def test_an_answer_that_breaks_off(self) -> None:
            async with Server(Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", close=True)) as server:
                client = self.client(server.url, retries=0)
                await self.fails(UnreachableError, client.stats)
                await value(client.close())

        async def test_the_time_is_up(self) -> None:
            async with Server(Answer(hold=True)) as server:
                client = self.client(server.url, timeout=0.05, retries=0)
                self.assertIn("within 0.05 s", str(await self.fails(UnreachableError, client.stats)))
                await value(client.close())

        async def test_a_connection_that_the_daemon_closed_is_not_reused(self) -> None:
            answer = ok({"id": ID})
            answer.close = True
            async with Server(answer, ok({"id": ID})) as server:
                client = self.client(server.url, retries=0)
                await value(client.recall(ID))
                idle = client._idle[0]
                while not idle.stale():  # as soon as the network has delivered it
                    await asyncio.sleep(0)
                await value(client.recall(ID))
                await value(client.close())
            self.assertEqual(server.connections, 2)

        async def test_pages(self) -> None:
            pages = [{"memories": [{"id": "1"}], "next": "c"}, {"memories": [], "next": "d"}, {"memories": [{"id": "2"}], "next": None}]
            async with Server(*map(ok, pages)) as server:
                client = self.client(server.url)
                self.assertEqual([memory["id"] for memory in await take(client.list_all(limit=1))], ["1", "2"])
                await value(client.close())
            self.assertIn("limit=1&cursor=d", server.requests[2].line)

        async def test_recall_many_goes_on_where_an_answer_was_full(self) -> None:
            full = {"status": 413, "problem": {"code": "answer_full", "status": 413}}
            one = {"status": 200, "memory": {"id": ID}}
            async with Server(ok({"results": [one, full]}), ok({"results": [one]})) as server:
                client = self.client(server.url)
                self.assertEqual(await value(client.recall_many([ID, ID])), [one, one])
                await value(client.close())
            self.assertEqual(json.loads(server.requests[1].body), {"ids": [ID]})

        async def test_restore_span_goes_on_where_an_answer_ended(self) -> None:
            one = {"status": 200, "id": ID, "memory": {"id": ID}}
            pages = [ok({"restored": 1, "results": [one], "next": 7}), ok({"restored": 1, "results": [one], "next": 9})]
            stuck = ok({"restored": 0, "results": [], "next": 3})
            async with Server(*pages, stuck) as server:
                client = self.client(server.url)
                self.assertEqual(await value(client.restore_span(3, 9)), [one, one])
                await self.fails(NotSigilError, lambda: client.restore_span(3, 9))
                await value(client.close())
            self.assertEqual([json.loads(r.body)["from"] for r in server.requests], [3, 7, 3])

        async def test_what_is_refused_before_it_is_sent(self) -> None:
            client = self.client("127.0.0.1:1")
            for call, code, field in [
                (lambda: client.encode(float("nan")), "invalid_json", "data"),
                (lambda: client.encode("\ud800"), "lone_surrogate", "data"),
                (lambda: client.encode("tea", idempotency_key="a\nb"), "invalid_idempotency_key", "Idempotency-Key"),
                (lambda: client.encode_batch([Draft(1), Draft({2})]), "invalid_json", "1/data"),
                (lambda: client.peek("../stats"), "invalid_id", "id"),
            ]:
                error = await self.fails(InvalidError, call)
                self.assertEqual((error.status, error.code, error.field), (0, code, field))
            for address in ("ftp://x", "http://", "http://x/?q", "http://x:port", "http://u:p w@x"):
                with self.assertRaises(InvalidError) as caught:
                    self.client(address)
                self.assertNotIn("p w", str(caught.exception))
            with self.assertRaises(InvalidError):
                self.client("", tenant="a/b")

        async def test_closed(self) -> None:
            client = self.client("127.0.0.1:1")
            await value(client.close())
            await self.fails(ClosedError, client.stats)


class SyncCalls(Common.Calls):
    make = Client


class AsyncCalls(Common.Calls):
    make = AsyncClient


class Cancellation(unittest.IsolatedAsyncioTestCase):
    async def test_a_canceled_call_closes_its_connection(self) -> None:
        async with Server(Answer(hold=True), ok({"memories": 1})) as server:
            async with AsyncClient(server.url) as client:
                call = asyncio.create_task(client.stats())
                await server.has_come()
                call.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await call
                await server.has_left()  # the server sees the connection end
                self.assertEqual((await client.stats())["memories"], 1)

    async def test_a_call_canceled_while_it_waits_to_try_again(self) -> None:
        async with Server(problem(503, "busy", "Retry-After: 20\r\n")) as server:
            async with AsyncClient(server.url) as client:
                call = asyncio.create_task(client.stats())
                await server.has_come()
                call.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await call

    async def test_a_timeout_of_the_caller(self) -> None:
        async with Server(Answer(hold=True)) as server:
            async with AsyncClient(server.url) as client:
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.stats(), 0.05)


if __name__ == "__main__":
    unittest.main()
