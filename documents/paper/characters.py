"""Characters that a font can print, and what stands for those that it cannot.

Names come with private-use characters from systems that were made before Unicode had the character.
GB 18030-2022 (like its editions of 2005 and 2000 before it) says which Unicode character most of
them are; the others mean something in one computer alone, and are printed as 〓 with a note.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

GETA = "〓"
"""Stands for a character that cannot be printed (下駄記号, in Chinese typesetting 缺字号)."""

NOTE_KEY = "missing_characters"
"""Under this member of a paper's data its template finds the code points of what 〓 stands for."""

# GB 18030-2022, annex D: two-byte codes whose Unicode character was a private one before (18), and the
# six components that were coded twice; 0xA8BC had moved in 2005 already.
_MOVED = {
    0xE7C7: 0x1E3F,
    0xE78D: 0xFE10,
    0xE78E: 0xFE12,
    0xE78F: 0xFE11,
    0xE790: 0xFE13,
    0xE791: 0xFE14,
    0xE792: 0xFE15,
    0xE793: 0xFE16,
    0xE794: 0xFE17,
    0xE795: 0xFE18,
    0xE796: 0xFE19,
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE831: 0x215D7,
    0xE832: 0x9FB8,
    0xE83B: 0x2298F,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE855: 0x241FE,
    0xE864: 0x9FBB,
}
# Row FE of GBK: U+E815 to U+E864 stood for FE50 to FEA0 (there is no FE7F) until GB 18030-2000 gave them
# their characters.
_ROW_FE = 0xE815
_VARIATION_SELECTORS = frozenset([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])


@cache
def private_use() -> dict[str, str]:
    """Private-use character -> the Unicode character that GB 18030-2022 has in its place."""
    found = {chr(old): chr(new) for old, new in _MOVED.items()}
    for place in range(80):
        code = 0x50 + place + (place >= 0x2F)
        character = bytes((0xFE, code)).decode("gb18030")
        if unicodedata.category(character) != "Co":
            found.setdefault(chr(_ROW_FE + place), character)
    return found


def printable(text: str, has_glyph: Callable[[str], bool]) -> tuple[str, list[str]]:
    """The text as it is printed, and the characters (in order) that 〓 stands for in it.

    Private-use characters become what GB 18030-2022 has for them; variation selectors and control
    characters (but for line feeds) are left out, a tab is a space.
    """
    out: list[str] = []
    missing: list[str] = []
    for character in text:
        kept = private_use().get(character, character)
        if kept == "\n":
            out.append(kept)
        elif kept == "\t":
            out.append(" ")
        elif unicodedata.category(kept) in ("Cc", "Cf") or ord(kept) in _VARIATION_SELECTORS:
            continue
        elif has_glyph(kept):
            out.append(kept)
        else:
            out.append(GETA)
            missing.append(character)
    return "".join(out), missing


def prepared(data: Mapping[str, Any], has_glyph: Callable[[str], bool]) -> str:
    """A paper's data as JSON that its fonts can print, with `missing_characters` as `["U+E000", …]`."""
    plain = json.dumps({**data, NOTE_KEY: []}, ensure_ascii=False)
    if all(map(has_glyph, set(plain) - {"\n"})) and not any(c in plain for c in private_use()):
        return plain
    missing: dict[str, None] = {}

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            text, gone = printable(value, has_glyph)
            missing.update(dict.fromkeys(gone))
            return text
        if isinstance(value, Mapping):
            return {key: walk(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [walk(entry) for entry in value]
        return value

    walked = walk(data)
    return json.dumps({**walked, NOTE_KEY: [code_point(one) for one in missing]}, ensure_ascii=False)


def code_point(character: str) -> str:
    """`U+20BB7` as the standard writes it."""
    return f"U+{ord(character):04X}"
