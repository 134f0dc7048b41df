"""Runs the benchmarks: JSON lines on standard output, a table on standard error.

    python -m bench                 all of them
    python -m bench merkle shards   some
    SCALE=full python -m bench      at full size

Each runs in a process of its own, one after the other, so that memory and warm caches are its
own.  Exit status: 0 if all ran, 1 if one broke; a target that was missed is a finding and no
failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.directory import scale

BENCHMARKS = (
    "draw_objects",
    "draw_memory",
    "merkle",
    "shards",
    "matching",
    "single_file_verifier",
    "browser_page",
    "draw_fairness",
    "audit_speed",
    "audit_power",
    "paper",
    "delivery",
    "delivery_intent",
    "delivery_xml",
    "sheets",
    "sync",
    "sync_memory",
    "statistics",
    "campaign",
    "campaign_counties",
)


def lines_of(name: str) -> Iterator[dict[str, Any]]:
    """The lines that a benchmark prints, as they come. Raises `CalledProcessError` if it breaks."""
    command = [sys.executable, "-m", f"bench.{name}", scale()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            print(text, end="", flush=True)
            if text.startswith("{"):
                yield json.loads(text)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _shown(value: object) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)


def main(names: list[str]) -> int:
    """Runs these benchmarks, or all."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    out, broken = Console(stderr=True, width=160), list[str]()
    table = Table("figure", "size", "ours", "peers", "limit", "ratio", "target", "met", "MiB")
    for name in names or BENCHMARKS:
        began = time.perf_counter()
        try:
            for line in lines_of(name):
                peers = "\n".join(f"{peer} {_shown(value)}" for peer, value in line["peers"].items())
                met = {True: "yes", False: "NO"}.get(line["met"], "")
                cells = [_shown(line[key]) for key in ("limit", "ratio", "target")]
                table.add_row(
                    line["name"],
                    _shown(line["size"]),
                    _shown(line["ours"]),
                    peers,
                    *cells,
                    met,
                    str(line["rss_mb"]),
                )
        except subprocess.CalledProcessError as error:
            broken.append(name)
            out.print(f"{name}: {error}")
        out.print(f"{name} took {time.perf_counter() - began:.0f} s")
    out.print(table)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
