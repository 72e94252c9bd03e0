"""The parsers of HTTP and of server-sent events, byte by byte, and addresses."""

from __future__ import annotations

import unittest

from sigil_client import InvalidError, NotSigilError, http, sse


class HTTP(unittest.TestCase):
    def read(self, data: bytes, step: int = 1 << 20) -> tuple[http.Parser, bytes]:
        parser, body = http.Parser(), b""
        for i in range(0, len(data), step):
            parser.feed(data[i : i + step])
            body += parser.take()
        return parser, body

    def test_answers_at_every_split(self) -> None:
        for sent, status, body, reusable in [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc", True),
            (b"HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 0\r\n\r\n", 200, b"", False),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc", False),
            (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n", 200, b"abc0123456789", True),
        ]:
            for step in (1, 2, 5, len(sent)):
                parser, got = self.read(sent, step)
                assert parser.head is not None
                self.assertEqual((parser.head.status, got, parser.done, parser.reusable), (status, body, True, reusable), sent)
            for cut in range(len(sent)):
                parser, _ = self.read(sent[:cut])
                self.assertFalse(parser.done or parser.end(), sent[:cut])

    def test_a_body_up_to_the_end_of_the_connection(self) -> None:
        parser, body = self.read(b"HTTP/1.1 200 OK\r\n\r\nabc")
        self.assertEqual((body, parser.done, parser.end(), parser.reusable), (b"abc", False, True, False))

    def test_what_follows_an_upgrade(self) -> None:
        parser, _ = self.read(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00")
        self.assertEqual((parser.done, parser.rest), (True, b"\x81\x00"))

    def test_what_is_not_http(self) -> None:
        for sent in (
            b"SSH-2.0", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1." + b"x" * (65 << 10),
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        ):  # fmt: skip
            with self.assertRaises(NotSigilError, msg=sent):
                self.read(sent)

    def test_addresses(self) -> None:
        for address, shown, host in [
            ("", "http://127.0.0.1:7433", "127.0.0.1:7433"),
            (":7433", "http://127.0.0.1:7433", "127.0.0.1:7433"),
            ("https://u:p%20w@example.org/behind/", "https://example.org/behind", "example.org"),
            ("http://[::1]:80", "http://[::1]", "[::1]"),
        ]:
            base = http.Base.parse(address)
            self.assertEqual((str(base), base.authority), (shown, host))
        self.assertEqual(http.Base.parse("http://u:p%20w@x").authorization, "Basic dTpwIHc=")

    def test_a_header_cannot_end_a_line(self) -> None:
        with self.assertRaises(InvalidError):
            http.write(http.Base.parse(""), {"X": "a\r\nY: b"}, http.Request("GET", "/"))


class Events(unittest.TestCase):
    def test_blocks_at_every_split(self) -> None:
        text = "\ufeff: hello\r\nretry: 1000\nid: 41\n\nid:42\ndata: a\rdata:b\r\revent: lagged\r\ndata: ü\r\n\r\n\ndata\n\nid: 43\ndata: cut off"
        want = [
            sse.Block("", None, "41"), sse.Block("", "a\nb", "42"), sse.Block("lagged", "ü", None), sse.Block("", "", None),
        ]  # fmt: skip
        sent = text.encode()
        for step in (1, 2, 3, len(sent)):
            parser = sse.Parser()
            self.assertEqual([b for i in range(0, len(sent), step) for b in parser.feed(sent[i : i + step])], want)

    def test_a_line_that_is_too_long(self) -> None:
        with self.assertRaises(NotSigilError):
            sse.Parser().feed(b"data: " + b"x" * (1 << 20))


if __name__ == "__main__":
    unittest.main()
