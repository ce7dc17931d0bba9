"""How the functions of this room are compiled: once, and again when any file of the room has changed."""

from __future__ import annotations

import ctypes.util
import hashlib
from pathlib import Path

import numba
from llvmlite import binding

_ROOM = Path(__file__).parent
_SOURCES = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_ROOM.glob("*.py")))).hexdigest()[:16]

# numba looks only at the file of a function, not at those of the functions that it calls: a folder for each state of the room
numba.config.CACHE_DIR = str(_ROOM / "__pycache__" / f"compiled-{_SOURCES}")

compiled = numba.njit(cache=True, nogil=True)


def openssl() -> bool:
    """Let compiled functions call OpenSSL, which uses what the processor has for SHA-256; whether it is there."""
    name = ctypes.util.find_library("crypto")
    if name is None:
        return False
    try:
        binding.load_library_permanently(name)
    except RuntimeError:
        return False
    return bool(binding.address_of_symbol("SHA256_Transform"))
