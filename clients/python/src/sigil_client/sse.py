"""A parser of server-sent events (the HTML standard, 9.2.6). It does no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import NotSigilError

_MAX_LINE = 1 << 20  # bytes


@dataclass(frozen=True)
class Block:
    """The lines up to an empty one. data is None if there was none; a browser would pass over such a block, but here it
    says after which position a stream begins."""

    event: str
    data: str | None
    id: str | None


class Parser:
    """Makes blocks of bytes as they come. A block that is cut off is never returned."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._started = False
        self._after_cr = False  # the last line ended with CR, so that a LF belongs to it
        self._event = ""
        self._data: list[str] = []
        self._id: str | None = None
        self._any = False

    def feed(self, data: bytes) -> list[Block]:
        """Takes bytes that have arrived, and returns the blocks that are complete."""
        self._buffer += data
        blocks = []
        for line in self._lines():
            block = self._take(line)
            if block is not None:
                blocks.append(block)
        if len(self._buffer) > _MAX_LINE:
            raise NotSigilError("the stream has a line that is too long")
        return blocks

    def _lines(self) -> list[str]:
        data, lines, start = bytes(self._buffer), [], 0
        if data:
            start = 1 if self._after_cr and data[:1] == b"\n" else 0
            self._after_cr = False
        while True:
            ends = [i for i in (data.find(b"\n", start), data.find(b"\r", start)) if i >= 0]
            if not ends:
                break
            end = min(ends)
            lines.append(data[start:end].decode("utf-8", "replace"))
            start = end + 1
            if data[end : end + 1] == b"\r":
                if data[start : start + 1] == b"\n":
                    start += 1
                elif start == len(data):
                    self._after_cr = True
        del self._buffer[:start]
        if lines and not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix("\ufeff")
        return lines

    def _take(self, line: str) -> Block | None:
        if line == "":
            block = Block(self._event, "\n".join(self._data) if self._data else None, self._id) if self._any else None
            self._event, self._data, self._id, self._any = "", [], None, False
            return block
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event, self._any = value, True
        elif name == "data":
            self._data.append(value)
            self._any = True
        elif name == "id" and "\0" not in value:
            self._id, self._any = value, True
        return None  # other fields, and comments, which have no name
