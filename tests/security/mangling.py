"""Bytes that are nearly right: what a reader meets when somebody wants it to stumble."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

# What has stopped readers of these formats elsewhere.
MARKUP = (
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    b"<!ENTITY x 'y'>",
    b"&x;",
    b"<![CDATA[",
    b"]]>",
    b"<?xml version='1.0' encoding='UTF-7'?>",
    b"<?xml-stylesheet href='http://127.0.0.1:9/'?>",
    b"xmlns:x='u'",
    b"&#0;",
    b"&#x110000;",
    b"<a>" * 300,
)
JSON = (
    b"NaN",
    b"1e400",
    b"-Infinity",
    b'"\\ud800"',
    b"[" * 500,
    b'{"a":1,"a":2}',
    b"9" * 5000,
    b"null",
    b'"code":"00",',
)
TABLE = (
    b"=cmd|'/c calc'!A1",
    b'"',
    b'""',
    b"\r",
    b"\n",
    b"\t",
    b";",
    b",",
    b"\x1a",
    b"9.1E+17",
    "＝".encode(),
)
PLAN = (b"&a ", b"*a", b"<<: *a", b"!!python/name:os.system", b"---\n", b"? ", b"| ", b"[" * 200, b"\t")
BYTES = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x81\x30\x81\x30", b"\xed\xa0\x80", b"\xe2\x80\xae", b"")

Change = Callable[[bytes], bytes]


def _splice(at: float, length: int, put: bytes) -> Change:
    def change(data: bytes) -> bytes:
        where = int(at * len(data))
        return data[:where] + put + data[where + length :]

    return change


def _again(at: float, length: int, times: int) -> Change:
    def change(data: bytes) -> bytes:
        where = int(at * len(data))
        return data[:where] + data[where : where + length] * times + data[where + length :]

    return change


def mangled(seeds: Sequence[bytes], tokens: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of the seeds with up to six pieces cut out, put in or repeated; or any bytes at all."""
    place = st.floats(0, 1)
    puts = st.sampled_from([*tokens, *BYTES]) | st.binary(max_size=6)
    change = st.builds(_splice, place, st.sampled_from([0, 0, 1, 5, 40]), puts) | st.builds(
        _again, place, st.integers(1, 60), st.sampled_from([2, 3, 50])
    )

    def applied(seed: bytes, changes: list[Change]) -> bytes:
        for one in changes:
            seed = one(seed)
        return seed

    return st.builds(applied, st.sampled_from(seeds), st.lists(change, max_size=6)) | st.binary(max_size=80)


def mangled_archives(seed: bytes, tokens: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A workbook with one of its parts mangled and packed again, or with the archive itself mangled."""
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def packed(name: str, content: bytes, added: bool) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, data in parts.items():
                archive.writestr(part, content if part == name else data)
            if added:
                archive.writestr("../../outside.xml", content)
        return stream.getvalue()

    inside = st.sampled_from(sorted(parts)).flatmap(
        lambda name: st.builds(packed, st.just(name), mangled([parts[name]], tokens), st.booleans())
    )
    return inside | mangled([seed], BYTES)
