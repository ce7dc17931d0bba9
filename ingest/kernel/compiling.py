"""How the functions of this room are compiled: once, and again when any file of the room has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numba

_ROOM = Path(__file__).parent
_SOURCES = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_ROOM.glob("*.py")))).hexdigest()[:16]

# numba looks only at the file of a function, not at those of the functions that it calls: a folder for each state of the room
numba.config.CACHE_DIR = str(_ROOM / "__pycache__" / f"compiled-{_SOURCES}")

compiled = numba.njit(cache=True, nogil=True)
