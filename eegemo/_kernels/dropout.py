"""Masks of dropout, by a hash of each number's place."""

import numpy as np
from numba import njit

_LOW = np.uint64(0xFFFFFFFF)
_FIRST, _SECOND = np.uint64(0x7FEB352D), np.uint64(0x846CA68B)
_SHIFTS = np.uint32(16), np.uint32(15)
_BLOCK = 512


# Of each number, 32 bits are stored after each product, so that the compiler sees that
# it may compute with so many; interpreted, products are 64 wide lest they overflow.
@njit(cache=True, nogil=True)
def fill_mask(mask, key, threshold, scale):
    """Write zero with a probability of threshold / 2 ** 16, and else ``scale``.

    mask : array of shape (n,)
    key : uint64 array of shape (2,), of numbers less than 2 ** 32
    threshold : int
    scale : float

    The places, moved by one half of the key and with bits flipped by the other, go
    through the mixer of 32 bits known as lowbias32; each is good for two numbers.
    """
    start, flip = key
    wide, narrow = _SHIFTS
    kept, zero = mask.dtype.type(scale), mask.dtype.type(0)
    bits = np.empty(_BLOCK, np.uint32)
    halves = bits.view(np.uint16)
    for first in range(0, len(mask), 2 * _BLOCK):
        for j in range(_BLOCK):
            bits[j] = ((np.uint64(first + j) + start) & _LOW) ^ flip
        for j in range(_BLOCK):
            bits[j] ^= bits[j] >> wide
            bits[j] = (bits[j] * _FIRST) & _LOW
            bits[j] ^= bits[j] >> narrow
            bits[j] = (bits[j] * _SECOND) & _LOW
            bits[j] ^= bits[j] >> wide
        for j in range(min(2 * _BLOCK, len(mask) - first)):
            mask[first + j] = kept if halves[j] >= threshold else zero
