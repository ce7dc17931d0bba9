"""HMAC-SHA-256 (RFC 2104, FIPS 180-4) of 18 characters for compiled functions: what `hashlib` gives, without a call for each id.

The compression is OpenSSL's where it can be had, else our own: three to four times as slow.
"""

from __future__ import annotations

import hashlib
import sys

import numpy as np
from numba import types
from numpy.typing import NDArray

from ingest.kernel.compiling import compiled, openssl

_BLOCK = 64
_ID = 18


def _root_bits(root: int) -> list[int]:
    """The first 32 bits of the fractional parts of the primes' square (2) or cube (3) roots, 64 of them."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, int(n**0.5) + 1))]
    found = []
    for prime in primes[:64]:
        scaled, low, high = prime << (32 * root), 0, 1 << 40
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if middle**root <= scaled else (low, middle)
        found.append(low & 0xFFFFFFFF)
    return found


_K = np.array(_root_bits(3), dtype=np.uint32)
_START = np.array(_root_bits(2)[:8], dtype=np.uint32)


@compiled
def _turn(word, by):
    return np.uint32((word >> np.uint32(by)) | np.uint32(word << np.uint32(32 - by)))


@compiled
def _own_compress(work):
    """One block (words 0 to 15) into the state (words 64 to 71)."""
    for i in range(16, 64):
        x, y = work[i - 15], work[i - 2]
        s0 = _turn(x, 7) ^ _turn(x, 18) ^ (x >> np.uint32(3))
        s1 = _turn(y, 17) ^ _turn(y, 19) ^ (y >> np.uint32(10))
        work[i] = np.uint32(work[i - 16] + s0 + work[i - 7] + s1)
    a, b, c, d, e, f, g, h = work[64], work[65], work[66], work[67], work[68], work[69], work[70], work[71]
    for i in range(64):
        s1 = _turn(e, 6) ^ _turn(e, 11) ^ _turn(e, 25)
        t1 = np.uint32(h + s1 + ((e & f) ^ (~e & g)) + _K[i] + work[i])
        s0 = _turn(a, 2) ^ _turn(a, 13) ^ _turn(a, 22)
        t2 = np.uint32(s0 + ((a & b) ^ (a & c) ^ (b & c)))
        h, g, f, e, d, c, b, a = g, f, e, np.uint32(d + t1), c, b, a, np.uint32(t1 + t2)
    for i, word in enumerate((a, b, c, d, e, f, g, h)):
        work[64 + i] = np.uint32(work[64 + i] + word)


_transform = types.ExternalFunction("SHA256_Transform", types.void(types.voidptr, types.voidptr))


@compiled
def _openssl_compress(work):
    """The same by OpenSSL, of which only the state is looked at, and the block in the order of its bytes."""
    for i in range(16):
        word = work[i]
        half = ((word >> np.uint32(8)) & np.uint32(0x00FF00FF)) | ((word & np.uint32(0x00FF00FF)) << np.uint32(8))
        work[i] = np.uint32((half >> np.uint32(16)) | (half << np.uint32(16)))
    _transform(work[64:].ctypes, work.ctypes)


_compress = _openssl_compress if sys.byteorder == "little" and openssl() else _own_compress


def hmac_states(key: bytes) -> NDArray[np.uint32]:
    """The two hashes that begin with the key, as they stand after its block: 2 × 8 words."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    states = np.empty((2, 8), dtype=np.uint32)
    for row, pad in enumerate((0x36, 0x5C)):
        words = np.frombuffer(bytes(byte ^ pad for byte in block), dtype=">u4").astype(np.uint32)
        work = np.zeros(96, dtype=np.uint32)
        work[:16] = words
        work[64:72] = _START
        _compress(work)
        states[row] = work[64:72]
    return states


@compiled
def hmac_of_18(data, start, states, work, out, o):
    """Write the HMAC of 18 bytes in hex; the place behind it. `work` is room for 96 words."""
    for i in range(16):
        work[i] = 0
    for i in range(_ID):
        work[i // 4] |= np.uint32(np.uint32(data[start + i]) << np.uint32(24 - 8 * (i % 4)))
    work[4] |= np.uint32(0x8000)  # the bit behind the message
    work[15] = (_BLOCK + _ID) * 8
    work[64:72] = states[0]
    _compress(work)
    for i in range(8):
        work[i] = work[64 + i]
        work[8 + i] = 0
    work[8] = 0x80000000
    work[15] = (_BLOCK + 32) * 8
    work[64:72] = states[1]
    _compress(work)
    for i in range(8):
        for shift in range(28, -1, -4):
            digit = (work[64 + i] >> np.uint32(shift)) & np.uint32(15)
            out[o] = 48 + digit if digit < 10 else 87 + digit
            o += 1
    return o
