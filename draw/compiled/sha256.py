"""SHA-256 (FIPS 180-4) of many messages side by side, `LANES` of them in step.

The rounds are written out without a loop, so that the compiler sees straight arithmetic on
32-bit numbers and does it for several lanes with one instruction.  numba widens the sum of two
32-bit numbers, therefore every result is narrowed again by `uint32`.

A *tile* is a flat array of `uint32`: word 0 of all lanes, then word 1 of all lanes, and so on; 8
words of state or digest, 16 of a message block.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, uint32, uint64

LANES = 16
WORDS = 8
"""Words of a digest."""
TILE = LANES * WORDS
"""Numbers in a tile of digests."""

Words = npt.NDArray[np.uint32]


def _root_bits(prime: int, degree: int) -> int:
    """The first 32 bits of the fractional part of the prime's root (FIPS 180-4 §4.2.2, §5.3.3)."""
    scaled, root = prime << 32 * degree, 0
    for bit in reversed(range(40)):
        if (root | 1 << bit) ** degree <= scaled:
            root |= 1 << bit
    return root & 0xFFFFFFFF


_PRIMES = [n for n in range(2, 312) if all(n % divisor for divisor in range(2, n))]
_K = np.array([_root_bits(prime, 3) for prime in _PRIMES], dtype=np.uint32)
_INITIAL = np.array([_root_bits(prime, 2) for prime in _PRIMES[:WORDS]], dtype=np.uint32)


@njit(forceinline=True)
def _rotated(x, count):  # type: ignore[no-untyped-def]
    return uint32(x >> uint32(count) | x << uint32(32 - count))


@njit(forceinline=True)
def _round(a, b, c, d, e, f, g, h, w, k):  # type: ignore[no-untyped-def]
    """One round (§6.2.2): the new values of `d` and `h`; the other six only change their names."""
    big_1 = uint32(_rotated(e, 6) ^ _rotated(e, 11) ^ _rotated(e, 25))
    big_0 = uint32(_rotated(a, 2) ^ _rotated(a, 13) ^ _rotated(a, 22))
    t1 = uint32(h + big_1 + uint32((e & f) ^ (~e & g)) + uint32(w + k))
    t2 = uint32(big_0 + uint32((a & b) ^ (a & c) ^ (b & c)))
    return uint32(d + t1), uint32(t1 + t2)


@njit(forceinline=True)
def _next(w0, w1, w9, w14):  # type: ignore[no-untyped-def]
    """The word sixteen places on in the message schedule."""
    small_0 = uint32(_rotated(w1, 7) ^ _rotated(w1, 18) ^ w1 >> uint32(3))
    small_1 = uint32(_rotated(w14, 17) ^ _rotated(w14, 19) ^ w14 >> uint32(10))
    return uint32(w0 + small_0 + w9 + small_1)


@njit(forceinline=True)
def _sixteen(a, b, c, d, e, f, g, h, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf, t):  # type: ignore[no-untyped-def]
    """Rounds t to t + 15."""
    d, h = _round(a, b, c, d, e, f, g, h, w0, _K[t])
    c, g = _round(h, a, b, c, d, e, f, g, w1, _K[t + 1])
    b, f = _round(g, h, a, b, c, d, e, f, w2, _K[t + 2])
    a, e = _round(f, g, h, a, b, c, d, e, w3, _K[t + 3])
    h, d = _round(e, f, g, h, a, b, c, d, w4, _K[t + 4])
    g, c = _round(d, e, f, g, h, a, b, c, w5, _K[t + 5])
    f, b = _round(c, d, e, f, g, h, a, b, w6, _K[t + 6])
    e, a = _round(b, c, d, e, f, g, h, a, w7, _K[t + 7])
    d, h = _round(a, b, c, d, e, f, g, h, w8, _K[t + 8])
    c, g = _round(h, a, b, c, d, e, f, g, w9, _K[t + 9])
    b, f = _round(g, h, a, b, c, d, e, f, wa, _K[t + 10])
    a, e = _round(f, g, h, a, b, c, d, e, wb, _K[t + 11])
    h, d = _round(e, f, g, h, a, b, c, d, wc, _K[t + 12])
    g, c = _round(d, e, f, g, h, a, b, c, wd, _K[t + 13])
    f, b = _round(c, d, e, f, g, h, a, b, we, _K[t + 14])
    e, a = _round(b, c, d, e, f, g, h, a, wf, _K[t + 15])
    return a, b, c, d, e, f, g, h


