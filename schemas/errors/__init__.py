"""One error type, one catalogue.

Every refusal that a person may meet is a `DrawbridgeError` with a stable code
(`DB-AREA-NNN`).  Its wording lives in the TOML files beside this module, one
per area, so that the text can be read, translated and listed in the runbook
without running anything::

    [DB-DRAW-001]
    zh = "名单第 {line} 行重复了对象 {object_id}。"   # what is so
    act = "请删去重复的行后重新冻结名单。"            # what to do
    en = "Line {line} of the list repeats object {object_id}."

Facts fill the placeholders.  They must never hold personal data (names of
people, identity numbers, telephone numbers): `str()` of the exception goes to
logs, to Prefect states and to terminals.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True)
class Entry:
    """The wording of one code: Chinese sentence, Chinese advice, English sentence."""

    zh: str
    act: str
    en: str


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Entry]:
    """Every code with its wording, sorted by code.

    Raises `ValueError` if two files define one code: a code has one meaning.
    """
    found: dict[str, Entry] = {}
    for path in sorted(files(__name__).iterdir(), key=lambda p: p.name):
        if not path.name.endswith(".toml"):
            continue
        for code, texts in tomllib.loads(path.read_text("utf-8")).items():
            if code in found:
                raise ValueError(f"{code} is defined twice, again in {path.name}")
            found[code] = Entry(**texts)
    return dict(sorted(found.items()))


class DrawbridgeError(Exception):
    """A refusal with a stable code; `str()` is one safe line in Chinese with the code.

    `facts` fill the placeholders of the catalogue's sentences; a fact that a
    sentence does not name is kept for logs and JSON.  An unknown code raises
    `KeyError` at once, so that no code goes without wording.
    """

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        self._entry = catalogue()[code]
        super().__init__(code)

    @property
    def zh(self) -> str:
        """What is so, in Chinese."""
        return self._entry.zh.format_map(self.facts)

    @property
    def act(self) -> str:
        """What to do, in Chinese."""
        return self._entry.act.format_map(self.facts)

    @property
    def en(self) -> str:
        """What is so, in English."""
        return self._entry.en.format_map(self.facts)

    def __str__(self) -> str:
        return f"{self.zh}{self.act}（{self.code}）"

    def __reduce__(self) -> tuple[object, ...]:
        # Prefect pickles exceptions into states; the default would lose the facts.
        return (_rebuild, (self.code, self.facts))


def _rebuild(code: str, facts: dict[str, object]) -> DrawbridgeError:
    return DrawbridgeError(code, **facts)
