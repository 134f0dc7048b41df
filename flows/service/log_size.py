"""A log that somebody else writes without end: it is kept from filling the disk.

While its database is gone, Prefect's server writes a traceback for every look of each of its loops, day and
night.  What it writes to was opened for appending, so the file can be emptied under it.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

LARGEST_BYTES = 20 * 2**20


def keep_small(log: Path, largest_bytes: int = LARGEST_BYTES) -> bool:
    """Empties a log that has outgrown the limit; what it held is kept once, beside it. True: it was.

    What is written in between is lost; on a full disk nothing is kept, since room is what is wanted there.
    """
    kept = log.with_suffix(f".1{log.suffix}")
    try:
        if log.stat().st_size <= largest_bytes:
            return False
        try:
            shutil.copyfile(log, kept)
        except OSError:
            with suppress(OSError):
                kept.unlink()
        os.truncate(log, 0)
    except OSError:
        return False
    return True
