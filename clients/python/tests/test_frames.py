"""WebSocket frames: fragments, pings, closing, masking, and servers that break the rules."""

from __future__ import annotations

import random
import unittest

from sigil_client import frames
from sigil_client.frames import BINARY, CLOSE, PING, PONG, TEXT, FrameError, Message, Parser

BIG = 1 << 20


def server(opcode: int, data: bytes, final: bool = True) -> bytes:
    """Returns a frame as a server sends it: without a mask."""
    size = len(data)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")
    return bytes([(0x80 if final else 0) | opcode]) + length + data


class Frames(unittest.TestCase):
    def refused(self, code: int, data: bytes, most: int = BIG) -> None:
        with self.assertRaises(FrameError) as caught:
            Parser(most).feed(data)
        self.assertEqual(caught.exception.code, code, data)

    def test_the_example_of_the_standard(self) -> None:
        self.assertEqual(frames.accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        self.assertEqual(frames.encode(TEXT, b"Hello", bytes.fromhex("37fa213d")).hex(), "818537fa213d7f9f4d5158")
        self.assertEqual(Parser(BIG).feed(bytes.fromhex("810548656c6c6f")), [Message(TEXT, b"Hello")])

    def test_masking(self) -> None:
        for size in (0, 1, 3, 4, 5, 125, 126, 127, 65535, 65536):
            data = random.Random(size).randbytes(size)
            sent = frames.encode(BINARY, data, b"\x01\x80\xff\x00")
            start = {True: 6, size >= 126: 8, size >= 65536: 14}[True]
            self.assertEqual(sent[1] & 0x80, 0x80)
            self.assertEqual(sent[start - 4 : start], b"\x01\x80\xff\x00")
            self.assertEqual(bytes(b ^ sent[start - 4 + i % 4] for i, b in enumerate(sent[start:])), data)
            self.assertEqual(frames.mask(frames.mask(data, b"abcd"), b"abcd"), data)
        self.assertNotEqual(frames.encode(TEXT, b"x" * 8), frames.encode(TEXT, b"x" * 8), "two frames have one mask")

    def test_fragments_with_pings_between_at_every_split(self) -> None:
        text = "tea at fünf ☕".encode()
        sent = server(TEXT, text[:9], False) + server(PING, b"?") + server(0, text[9:11], False) + server(0, b"", False)
        sent += server(PONG, b"") + server(0, text[11:]) + server(BINARY, b"\xff" * 300) + server(CLOSE, b"\x03\xf4after=7")
        want = [Message(PING, b"?"), Message(PONG, b""), Message(TEXT, text), Message(BINARY, b"\xff" * 300)]
        want.append(Message(CLOSE, b"\x03\xf4after=7"))
        for step in (1, 2, 3, 7, len(sent)):
            parser = Parser(BIG)
            got = [m for i in range(0, len(sent), step) for m in parser.feed(sent[i : i + step])]
            self.assertEqual(got, want)
            self.assertEqual(parser.feed(b"\xff\xff\xff"), [], "something is read after the close")
        self.assertEqual(want[-1].closed(), (1012, "after=7"))
        self.assertEqual(Message(CLOSE, b"").closed(), (1005, ""))

    def test_closing(self) -> None:
        self.assertEqual(frames.close(1005)[1] & 0x7F, 0)
        sent = frames.close(1000, "done")
        self.assertEqual(frames.mask(sent[6:], sent[2:6]), b"\x03\xe8done")

    def test_what_breaks_the_rules(self) -> None:
        self.refused(1002, b"\xc1\x00")  # a reserved bit
        self.refused(1002, frames.encode(TEXT, b"x"))  # a mask
        self.refused(1002, b"\x83\x00")  # an unknown kind
        self.refused(1002, server(PING, b"x" * 126))
        self.refused(1002, server(PING, b"", False))
        self.refused(1002, server(0, b"x"))  # a fragment of nothing
        self.refused(1002, server(TEXT, b"x", False) + server(TEXT, b"y"))
        self.refused(1002, b"\x82\x7e\x00\x05hello")  # a length that is too long
        self.refused(1002, b"\x82\x7f" + (5).to_bytes(8, "big"))
        self.refused(1002, b"\x82\x7f" + b"\xff" * 8)
        self.refused(1007, server(TEXT, b"\xff"))
        self.refused(1007, server(CLOSE, b"\x03\xe8\xff"))
        for data in (b"\x03", b"\x00\x01", b"\x03\xed", b"\x03\xf7", b"\x13\x88"):
            self.refused(1002, server(CLOSE, data))

    def test_messages_that_are_too_large(self) -> None:
        self.assertEqual(len(Parser(10).feed(server(TEXT, b"x" * 10))), 1)
        self.refused(1009, server(TEXT, b"x" * 11)[:2], 10)  # before its bytes are there
        self.refused(1009, server(TEXT, b"x" * 6, False) + server(0, b"x" * 5), 10)
        self.refused(1009, b"\x82\x7f" + (1 << 62).to_bytes(8, "big"))


if __name__ == "__main__":
    unittest.main()
