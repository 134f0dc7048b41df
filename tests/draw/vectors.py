"""draw-vectors.json as the tests read it, and the two steps that they all take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from draw.canonical import canonical
from draw.compute import InspectorFiles, compute_inspectors, compute_objects
from draw.objects import Objection
from draw.substitutes import SeatObjection

PUBLISHED = json.loads((Path(__file__).parent / "draw-vectors.json").read_text("utf-8"))
VECTORS: dict[str, Any] = {vector["name"]: vector for vector in PUBLISHED["vectors"]}
DECISION = {"reason": "注销", "decided_by": "领导小组办公室", "at": "2024-06-01T10:00:00+08:00"}


def files_of(vector: dict[str, Any]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in vector["files"].items()}


def inspector_files(files: dict[str, bytes]) -> InspectorFiles:
    rosters = {
        name.removeprefix("roster-").removesuffix(".txt"): data
        for name, data in files.items()
        if name.startswith("roster-")
    }
    return InspectorFiles(files["objects.txt"], files["forbidden.tsv"], rosters)


def batches(vector: dict[str, Any]) -> list[list[Objection]]:
    return [[Objection(object_id, **DECISION) for object_id in batch] for batch in vector.get("replace", [])]


def compute(vector: dict[str, Any], seats: list[SeatObjection] | None = None) -> bytes:
    """The certificate of a vector, from its commitment, values, files and objections."""
    commitment, files = canonical(vector["commitment"]), files_of(vector)
    if vector["stage"] == "objects":
        return compute_objects(commitment, vector["values"], files["eligible.tsv"], batches(vector))
    return compute_inspectors(commitment, vector["values"], inspector_files(files), seats or [])
