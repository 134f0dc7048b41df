"""A list in Parquet, turned into the eligible.tsv that is drawn from.

DuckDB does it in memory, as a reader of one file: no database is opened or left behind (decision 0007).
"""

from __future__ import annotations

import glob
import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from draw.canonical import Source
from draw.frozen import ELIGIBLE
from schemas.errors import DrawbridgeError

_COLUMNS = ("object_id", "stratum", "uscc")
_MAGIC = b"PAR1"


def is_parquet(source: Source) -> bool:
    """Whether a file begins and ends as Parquet does, which no eligible.tsv can: it ends in a line feed."""
    if isinstance(source, bytes):
        return False
    try:
        with source.open("rb") as file:
            head = file.read(4)
            file.seek(0, 2)
            if head != _MAGIC or file.tell() < 12:
                return False
            file.seek(-4, 2)
            return file.read(4) == _MAGIC
    except OSError:
        return False  # whoever reads the list says why


@contextmanager
def as_tsv(source: Source) -> Iterator[Source]:
    """The source itself, or while the block lasts a temporary eligible.tsv with the rows of a Parquet file.

    Rows stay in the file's order, and whatever eligible.tsv must not hold is refused when it is read.
    Raises DrawbridgeError DB-DRAW-095 if DuckDB is not installed, 097 if the three columns are not
    there as text without nulls.
    """
    if not isinstance(source, Path) or not is_parquet(source):
        yield source
        return
    if importlib.util.find_spec("duckdb") is None:
        raise DrawbridgeError("DB-DRAW-095", engine="duckdb")
    with tempfile.TemporaryDirectory(prefix="drawbridge-") as folder:
        target = Path(folder) / ELIGIBLE
        _convert(source, target, Path(folder))
        yield target


def _convert(source: Path, target: Path, folder: Path) -> None:
    import duckdb

    with duckdb.connect(":memory:") as engine:
        engine.execute("SET memory_limit = '256MB'")
        engine.execute("SET temp_directory = ?", [str(folder)])
        try:
            rows = engine.read_parquet(glob.escape(str(source)))
            types = dict(zip(rows.columns, map(str, rows.types), strict=True))
            wrong = [name for name in _COLUMNS if types.get(name) != "VARCHAR"]
            wrong = wrong or [
                name for name in _COLUMNS if rows.filter(f'"{name}" IS NULL').limit(1).fetchall()
            ]
            if wrong:
                raise DrawbridgeError("DB-DRAW-097", name=source.name, problem="、".join(wrong))
            # Without a quote character a value is written as it stands, whatever is in it.
            rows.project(", ".join(_COLUMNS)).write_csv(
                str(target), sep="\t", header=False, quotechar="", escapechar=""
            )
        except duckdb.Error as error:
            problem = str(error).splitlines()[0].replace(str(source), source.name)
            raise DrawbridgeError("DB-DRAW-097", name=source.name, problem=problem) from None
