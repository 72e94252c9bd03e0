"""WebSocket frames (RFC 6455), as a client sends and reads them. It does no I/O."""

from __future__ import annotations

from dataclasses import dataclass
import base64
import hashlib
import os

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_CONTINUATION = 0
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class FrameError(Exception):
    """The other side broke the protocol. code is what to close the connection with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Message:
    """A whole message (TEXT or BINARY), or a control frame."""

    opcode: int
    data: bytes

    def closed(self) -> tuple[int, str]:
        """Returns the code and the reason of a CLOSE; 1005 stands for none."""
        if not self.data:
            return 1005, ""
        return int.from_bytes(self.data[:2], "big"), self.data[2:].decode("utf-8")


def new_key() -> str:
    """Returns a value for Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16)).decode()


def accept_of(key: str) -> str:
    """Returns the Sec-WebSocket-Accept that a server answers to a key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()


def mask(data: bytes, key: bytes) -> bytes:
    """Returns data masked with a key of four bytes, which also undoes it."""
    repeated = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")


def encode(opcode: int, data: bytes, key: bytes | None = None) -> bytes:
    """Returns one frame of a client, which is the whole message. key is for tests; it must not be guessable."""
    key = os.urandom(4) if key is None else key
    size = len(data)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 1 << 16:
        length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return bytes([0x80 | opcode]) + length + key + mask(data, key)


def close(code: int, reason: str = "") -> bytes:
    """Returns a close frame. 1005 stands for none, as in what Message.closed returns."""
    data = b"" if code == 1005 else code.to_bytes(2, "big") + reason.encode()[:123]
    return encode(CLOSE, data)


class Parser:
    """Makes messages of the bytes that a server sends. It raises FrameError, after which it must not be used."""

    def __init__(self, max_message: int) -> None:
        self._max = max_message
        self._buffer = bytearray()
        self._parts: list[bytes] = []  # of a message in fragments
        self._size = 0
        self._opcode = 0  # of that message; 0 if there is none
        self._closed = False

    def feed(self, data: bytes) -> list[Message]:
        """Takes bytes that have arrived, and returns the messages and control frames that are complete, in order."""
        self._buffer += data
        messages = []
        while not self._closed:
            frame = self._frame()
            if frame is None:
                break
            message = self._take(*frame)
            if message is not None:
                messages.append(message)
        return messages

    def _frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        final, opcode, size = bool(buffer[0] & 0x80), buffer[0] & 0x0F, buffer[1] & 0x7F
        if buffer[0] & 0x70:
            raise FrameError(1002, "a frame has bits that were not agreed on")
        if buffer[1] & 0x80:
            raise FrameError(1002, "a frame of the server is masked")
        if opcode not in (_CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise FrameError(1002, "a frame is of an unknown kind")
        if opcode >= CLOSE and (size > 125 or not final):
            raise FrameError(1002, "a control frame is too long, or in fragments")
        start = 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            size, least = int.from_bytes(buffer[2:start], "big"), 126 if size == 126 else 1 << 16
            if size < least or size >= 1 << 63:
                raise FrameError(1002, "a frame's length is not in its shortest form")
        if opcode < CLOSE and self._size + size > self._max:
            raise FrameError(1009, "a message is too large")
        if len(buffer) < start + size:
            return None
        data = bytes(buffer[start : start + size])
        del buffer[: start + size]
        return final, opcode, data

    def _take(self, final: bool, opcode: int, data: bytes) -> Message | None:
        if opcode >= CLOSE:
            if opcode == CLOSE:
                self._check_close(data)
                self._closed = True
            return Message(opcode, data)
        if (opcode == _CONTINUATION) != (self._opcode != 0):
            raise FrameError(1002, "the fragments of a message are out of order")
        self._opcode = self._opcode or opcode
        self._parts.append(data)
        self._size += len(data)
        if not final:
            return None
        message = Message(self._opcode, b"".join(self._parts))
        self._parts, self._size, self._opcode = [], 0, 0
        if message.opcode == TEXT:
            _check_text(message.data)
        return message

    @staticmethod
    def _check_close(data: bytes) -> None:
        if not data:
            return
        code = int.from_bytes(data[:2], "big")
        if len(data) == 1 or not (3000 <= code < 5000 or 1000 <= code <= 1014 and code not in (1004, 1005, 1006)):
            raise FrameError(1002, "a close frame has no valid code")
        _check_text(data[2:])


def _check_text(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise FrameError(1007, "a text is not UTF-8") from None
