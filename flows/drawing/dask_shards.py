"""Stage `objects` in shards on Dask workers: one task per shard, then the merge.

Each worker reads the list by the path it is given, so the path must lead to the same file on all of
them.  What comes back is the shard's file, and the union is the certificate of an unsharded draw.

DRAWBRIDGE_DASK_ADDRESS   a scheduler that runs already, such as tcp://10.0.0.5:8786
DRAWBRIDGE_DASK_WORKERS   without one: processes of a cluster of this machine (default: one per core)
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.task_runners import TaskRunner
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from documents.whole_file import write_whole
from draw.canonical import digest, read_source
from draw.reveal import parse_contributions
from flows.drawing.shards import compute_shard, merge_into_certificate
from schemas.errors import DrawbridgeError


class DaskSettings(BaseSettings):
    """Where the shards are computed."""

    model_config = SettingsConfigDict(
        env_prefix="DRAWBRIDGE_DASK_", env_file=".env", extra="ignore", env_ignore_empty=True, frozen=True
    )

    address: str | None = None
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)


def dask_runner(settings: DaskSettings | None = None) -> TaskRunner[Any]:
    """The task runner that the settings name. Raises DrawbridgeError DB-DRAW-095 without prefect-dask."""
    if importlib.util.find_spec("prefect_dask") is None:
        raise DrawbridgeError("DB-DRAW-095", engine="prefect-dask")
    from prefect_dask.task_runners import DaskTaskRunner

    chosen = settings or DaskSettings()
    if chosen.address is not None:
        return DaskTaskRunner(address=chosen.address)
    return DaskTaskRunner(cluster_kwargs=local_cluster(chosen.workers))


def local_cluster(workers: int) -> dict[str, Any]:
    """A cluster of this machine: on loopback, without Dask's own page; a shard takes its worker whole."""
    return {"n_workers": workers, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}


@task(name="draw-shard", description="计算名单的一片。")
def draw_shard(commitment: bytes, values: dict[str, str], eligible: str, index: int, of: int) -> bytes:
    """The file of one shard; plain bytes and text go in and out, whatever machine it runs on."""
    return compute_shard(commitment, values, Path(eligible), index, of, workers=1)


@flow(
    name="draw-in-shards",
    description="大名单分片抽取：各片由 Dask 的工作进程分别计算，合并后与不分片计算的证书逐字节相同。",
    flow_run_name="分片抽取 · {shards} 片",
)
def draw_in_shards(
    commitment: Path, contributions: Path, eligible: Path, output: Path, shards: int = 2
) -> dict[str, object]:
    """Reads the documents, computes the shards where the task runner runs them, writes the certificate.

    Raises what `draw_shards.compute_shard` and `merge_into_certificate` raise.
    """
    promised = read_source(commitment, "commitment")
    values = parse_contributions(read_source(contributions, "contributions"))
    coming = [
        draw_shard.submit(promised, values, str(eligible), index, shards) for index in range(1, shards + 1)
    ]
    files = [(f"{index}/{shards}", one.result()) for index, one in enumerate(coming, 1)]
    certificate = merge_into_certificate(promised, values, files)
    write_whole(output, certificate, code="DB-DRAW-029")
    return {"certificate": str(output), "digest": digest(certificate), "shards": shards}


def draw_on_dask(
    commitment: Path, contributions: Path, eligible: Path, output: Path, shards: int = 2
) -> dict[str, object]:
    """`draw_in_shards` on the task runner of the settings."""
    return draw_in_shards.with_options(task_runner=dask_runner())(
        commitment, contributions, eligible, output, shards
    )
