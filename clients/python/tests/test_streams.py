"""Both clients follow the journal through broken connections, and use a live connection that misbehaves."""

from __future__ import annotations

from typing import Any
import asyncio
import json
import unittest

from sigil_client import AsyncClient, Client, ClosedError, ConflictError, Draft, GoneError, NotSigilError, UnreachableError
from sigil_client import errors, frames
from server import Answer, BothClients, Server, problem, stream, take, value

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
GREETING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n"


def entry(position: int) -> str:
    return f'id: {position}\ndata: {{"position":{position},"kind":"encoded"}}\n\n'


def text(**message: Any) -> bytes:
    data = json.dumps(message).encode()
    return bytes([0x81, 126]) + len(data).to_bytes(2, "big") + data if len(data) > 125 else bytes([0x81, len(data)]) + data


class LiveServer(Server):
    """Opens WebSockets. Each connection sends what stands for it in script, and waits for a message of the client before
    each b""."""

    def __init__(self, *script: list[bytes]) -> None:
        super().__init__()
        self.script = list(script)
        self.messages: list[tuple[int, bytes]] = []

    def _serve(self, connection: Any) -> None:
        with connection, connection.makefile("rb") as reader:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += reader.read(1)
            key = head.decode().split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
            connection.sendall(GREETING.format(frames.accept_of(key)).encode())
            for part in self.script.pop(0):
                if part:
                    connection.sendall(part)
                else:
                    self._message(reader)
            try:
                while self._message(reader):
                    pass
            except OSError:
                pass

    def _message(self, reader: Any) -> bool:
        head = reader.read(2)
        if len(head) < 2:
            return False
        size = head[1] & 0x7F
        if size == 126:
            size = int.from_bytes(reader.read(2), "big")
        key = reader.read(4)
        self.messages.append((head[0] & 0x0F, frames.mask(reader.read(size), key)))
        self._come.put(None)
        return True


