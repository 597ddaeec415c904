"""Memory that one training step frees is kept for the next one."""

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # numbers of glibc's malloc.h
_LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Ask the C library not to give freed memory back to the system, for the rest of the process.

    Every step of a training makes and frees tensors of the same sizes. glibc takes a large block
    from the system and gives it back when it is freed, and for the next step the system clears
    each page of it again: for a small model a tenth of the time. Kept memory is used again by this
    process, but by no other one, until it ends. Results do not change.

    Source: mallopt(3), M_MMAP_MAX and M_TRIM_THRESHOLD.

    Returns:
        Whether it was done: on Linux with glibc. Elsewhere nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _LARGEST_INT))
