"""An error that nobody foresaw: its kind and the places in the source may be said, its text may not.

That text often quotes what was being read: a row of the roster, a message, an address with a password.
"""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def unexpected(error: BaseException) -> DrawbridgeError:
    """A mistake of the program (DB-CLI-005), or that nothing more can be written (-006)."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return DrawbridgeError("DB-CLI-006", detail=problem(error))
    return DrawbridgeError("DB-CLI-005", kind=type(error).__name__, places=places_of(error))


def places_of(error: BaseException) -> list[str]:
    """File, line and function of each step that led to an error, the innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def causes_of(error: BaseException) -> list[BaseException]:
    """The error and what it came from, the first cause first."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return chain[::-1]
