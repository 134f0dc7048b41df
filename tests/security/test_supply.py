"""What is installed: every package by hash, wherever the machine gets it from, under a licence we know."""

from __future__ import annotations

import importlib.metadata
import re

import pytest

from tests.end_to_end.installation import PROJECT

LOCKS = sorted(path.name for path in PROJECT.glob("requirements*.lock"))

# As packages state them: SPDX expressions, names, classifiers; each lets an office use it and hand it on.
KNOWN = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python-2\.0|Python Software Foundation|MPL|Mozilla|LGPL|Lesser General|"
    r"Unlicense|CC0|HPND|CNRI|Artistic",
    re.IGNORECASE,
)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_a_hash_and_no_index_is_named(lock: str) -> None:
    text = (PROJECT / lock).read_text("utf-8")
    pinned = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pinned) > 1
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not re.search(r"https?://|--index-url|--find-links|file:", text)


def test_every_licence_is_known() -> None:
    strange = []
    for one in importlib.metadata.distributions():
        meta = one.metadata
        stated = [meta.get("License-Expression") or "", (meta.get("License") or "")[:200]]
        stated += [name for name in meta.get_all("Classifier") or () if name.startswith("License")]
        if not KNOWN.search(" ".join(stated)):
            strange.append((meta["Name"], stated))
    assert strange == []
