"""Marked people and marked secrets, and where they were found afterwards."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mock_platform.world import World

SECRET = "canary-of-a-secret-4711"
ALERT_TOKEN = "canary-of-an-alert-token-0815"
DATABASE_PASSWORD = "canary-of-a-password-2342"
SECRETS = {SECRET: SECRET, ALERT_TOKEN: ALERT_TOKEN, DATABASE_PASSWORD: DATABASE_PASSWORD}

# What it is -> how each such value begins; nothing else in a campaign does.
PEOPLE = {
    "name": "金丝雀",
    "mobile": "1390000",
    "certificate": "CANARY",
    "representative": "白玉兰",
    "telephone": "1380000",
}
ENTERPRISES = 4


def mark(world: World) -> None:
    """Marks every inspector and every enterprise of the mock.

    One row of each directory is broken, so that it is quarantined with what it holds.  Some projects become
    enterprises: of a project nobody's telephone is taken over.
    """
    with world.lock:
        for number, row in enumerate(world.inspectors):
            row["name"] = f"{PEOPLE['name']}{number:03d}"
            row["mobile"] = f"{PEOPLE['mobile']}{number:04d}"
            row["certNo"] = f"{PEOPLE['certificate']}{number:04d}"
        for number, row in enumerate(world.objects):
            row["leRep"] = f"{PEOPLE['representative']}{number:03d}"
            row["tel"] = f"{PEOPLE['telephone']}{number:04d}"
        for row in world.objects[:ENTERPRISES]:
            row |= {"objectType": "1", "objectId": row["uniscid"], "projectName": None}
        world.inspectors[0]["certValidTo"] = world.inspectors[0]["name"]  # no date
        world.objects[0]["uniscid"] = f"{PEOPLE['telephone']}00000000000"


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and of what is packed in it."""
    data = path.read_bytes()
    yield data
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield archive.read(name)


def found_in(data: bytes, marks: Mapping[str, str]) -> set[str]:
    """What of it stands in these bytes: as UTF-8, as JSON of ASCII alone, as UTF-16."""
    return {
        what
        for what, mark in marks.items()
        for text in {mark.encode(), json.dumps(mark)[1:-1].encode(), mark.encode("utf-16-le")}
        if text in data
    }


def search(folders: Iterable[Path], marks: Mapping[str, str]) -> dict[str, set[str]]:
    """Path below its folder -> what was found in it, for every file that holds any."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                held = set().union(*(found_in(data, marks) for data in contents(path)))
                if held:
                    found[str(path.relative_to(folder))] = held
    return found


def open_to_others(folder: Path) -> list[str]:
    """The folder and the files in it that somebody else on this machine may read or enter."""
    return [str(path) for path in (folder, *folder.rglob("*")) if path.stat().st_mode & stat.S_IRWXO]
