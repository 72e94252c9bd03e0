"""HTTP/1.1 as bytes: requests to send, and a parser of answers. It does no I/O, so that both clients share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlencode, urlsplit
import base64

from .errors import InvalidError, NotSigilError

DEFAULT_ADDRESS = "127.0.0.1:7433"
_MAX_HEAD = 64 << 10  # bytes of a status line with its headers


@dataclass(frozen=True)
class Request:
    """A request, without what is the same for all requests of a client."""

    method: str
    path: str  # only literals and escaped ids
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Base:
    """The daemon's address, taken apart."""

    secure: bool
    host: str
    port: int
    path: str  # in front of every path, without a slash at its end
    authorization: str  # the value of the header, or ""

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """The value of the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    @staticmethod
    def parse(address: str) -> Base:
        """Reads "https://host:port/path", "host:port", or "" for the default. It raises InvalidError, without the
        address, which may have a password in it."""

        def invalid(detail: str) -> InvalidError:
            return InvalidError.local("invalid_address", "address", detail)

        address = address or DEFAULT_ADDRESS
        if "://" not in address:
            address = "http://" + address
        if not address.isascii() or any(c <= " " or c == "\x7f" for c in address):
            raise invalid("is neither host:port nor a URL")
        try:
            url = urlsplit(address)
            port = url.port
        except ValueError:
            raise invalid("is neither host:port nor a URL") from None
        if url.scheme not in ("http", "https"):
            raise invalid("must begin with http:// or https://, or be host:port")
        if not url.netloc:
            raise invalid("names no host")
        if url.query or url.fragment:
            raise invalid("must not have a query or fragment")
        authorization = ""
        if url.username is not None:
            pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
            authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        secure = url.scheme == "https"
        if port is None:
            port = 443 if secure else 80
        return Base(secure, url.hostname or "127.0.0.1", port, url.path.rstrip("/"), authorization)


def write(base: Base, headers: Mapping[str, str], request: Request) -> bytes:
    """Returns the bytes of a request. The request's own headers replace those of the client."""
    target = base.path + request.path
    if request.query:
        target += "?" + urlencode(request.query, quote_via=quote)
    lines = {"Host": base.authority, **headers, **request.headers}
    if base.authorization:
        lines.setdefault("Authorization", base.authorization)
    if request.body is not None:
        lines.setdefault("Content-Type", "application/json")
    if request.body is not None or request.method == "POST":
        lines["Content-Length"] = str(len(request.body or b""))
    for name, value in lines.items():
        if any(ord(c) < 0x20 or ord(c) > 0x7E for c in value):
            raise InvalidError.local("invalid_header", name, "must be printable ASCII")
    head = f"{request.method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode("ascii") + b"\r\n" + (request.body or b"")


@dataclass(frozen=True)
class Head:
    """The status and the headers of an answer. Names of headers are in small letters."""

    status: int
    reason: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    head: Head
    body: bytes


class Parser:
    """Reads one answer from bytes as they come. After feed or end, head is set once it is there, take returns the
    body's bytes so far, and done says that the answer is complete. It raises NotSigilError if this is not HTTP."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self.done = False
        self.reusable = False  # once done: whether the connection can carry another request
        self._buffer = bytearray()
        self._body = bytearray()
        self._left: int | None = 0  # bytes of the body or chunk still to come; None: until the connection ends
        self._chunked = False
        self._state = "head"

    def feed(self, data: bytes) -> None:
        """Takes bytes that have arrived."""
        self._buffer += data
        while not self.done and self._step():
            pass

    def end(self) -> bool:
        """Takes the end of the connection, and returns whether the answer is complete."""
        if self._state == "body" and self._left is None:
            self.done = True
        return self.done

    def take(self) -> bytes:
        """Returns the bytes of the body that have not been taken."""
        taken = bytes(self._body)
        self._body.clear()
        return taken

    @property
    def rest(self) -> bytes:
        """What has arrived behind the answer."""
        return bytes(self._buffer)

    def _step(self) -> bool:
        """Reads one more piece, and returns False if more bytes are needed."""
        if self._state == "head":
            return self._read_head()
        if self._state == "body":
            return self._read_body()
        line = self._line()
        if line is None:
            return False
        if self._state == "size":
            size = line.split(b";", 1)[0].strip()
            if not size or len(size) > 15 or size.strip(b"0123456789abcdefABCDEF"):
                raise NotSigilError("the answer has a chunk without a size")
            self._left = int(size, 16)
            self._state = "body" if self._left else "trailer"
        elif self._state == "after chunk":
            if line:
                raise NotSigilError("the answer has a chunk that is longer than its size")
            self._state = "size"
        elif not line:  # the end of the trailer
            self.done = True
        return True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise NotSigilError("the answer has a line that is too long")
            return None
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD or not b"HTTP/1.".startswith(self._buffer[:7]):
                raise NotSigilError("the answer is not HTTP")
            return False
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        version, _, status_line = lines[0].partition(" ")
        status, _, reason = status_line.partition(" ")
        if not version.startswith("HTTP/1.") or len(status) != 3 or not (status.isascii() and status.isdigit()):
            raise NotSigilError("the answer is not HTTP")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        head = Head(int(status), reason, headers)
        if 100 <= head.status < 200 and head.status != 101:
            return True  # the answer proper follows
        self.head = head
        self._measure(version, head)
        return True

    def _measure(self, version: str, head: Head) -> None:
        """Finds out where the body ends."""
        length = head.headers.get("content-length")
        self._state = "body"
        self.reusable = version == "HTTP/1.1" and "close" not in head.headers.get("connection", "").lower()
        if head.status in (101, 204, 304):
            self.done = True
        elif "chunked" in head.headers.get("transfer-encoding", "").lower():
            self._chunked, self._state = True, "size"
        elif length is None:
            self._left, self.reusable = None, False
        elif not (length.isascii() and length.isdigit()) or len(length) > 15:
            raise NotSigilError("the answer has no valid length")
        else:
            self._left = int(length)
            self.done = self._left == 0

    def _read_body(self) -> bool:
        part = self._buffer if self._left is None else self._buffer[: self._left]
        self._body += part
        count = len(part)
        del self._buffer[:count]
        if self._left is None:
            return False
        self._left -= count
        if self._left:
            return False
        if self._chunked:
            self._state = "after chunk"
        else:
            self.done = True
        return True
