"""Both clients through a restart of a real daemon: the loops over events miss nothing, and an encode waits for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
import asyncio
import os
import socket
import subprocess
import tempfile
import unittest

from sigil_client import AsyncClient, Client
from server import PATIENCE, take, value

BINARY = os.environ.get("SIGIL_BIN", "")


class Daemon:
    """A daemon that can be stopped, and started again at the same address."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.start()

    def start(self) -> None:
        args = [BINARY, "serve", "--addr", self.address, "--data", str(Path(self.folder, "data"))]
        self.process = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


class Restart(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.assertTrue(BINARY, "SIGIL_BIN must name the program; scripts/clients.sh builds it")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.daemon = Daemon(folder.name)
        self.addCleanup(self.daemon.stop)

    async def through(self, make: Any) -> None:
        def start(function: Any, *args: Any) -> asyncio.Task[Any]:
            return asyncio.create_task(asyncio.to_thread(function, *args) if make is Client else function(*args))

        patient = make(self.daemon.address, timeout=PATIENCE, retries=100)
        await value(patient.ready())
        await value(patient.encode(0))
        live = patient.live()
        for loop in (patient.follow, live.events):
            before = (await value(patient.stats()))["position"]
            lost = asyncio.Event()
            now = asyncio.get_running_loop()
            follow = loop(before, on_disconnect=lambda *_: now.call_soon_threadsafe(lost.set))
            await value(patient.encode(1))
            events = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(take(follow, 2))) if make is Client else take(follow, 2))
            await asyncio.to_thread(self.daemon.stop)
            await asyncio.wait_for(lost.wait(), PATIENCE)
            encoding = start(patient.encode, 2)
            self.daemon.start()
            memory = await encoding
            got = await events
            self.assertEqual([event["position"] for event in got], [before + 1, before + 2])
            self.assertEqual(got[1]["id"], memory["id"])
        await value(live.close())
        await value(patient.close())

    async def test_sync(self) -> None:
        await self.through(Client)

    async def test_asyncio(self) -> None:
        await self.through(AsyncClient)


if __name__ == "__main__":
    unittest.main()