@njit(forceinline=True)
def _on(w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf):  # type: ignore[no-untyped-def]
    """The next sixteen words of the message schedule."""
    w0, w1 = _next(w0, w1, w9, we), _next(w1, w2, wa, wf)
    w2, w3 = _next(w2, w3, wb, w0), _next(w3, w4, wc, w1)
    w4, w5 = _next(w4, w5, wd, w2), _next(w5, w6, we, w3)
    w6, w7 = _next(w6, w7, wf, w4), _next(w7, w8, w0, w5)
    w8, w9 = _next(w8, w9, w1, w6), _next(w9, wa, w2, w7)
    wa, wb = _next(wa, wb, w3, w8), _next(wb, wc, w4, w9)
    wc, wd = _next(wc, wd, w5, wa), _next(wd, we, w6, wb)
    we, wf = _next(we, wf, w7, wc), _next(wf, w0, w8, wd)
    return w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf


@njit(nogil=True, cache=True)
def compress(state: Words, message: Words, out: Words) -> None:
    """One block into the state of every lane; `out` is another tile than `state`."""
    n = LANES
    for i in range(LANES):
        s0, s1, s2, s3 = state[i], state[n + i], state[2 * n + i], state[3 * n + i]
        s4, s5, s6, s7 = state[4 * n + i], state[5 * n + i], state[6 * n + i], state[7 * n + i]
        w0, w1, w2, w3 = message[i], message[n + i], message[2 * n + i], message[3 * n + i]
        w4, w5, w6, w7 = message[4 * n + i], message[5 * n + i], message[6 * n + i], message[7 * n + i]
        w8, w9, wa, wb = message[8 * n + i], message[9 * n + i], message[10 * n + i], message[11 * n + i]
        wc, wd, we, wf = message[12 * n + i], message[13 * n + i], message[14 * n + i], message[15 * n + i]
        a, b, c, d, e, f, g, h = _sixteen(
            s0, s1, s2, s3, s4, s5, s6, s7, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf, 0
        )
        w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf = _on(
            w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf
        )
        a, b, c, d, e, f, g, h = _sixteen(
            a, b, c, d, e, f, g, h, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf, 16
        )
        w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf = _on(
            w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf
        )
        a, b, c, d, e, f, g, h = _sixteen(
            a, b, c, d, e, f, g, h, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf, 32
        )
        w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf = _on(
            w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf
        )
        a, b, c, d, e, f, g, h = _sixteen(
            a, b, c, d, e, f, g, h, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf, 48
        )
        out[i], out[n + i], out[2 * n + i], out[3 * n + i] = s0 + a, s1 + b, s2 + c, s3 + d
        out[4 * n + i], out[5 * n + i], out[6 * n + i], out[7 * n + i] = s4 + e, s5 + f, s6 + g, s7 + h


@njit(forceinline=True)
def _fresh(state):  # type: ignore[no-untyped-def]
    for word in range(WORDS):
        for lane in range(LANES):
            state[word * LANES + lane] = _INITIAL[word]


@njit(forceinline=True)
def word_at(text, at):  # type: ignore[no-untyped-def]
    """Four bytes as a number, big-endian; the place is made unsigned, so that nothing counts from the end."""
    place = uint64(at)
    return uint32(
        uint32(text[place]) << uint32(24)
        | uint32(text[place + uint64(1)]) << uint32(16)
        | uint32(text[place + uint64(2)]) << uint32(8)
        | uint32(text[place + uint64(3)])
    )


@njit(forceinline=True)
def _word(text, at, left):  # type: ignore[no-untyped-def]
    """Four bytes of a message of which `left` bytes are still to come, then its end mark 80."""
    if left >= 4:
        return word_at(text, at)
    word = uint32(0)
    for byte in range(left):
        word = uint32(word | uint32(text[at + byte]) << uint32(24 - 8 * byte))
    return uint32(word | uint32(0x80) << uint32(24 - 8 * left)) if left >= 0 else uint32(0)


