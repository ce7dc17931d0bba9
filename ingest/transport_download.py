"""A file that is read from front to back over a connection that may break: it is taken up where it broke."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_TRIES = 3
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Part:
    """An open file: what of it is read next, its whole size, and something that changes when the file does."""

    file: Any
    size: int | None
    version: object


class Download(io.RawIOBase):
    """See the module. `open_at` opens the file at a position; `telling` turns errors into InboxUnreachable."""

    def __init__(
        self,
        open_at: Callable[[int], Part],
        telling: Callable[[], Any],
        disconnect: Callable[[], None],
        may_pass: Callable[[Exception], bool],
    ) -> None:
        self._open_at, self._telling, self._disconnect, self._may_pass = open_at, telling, disconnect, may_pass
        self._part: Part | None = None
        self._first: Part | None = None
        self._at = 0

    def begin(self) -> None:
        """Open the file, or open it again where it broke."""
        self._part = self._open_at(self._at)
        self._first = self._first or self._part
        if (self._part.size, self._part.version) != (self._first.size, self._first.version):
            raise ConnectionAbortedError("the file was changed while it was read")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; 0 only at the true end."""
        with self._telling():
            data = self._read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _read(self, size: int) -> bytes:
        for attempt in range(_TRIES + 1):
            try:
                if self._part is None:
                    self.begin()
                assert self._part is not None
                data: bytes = self._part.file.read(size)
                if data or self._part.size is None or self._at >= self._part.size:
                    return data
                raise ConnectionError("the connection ended before the file")
            except ConnectionAbortedError:
                raise
            except FileNotFoundError:
                raise ConnectionAbortedError("the file was taken away while it was read") from None
            except Exception as error:
                if not self._may_pass(error) or attempt == _TRIES:
                    raise
                self._drop()
                self._disconnect()
                time.sleep(_PAUSE_SECONDS * 2**attempt)
        raise AssertionError

    def _drop(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            with suppress(Exception):
                part.file.close()

    def close(self) -> None:
        """Close the file; the connection stays."""
        self._drop()
        super().close()
