"""A large list read on all cores: the blocks of `draw.parts` handed out and put together again.

The engine says how a block is read: `compiled` in machine code, on threads; `pure` in plain Python,
on processes.  Both give the same parts.  Where anything is wrong with the list, the plain reader
reads it again and names the first fault, so that refusals do not depend on who read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Literal

from draw.canonical import Source
from draw.frozen import ELIGIBLE, scan_eligible
from draw.lines import Block, blocks_of_lines
from draw.parts import Part, Question, ReadBlock, joined, read_part
from draw.reading import Answer, Reader, Request, answer_of, first_question, next_question, read_twice
from schemas.errors import DrawbridgeError

Engine = Literal["auto", "compiled", "pure"]
Progress = Callable[[int, int], None]
"""Hears how many bytes have been read, of how many."""

# Below this, loading the compiled code, or starting processes, takes longer than reading.
_COMPILED_FROM_BYTES = 4 << 20
_PROCESSES_FROM_BYTES = 24 << 20


def has_compiled() -> bool:
    """Whether numba is here; looked for, not imported, which takes half a second."""
    return importlib.util.find_spec("numba") is not None


def reader_for(
    engine: Engine = "auto", progress: Progress | None = None, workers: int | None = None
) -> Reader:
    """The reader to give to `draw.compute`.

    `auto` takes the compiled engine for a large list, where there is one, and reads a short one plainly.
    Raises DrawbridgeError DB-DRAW-095 for an engine that is not installed.
    """
    if engine == "compiled" and not has_compiled():
        raise DrawbridgeError("DB-DRAW-095", engine=engine)

    def read(eligible: Source, request: Request) -> Answer:
        if engine != "compiled" and not _is_large(eligible, engine):
            return read_twice(eligible, request)
        try:
            return _in_parts(eligible, request, engine, progress, workers)
        except DrawbridgeError:
            scan_eligible(eligible, [name for name, _ in request.strata])  # names the first fault, as ever
            raise

    return read


def _is_large(source: Source, engine: Engine) -> bool:
    """Whether more than one core, or the compiled code, is worth while."""
    compiled = engine != "pure" and has_compiled()
    return length_of(source) >= (_COMPILED_FROM_BYTES if compiled else _PROCESSES_FROM_BYTES)


def length_of(source: Source) -> int:
    """Bytes of the source; 0 where it cannot be looked at, which whoever reads it will say."""
    if isinstance(source, bytes):
        return len(source)
    try:
        return source.stat().st_size
    except OSError:
        return 0


def _in_parts(
    eligible: Source, request: Request, engine: Engine, progress: Progress | None, workers: int | None
) -> Answer:
    question: Question | None = first_question(eligible, request)
    with _pool(engine, workers) as (pool, read_block, ahead):
        while question is not None:
            asked, hasher = question, hashlib.sha256()
            blocks = _hashed(blocks_of_lines(eligible, ELIGIBLE), hasher, progress, length_of(eligible))
            parts = _ahead(pool, partial(_read, read_block, asked), blocks, ahead)
            whole = joined(parts, asked)
            question = next_question(asked, whole, request)
    return answer_of(whole, hasher.hexdigest(), request)


def read_lines_of(
    eligible: Source,
    question: Question,
    first: int,
    end: int | None,
    *,
    whole_digest: bool,
    engine: Engine = "auto",
    progress: Progress | None = None,
    workers: int | None = None,
) -> tuple[Part, str | None]:
    """The part from line index `first` up to `end` (None: to the end), and the SHA-256 of the file.

    The digest only if `whole_digest`: all of the file is read then.  Refuses as `frozen.scan_eligible`
    does within the part.
    """
    hasher = hashlib.sha256() if whole_digest else None
    length = length_of(eligible)
    large = _is_large(eligible, engine)
    chosen: Engine = engine if large or engine == "compiled" else "pure"
    blocks = _hashed(blocks_of_lines(eligible, ELIGIBLE, end), hasher, progress, length)
    with _pool(chosen, workers if large else 1) as (pool, read_block, ahead):
        within = _between(blocks, first, end, to_the_end=whole_digest)
        parts = list(_ahead(pool, partial(_read, read_block, question), within, ahead))
    part = joined(parts, question) if parts else read_part(b"", first, question)
    return part, hasher.hexdigest() if hasher else None


def _hashed(
    blocks: Iterator[Block], hasher: hashlib._Hash | None, progress: Progress | None, length: int
) -> Iterator[Block]:
    done = 0
    for block in blocks:
        if hasher is not None:
            hasher.update(block.data)
        done += len(block.data)
        if progress is not None:
            progress(done, max(length, done))
        yield block


def _between(blocks: Iterator[Block], first: int, end: int | None, *, to_the_end: bool) -> Iterator[Block]:
    """The blocks cut down to the lines from `first` to `end`; reads on behind them only if told to."""
    for block in blocks:
        behind = block.start + block.lines
        if end is not None and block.start >= end:
            if to_the_end:
                continue
            return
        if behind <= first:
            continue
        low, high = 0, len(block.data)
        if block.start < first:
            low = _offset(block.data, first - block.start)
        if end is not None and end < behind:
            high, behind = _offset(block.data, end - block.start), end
        start = max(block.start, first)
        yield Block(block.data[low:high], start, behind - start)


def _offset(block: bytes, lines: int) -> int:
    at = 0
    for _ in range(lines):
        at = block.index(b"\n", at) + 1
    return at


# --- who reads the blocks -----------------------------------------------------------------------------


def _read(read_block: ReadBlock, question: Question, block: Block) -> Part:
    return read_block(block.data, block.start, question)


def _cores() -> int:
    """The cores that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _pool(engine: Engine, workers: int | None) -> Iterator[tuple[Executor | None, ReadBlock, int]]:
    """Who reads, how, and how many blocks may be on their way at once."""
    count = workers or _cores()
    if engine != "pure" and has_compiled():
        from draw.compiled.block import read_block

        pool: AbstractContextManager[Executor | None] = ThreadPoolExecutor(count)
    else:
        read_block = read_part
        # Spawned, not forked: the process may have threads.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(count, context) if count > 1 else nullcontext()
    with pool as executor:
        try:
            yield executor, read_block, 2 * count + 1
        finally:
            if executor is not None:
                executor.shutdown(cancel_futures=True)


def _ahead(
    pool: Executor | None,
    read: Callable[[Block], Part],
    blocks: Iterator[Block],
    ahead: int,
) -> Iterator[Part]:
    """The parts of the blocks in order, a few read ahead, so that memory does not grow with the list."""
    if pool is None:
        yield from map(read, blocks)
        return
    coming: deque[Future[Part]] = deque()
    for block in blocks:
        coming.append(pool.submit(read, block))
        if len(coming) >= ahead:
            yield coming.popleft().result()
    while coming:
        yield coming.popleft().result()