@njit(nogil=True, cache=True)
def digest_each(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    head: Words,
    mask: int,
) -> Words:
    """H(head ‖ text[begin : begin + length]) of each, in tiles; the last tile repeats the last message.

    `head` is whole words; `mask` is laid over the first word after it (0xFFFFFFFF: as it stands).
    """
    count, heads = len(begins), len(head)
    tiles = (count + LANES - 1) // LANES
    out = np.empty(tiles * TILE, np.uint32)
    state, after, message = (
        np.empty(TILE, np.uint32),
        np.empty(TILE, np.uint32),
        np.empty(2 * TILE, np.uint32),
    )
    blocks = np.empty(LANES, np.int64)
    for tile in range(tiles):
        for lane in range(LANES):
            size = 4 * heads + lengths[min(tile * LANES + lane, count - 1)]
            blocks[lane] = (size + 72) // 64  # 80, eight bytes of length, and up
        _fresh(state)
        for block in range(blocks.max()):
            for lane in range(LANES):
                one = min(tile * LANES + lane, count - 1)
                size, begin = 4 * heads + lengths[one], begins[one] - 4 * heads
                for t in range(16):
                    at = 64 * block + 4 * t
                    if at < 4 * heads:
                        message[t * LANES + lane] = head[t + 16 * block]
                        continue
                    word = _word(text, begin + at, size - at)
                    message[t * LANES + lane] = uint32(word & uint32(mask)) if at == 4 * heads else word
                if block == blocks[lane] - 1:
                    message[15 * LANES + lane] = uint32(8 * size)
            compress(state, message, after)
            _take_over(state, after, blocks, block)
        out[tile * TILE : (tile + 1) * TILE] = state
    return out


@njit(forceinline=True)
def _take_over(state, after, blocks, block):  # type: ignore[no-untyped-def]
    """The new state, in the lanes whose message has this block."""
    for lane in range(LANES):
        if block < blocks[lane]:
            for word in range(WORDS):
                state[word * LANES + lane] = after[word * LANES + lane]


@njit(nogil=True, cache=True)
def node_each(nodes: Words, first: int, pairs: int) -> Words:
    """H(01 ‖ left ‖ right) of neighbours, from node `first` on (RFC 9162 §2.1.1); tiles in, tiles out."""
    out = np.empty((pairs + LANES - 1) // LANES * TILE, np.uint32)
    state, after, message = (
        np.empty(TILE, np.uint32),
        np.empty(TILE, np.uint32),
        np.empty(2 * TILE, np.uint32),
    )
    ending = np.zeros(2 * TILE, np.uint32)
    for lane in range(LANES):
        ending[15 * LANES + lane] = 8 * 65
    for tile in range((pairs + LANES - 1) // LANES):
        _fresh(state)
        for lane in range(LANES):
            left = first + 2 * min(tile * LANES + lane, pairs - 1)
            carried = uint32(1) << uint32(24)  # what the byte 01 pushes from word to word
            for side in range(2):
                node = left + side
                at = node // LANES * TILE + node % LANES
                for word in range(WORDS):
                    value = nodes[at + word * LANES]
                    message[(WORDS * side + word) * LANES + lane] = uint32(carried | value >> uint32(8))
                    carried = uint32(value << uint32(24))
            ending[lane] = uint32(carried | uint32(0x800000))
        compress(state, message, after)
        compress(after, ending, state)
        out[tile * TILE : (tile + 1) * TILE] = state
    return out


def digests_at(digests: Words, indices: npt.NDArray[np.signedinteger[Any]]) -> list[bytes]:
    """Some digests out of tiles, 32 bytes each."""
    tile, lane = np.divmod(indices, LANES)
    data = digests.reshape(-1, WORDS, LANES)[tile, :, lane].astype(">u4").tobytes()
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def digest_at(digests: Words, index: int) -> bytes:
    """One digest out of tiles, 32 bytes."""
    return digests_at(digests, np.array([index]))[0]
