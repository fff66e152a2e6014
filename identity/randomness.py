"""Random bytes for ids and nonces, read from the system in large chunks."""

import os
import weakref
from collections.abc import Callable

_CHUNKS = 256


class RandomPool:
    """Returns chunks of `width` random bytes, each exactly once across threads and forked children.

    A nonce that is used twice under one AES-GCM key breaks its authentication. `list.pop` is atomic, and a forked child
    starts with an empty pool. `read(n)` must return n unpredictable bytes; it is called for 256 chunks at a time.
    """

    __slots__ = ("__weakref__", "_chunks", "_read", "_width")

    def __init__(self, width: int, read: Callable[[int], bytes] = os.urandom) -> None:
        self._width = width
        self._read = read
        self._chunks: list[bytes] = []
        _POOLS.add(self)

    def draw(self) -> bytes:
        try:
            return self._chunks.pop()
        except IndexError:
            width = self._width
            data = self._read(width * _CHUNKS)
            first, *rest = (data[at : at + width] for at in range(0, len(data), width))
            self._chunks.extend(rest)
            return first

    def clear(self) -> None:
        self._chunks.clear()


def _clear_pools() -> None:
    for pool in _POOLS:
        pool.clear()


_POOLS: "weakref.WeakSet[RandomPool]" = weakref.WeakSet()
os.register_at_fork(after_in_child=_clear_pools)
