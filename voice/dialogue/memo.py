"""Caches of what was worked out from somebody's words, emptied when those are forgotten."""

from collections.abc import Callable
from functools import _lru_cache_wrapper, lru_cache
from typing import TypeVar
from weakref import WeakSet

R = TypeVar("R")

_caches: "WeakSet[_lru_cache_wrapper[object]]" = WeakSet()


def remembered(maxsize: int) -> Callable[[Callable[..., R]], "_lru_cache_wrapper[R]"]:
    """As `functools.lru_cache`."""

    def decorate(function: Callable[..., R]) -> "_lru_cache_wrapper[R]":
        cached = lru_cache(maxsize=maxsize)(function)
        _caches.add(cached)
        return cached

    return decorate


def forget() -> None:
    """Empty them all."""
    for cached in list(_caches):
        cached.cache_clear()