class Common:
    class Streams(BothClients):
        async def test_follow_goes_on_where_it_was(self) -> None:
            lost: list[type] = []
            recalls: list[Any] = []
            recalled = 'event: recalled\ndata: {"memories":[],"more":true}\n\n'
            async with Server(
                stream("retry: 1000\nid: 3\n\n", entry(4), "event: lagged\ndata: {}\n\n" + entry(5)[:-3]),
                problem(503, "not_ready"),
                Answer(close=True),
                stream(entry(5) + recalled, "event: reconnect\ndata: {}\n\n"),
                stream(entry(6), close=False),
            ) as server:
                client = self.client(server.url)
                loop = client.follow(on_disconnect=lambda e, pause: lost.append(type(e)), on_recall=recalls.append)
                self.assertEqual([event["position"] for event in await take(loop, 3)], [4, 5, 6])
                await value(client.close())
            queries = [request.line.split()[1].partition("?")[2] for request in server.requests]
            self.assertEqual(queries, ["recalls=true"] + ["after=4&recalls=true"] * 3 + ["after=5&recalls=true"])
            self.assertEqual(lost, [UnreachableError, errors.UnavailableError, UnreachableError, errors.RestartError])
            self.assertEqual(recalls, [{"memories": [], "more": True}])
            self.assertTrue(0.05 <= self.pauses[0] <= 0.1 and 0.1 <= self.pauses[1] <= 0.2 and self.pauses[3] <= 0.1, self.pauses)

        async def test_follow_goes_on_after_tokens(self) -> None:
            def known(position: int) -> str:
                token = f"{position}-000000000000000a"
                return f'id: {token}\ndata: {{"position":{position},"token":"{token}"}}\n\n'

            ahead = 'event: problem\ndata: {"type":"","title":"","status":410,"code":"position_ahead","newest":2}\n\n'
            async with Server(stream("retry: 1000\nid: 3-00000000000000ff\n\n"), stream(known(4)), stream(ahead)) as server:
                client = self.client(server.url)
                with self.assertRaises(GoneError) as caught:
                    await take(client.follow("2-0123456789abcdef"), 2)
                self.assertEqual((caught.exception.problem["code"], caught.exception.problem["newest"]), ("position_ahead", 2))
                await value(client.close())
            queries = [request.line.split()[1].partition("?")[2] for request in server.requests]
            self.assertEqual(queries, ["after=2-0123456789abcdef", "after=3-00000000000000ff", "after=4-000000000000000a"])

        async def test_follow_ends_when_it_cannot_go_on(self) -> None:
            gone = 'event: problem\ndata: {"type":"","title":"","status":410,"code":"position_gone","oldest":9}\n\n'
            async with Server(stream(entry(1), gone)) as server:
                client = self.client(server.url)
                with self.assertRaises(GoneError) as caught:
                    await take(client.follow(0))
                self.assertEqual(caught.exception.problem["oldest"], 9)
                await value(client.close())

        async def test_follow_of_what_is_no_journal(self) -> None:
            async with Server(stream("data: []\n\n")) as server:
                client = self.client(server.url)
                with self.assertRaises(NotSigilError):
                    await take(client.follow(0))
                await value(client.close())

        async def test_live_answers_pings_and_closing(self) -> None:
            script = [b"", b"\x89\x01?", text(type="answer", id=1, memory={"id": ID}), b"", b"", b"\x88\x02\x03\xf4"]
            async with LiveServer(script) as server:
                client = self.client(server.url)
                live = client.live()
                self.assertEqual((await value(live.recall(ID)))["id"], ID)
                error = await self.fails(errors.RestartError, lambda: live.recall(ID))
                self.assertIsInstance(error, UnreachableError)
                await value(live.close())
                await value(client.close())
            self.assertEqual(json.loads(server.messages[0][1]), {"id": 1, "op": "recall", "memory": ID})
            self.assertEqual(server.messages[1], (frames.PONG, b"?"))
            self.assertEqual(server.messages[3], (frames.CLOSE, b"\x03\xf4"))

        async def test_live_encodes_again_under_a_key(self) -> None:
            cut, whole = [b"", b"\x88\x00"], [b"", text(type="answer", id=1, memory={"id": ID})]
            async with LiveServer(cut, whole) as server:
                client = self.client(server.url)
                live = client.live()
                self.assertEqual((await value(live.encode(Draft("tea", idempotency_key="k"))))["id"], ID)
                await value(live.close())
                await value(client.close())
            sent = [json.loads(data) for opcode, data in server.messages if opcode == frames.TEXT]
            self.assertEqual(sent, [{"id": 1, "op": "encode", "sigil": {"data": "tea"}, "idempotencyKey": "k"}] * 2)

        async def test_live_with_a_server_that_breaks_the_rules(self) -> None:
            for broken in (b"\x83\x00", b"\x81\x02[]", b"\x81\x01\xff"):
                async with LiveServer([b"", broken]) as server:
                    client = self.client(server.url)
                    live = client.live()
                    await self.fails(NotSigilError, lambda: live.recall(ID))
                    await value(live.close())
                    await value(client.close())

        async def test_live_is_not_opened_by_another_answer(self) -> None:
            accepts = Answer(GREETING.format("wrong").encode(), close=True)
            for answer, kind in ((accepts, NotSigilError), (problem(409, "conflict"), ConflictError)):
                async with Server(answer) as server:
                    client = self.client(server.url)
                    live = client.live()
                    await self.fails(kind, lambda: live.forget(ID))
                    await value(live.close())
                    await value(client.close())

        async def test_live_subscribes_again_after_a_break(self) -> None:
            events = [text(type="answer", id=1, after=3), text(type="events", events=[{"position": 4}, {"position": 5}])]
            again = [b"", text(type="answer", id=1, after=5), text(type="events", events=[{"position": 6}]), b"", text(type="answer", id=2)]
            async with LiveServer([b"", *events, b"\x88\x00"], again) as server:
                client = self.client(server.url)
                live = client.live()
                self.assertEqual([event["position"] for event in await take(live.events(3), 3)], [4, 5, 6])
                await value(live.close())
                await value(client.close())
            sent = [json.loads(data) for opcode, data in server.messages if opcode == frames.TEXT]
            self.assertEqual([(m["op"], m.get("after")) for m in sent], [("subscribe", 3), ("subscribe", 5), ("unsubscribe", None)])

        async def test_live_subscribes_again_after_tokens(self) -> None:
            first = [text(type="answer", id=1, after=3, token="3-000000000000000a"), b"\x88\x00"]
            events = [{"position": 4, "token": "4-000000000000000b"}]
            second = [b"", text(type="answer", id=1, after=3, token="3-000000000000000a"), text(type="events", events=events), b"\x88\x00"]
            third = [b"", text(type="answer", id=1, after=4), text(type="events", events=[{"position": 5}]), b"", text(type="answer", id=2)]
            async with LiveServer([b"", *first], second, third) as server:
                client = self.client(server.url)
                live = client.live()
                self.assertEqual([event["position"] for event in await take(live.events("3-000000000000000a"), 2)], [4, 5])
                await value(live.close())
                await value(client.close())
            sent = [json.loads(data).get("after") for opcode, data in server.messages if opcode == frames.TEXT]
            self.assertEqual(sent, ["3-000000000000000a", "3-000000000000000a", "4-000000000000000b", None])

        async def test_live_ends_its_loop(self) -> None:
            async with LiveServer([b"", text(type="answer", id=1, after=0)]) as server:
                client = self.client(server.url)
                live = client.live()
                first = take(live.events(0))
                loop = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(first)) if self.make is Client else first)
                await server.has_come()
                with self.assertRaises(ConflictError):
                    await take(live.events(0))
                await value(live.close())
                with self.assertRaises(ClosedError):
                    await loop
                await self.fails(ClosedError, lambda: live.recall(ID))
                await value(client.close())


class SyncStreams(Common.Streams):
    make = Client


class AsyncStreams(Common.Streams):
    make = AsyncClient


class Cancellation(unittest.IsolatedAsyncioTestCase):
    async def test_a_canceled_loop_closes_its_stream(self) -> None:
        async with Server(stream(entry(1), close=False)) as server:
            async with AsyncClient(server.url) as client:
                begun = asyncio.Event()

                async def loop() -> None:
                    async for _ in client.follow(0):
                        begun.set()

                task = asyncio.create_task(loop())
                await begun.wait()
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                await server.has_left()

    async def test_many_requests_at_once_of_which_one_is_canceled(self) -> None:
        answers = [text(type="answer", id=n, memory={"id": str(n)}) for n in (3, 1, 2, 4)]
        async with LiveServer([b""] * 4 + answers) as server:
            async with AsyncClient(server.url) as client, client.live() as live:
                calls = [asyncio.create_task(live.recall(ID)) for _ in range(3)]
                await server.has_come(3)
                calls[0].cancel()
                self.assertEqual((await live.recall(ID))["id"], "4")
                self.assertEqual([(await call)["id"] for call in calls[1:]], ["2", "3"])
                with self.assertRaises(asyncio.CancelledError):
                    await calls[0]


if __name__ == "__main__":
    unittest.main()
