"""`python -m bench.sync_dlt`: dlt taking a directory over by merge, in a process of its own.

It says `ready` and dlt's version, or `missing`; then for each line of standard input, a JSON object with
`pages` (where the directory is), `size`, `database` (an address as SQLAlchemy writes them) and `folder` (its
own), it merges the whole directory by its code and answers with the seconds that took.  Rows are merged as
they come: nothing is checked.  `peak_mb` is the most memory the process had so far, `idle_mb` before.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import orjson

from bench.figure import peak_mb

PAGE = 500


def pages_of(base: str, size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of each page in order."""
    with httpx.Client() as client:
        for page_no in range(1, -(-size // PAGE) + 1):
            answer = client.get(f"{base}/api/v1/directories/objects?pageNo={page_no}&pageSize={PAGE}")
            yield orjson.loads(answer.content)["data"]["rows"]


def merge(dlt: Any, told: dict[str, Any]) -> dict[str, float]:
    """Seconds of one pass, and seconds of the processor."""
    database = told["database"]
    if database.startswith("sqlite"):
        destination = dlt.destinations.sqlalchemy(database)
    else:
        destination = dlt.destinations.postgres(database)
    pipeline = dlt.pipeline(
        pipeline_name="bench", destination=destination, dataset_name="peer", pipelines_dir=told["folder"]
    )
    rows = dlt.resource(
        pages_of(told["pages"], told["size"]),
        name="objects",
        primary_key="uniscid",
        write_disposition="merge",
        max_table_nesting=0,
    )
    began, cpu = time.perf_counter(), sum(os.times()[:4])
    pipeline.run(rows)
    return {"seconds": time.perf_counter() - began, "cpu": sum(os.times()[:4]) - cpu}


def main() -> None:
    """Answers until nobody asks any more."""
    warnings.simplefilter("ignore")
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what it prints itself is no answer
    try:
        import dlt  # type: ignore[import-not-found]
    except ImportError:
        print(json.dumps({"missing": "dlt is not installed"}), file=answers, flush=True)
        return
    print(json.dumps({"ready": dlt.__version__, "idle_mb": peak_mb()}), file=answers, flush=True)
    for line in sys.stdin:
        taken = merge(dlt, json.loads(line))
        print(json.dumps(taken | {"peak_mb": peak_mb()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
