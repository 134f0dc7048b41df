"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

PRIVATE = 0o600
"""Permissions of a file that names people: its owner alone."""

CANNOT_WRITE = "DB-CLI-004"


def write_whole(
    path: Path, data: bytes, *, mode: int = 0o644, code: str = CANNOT_WRITE, flush: bool = True
) -> None:
    """Writes a file under a temporary name in the same folder, lets it reach the disk, then renames it.

    A reader, or a run after a power failure, meets the former file or the new one, never a part.
    `mode` holds from the first byte on.  Without `flush` it has not reached the disk yet: of a thousand
    files, the caller sees to that once, by `os.sync`.
    Raises DrawbridgeError `code` (facts `path`, `detail`); a former file is then left as it was.
    """
    with whole_file(path, mode=mode, code=code, flush=flush) as temporary:
        temporary.write_bytes(data)


@contextmanager
def whole_file(
    path: Path, *, mode: int = 0o644, code: str = CANNOT_WRITE, flush: bool = True
) -> Iterator[Path]:
    """The same for what writes into a file by itself: a name to write to, which becomes `path` at the end.

    Nothing becomes of it if the block raises.  OSError of the block and of the renaming is raised as
    DrawbridgeError `code`.  A symbolic link stays, and what it points to is replaced; a folder or a
    device is refused.
    """
    temporary: Path | None = None
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            # The renaming would put a plain file in the place of /dev/null.
            detail = "这是一个文件夹" if target.is_dir() else "不是普通文件"
            raise DrawbridgeError(code, path=path, detail=detail)
        # mkstemp makes the file readable by its owner alone, whatever the umask.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=f".part{target.suffix}")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        if flush:
            _flush(temporary)
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        raise DrawbridgeError(code, path=path, detail=problem(error)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    if not flush:
        return
    with suppress(OSError):
        # The file is there; that some file systems cannot flush a folder takes nothing from it.
        _flush(target.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
