"""Many papers: in one process or in two, each file whole or not at all, none twice without need."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple

from documents.paper.press import Press, PressSettings, Typesetter
from documents.whole_file import PRIVATE, write_whole

Progress = Callable[[int, int], None]
"""Called with how many are done, and of how many."""

PROCESSES = 2
_ALONE_BELOW = 120
"""Below so many papers a second process takes longer to start than it saves."""
_PER_TURN = 10


class Job(NamedTuple):
    """A paper to print: where to, with which template, with which data."""

    path: Path
    template: str
    data: dict[str, Any]


class Printed(NamedTuple):
    """What a run of the press did: all files in order, and how many of them were printed anew."""

    paths: list[Path]
    anew: int


def print_all(
    jobs: Sequence[Job],
    settings: PressSettings | None = None,
    *,
    register: Path | None = None,
    progress: Progress | None = None,
    processes: int = PROCESSES,
) -> Printed:
    """Prints every job; files are readable by their owner alone (0600).

    `register` is a file that keeps digests of what was printed from what: a file that is there and
    whose data, template and fonts are the same is left as it is.  Raises DrawbridgeError DB-PAPER-001
    to -003, DB-CLI-004.
    """
    settings = settings or PressSettings()
    if not jobs:
        return Printed([], 0)
    with Press(settings) as press:
        known = _read(register)
        due: list[tuple[Job, str, str]] = []
        for job in jobs:
            data = press.prepared(job.data)
            digest = hashlib.sha256(f"{press.edition}\0{job.template}\0{data}".encode()).hexdigest()
            if known.get(_name(job, register)) != digest or not job.path.exists():
                due.append((job, data, digest))
        done = len(jobs) - len(due)
        turns = [due[start : start + _PER_TURN] for start in range(0, len(due), _PER_TURN)]
        for turn in _printed(turns, press, processes if len(due) >= _ALONE_BELOW else 1):
            done += len(turn)
            known.update({_name(job, register): digest for job, _, digest in turn})
            if progress is not None:
                progress(done, len(jobs))
    if due:
        os.sync()  # all files at once, before the register says that they are there
    if register is not None and due:
        kept = {name: digest for name, digest in known.items() if (register.parent / name).exists()}
        write_whole(register, json.dumps(kept, ensure_ascii=False, indent=0).encode(), mode=PRIVATE)
    return Printed([job.path for job in jobs], len(due))


Turn = list[tuple[Job, str, str]]


def _printed(turns: list[Turn], press: Press, processes: int) -> Iterator[Turn]:
    """Each turn when its files are there."""
    if processes < 2:
        for turn in turns:
            for job, data, _ in turn:
                write_whole(job.path, press.typesetter.print(job.template, data), mode=PRIVATE, flush=False)
            yield turn
        return
    # Spawned, not forked: whoever calls has threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (press.folder, press.families)) as pool:
        waiting: dict[Future[None], Turn] = {
            pool.submit(_print_turn, [(str(job.path), job.template, data) for job, data, _ in turn]): turn
            for turn in turns
        }
        try:
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    future.result()
                    yield waiting.pop(future)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_typesetter: list[Typesetter] = []
"""The compiler of a process of the pool, on the folder of the press that began it."""


def _begin(folder: Path, families: tuple[str, ...]) -> None:
    _typesetter.append(Typesetter(folder, families))


def _print_turn(papers: list[tuple[str, str, str]]) -> None:
    for path, template, data in papers:
        write_whole(Path(path), _typesetter[0].print(template, data), mode=PRIVATE, flush=False)


def _name(job: Job, register: Path | None) -> str:
    return str(job.path if register is None else job.path.relative_to(register.parent))


def _read(register: Path | None) -> dict[str, str]:
    """What is on the register; a register that cannot be read only costs that all is printed anew."""
    try:
        found = json.loads(register.read_bytes()) if register is not None else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
