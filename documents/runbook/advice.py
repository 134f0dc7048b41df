"""What an operator needs on one code, put together from the texts of its area, its range and itself.

The narrower text wins, key by key: what a code says of `look` replaces what its range says, and
what neither says comes from the area.  An area that nobody has written about yet has the texts
of `OTHER`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

# Both have the same numbers for the same failures (connectors/faults.py), so their texts are kept once.
OUTSIDE = ("PLATFORM", "PUBLICITY")
_KEYS = ("effect", "look", "press", "call")


@dataclass(frozen=True)
class Advice:
    """The texts on one code in Chinese, and what stands beside them in English.

    `effect` says what the program does by itself; `look` and `press` are steps in their order;
    `call` is (role, when to call it), the roles being those of roles.toml.  `own` is False where
    every text is that of the area or of a range.
    """

    effect: str
    look: tuple[str, ...]
    press: tuple[str, ...]
    call: tuple[tuple[str, str], ...]
    look_en: str
    press_en: str
    own: bool


@dataclass(frozen=True)
class Area:
    """One area of codes (`RUN` of `DB-RUN-009`): its title and what it is about."""

    key: str
    title: str
    title_en: str
    about: str
    about_en: str


def area_of(code: str) -> str:
    """The area of a code: `RUN` of `DB-RUN-009`."""
    return code.split("-")[1]


def number_of(code: str) -> str:
    """The number of a code, as it is written: `009` of `DB-RUN-009`."""
    return code.rpartition("-")[2]


def area(key: str) -> Area:
    """What is said of an area; of one that nobody has written about, its key is the title."""
    texts = _read("areas.toml").get(key)
    if texts is None:
        texts = {**_read("areas.toml")["OTHER"], "title": f"其他（{key}）", "title_en": f"Others ({key})"}
    return Area(key, texts["title"], texts["title_en"], texts["about"], texts["about_en"])


def known_areas() -> tuple[str, ...]:
    """The areas in the order of the runbook, without the one for what is not known."""
    return tuple(key for key in _read("areas.toml") if key != "OTHER")


def advice_on(code: str) -> Advice:
    """The texts on one code. Raises KeyError for a role that roles.toml does not have."""
    own = own_texts(code)
    texts = {**_area_texts(code), **own}
    roles = _read("roles.toml")
    for role in texts["call"]:
        roles[role]
    return Advice(
        effect=texts["effect"],
        look=tuple(texts["look"]),
        press=tuple(texts["press"]),
        call=tuple(texts["call"].items()),
        look_en=texts["look_en"],
        press_en=texts["press_en"],
        own=bool(own),
    )


def own_texts(code: str) -> dict[str, Any]:
    """What is written for this code alone, or for this number of the outside systems."""
    own = dict(_codes().get(code, {}))
    if area_of(code) in OUTSIDE:
        by_number = _read("outside.toml").get(number_of(code), {})
        own = {**_named(by_number, _read("areas.toml")[area_of(code)]), **own}
    return own


def codes_with_texts() -> dict[str, str]:
    """Every code that a file of codes/ writes about, with the file's name.

    Raises ValueError if two files write about one code, or a text has a key of its own invention.
    """
    found: dict[str, str] = {}
    for name, texts in _code_files().items():
        for code, keys in texts.items():
            if code in found:
                raise ValueError(f"{code} has texts in {found[code]} and in {name}")
            if not set(keys) <= set(_KEYS):
                raise ValueError(f"{code} in {name}: {sorted(set(keys) - set(_KEYS))}")
            found[code] = name
    return found


def numbers_with_texts() -> tuple[str, ...]:
    """The numbers that outside.toml writes about."""
    return tuple(_read("outside.toml"))


def _area_texts(code: str) -> dict[str, Any]:
    areas = _read("areas.toml")
    texts = dict(areas.get(area_of(code), areas["OTHER"]))
    number = number_of(code)
    for one in texts.pop("ranges", ()):
        if number.isdigit() and one["from"] <= int(number) <= one["to"]:
            texts |= {key: value for key, value in one.items() if key not in ("from", "to")}
    return _named(texts, texts)


def _named(texts: Mapping[str, Any], of_area: Mapping[str, Any]) -> dict[str, Any]:
    """The same texts with the outside system's own words and role filled in (`words`, `role` of its area)."""
    own_words, role = of_area.get("words", {}), of_area.get("role", "outside")

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            for word, text in own_words.items():
                value = value.replace(f"〔{word}〕", text)
            return value
        if isinstance(value, list):
            return [fill(one) for one in value]
        if isinstance(value, dict):
            return {role if key == "outside" else key: fill(one) for key, one in value.items()}
        return value

    return {key: fill(value) for key, value in texts.items()}


@lru_cache(maxsize=1)
def _codes() -> dict[str, dict[str, Any]]:
    return {code: texts for one in _code_files().values() for code, texts in one.items()}


@lru_cache(maxsize=1)
def _code_files() -> dict[str, dict[str, dict[str, Any]]]:
    folder = files("documents.runbook") / "codes"
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".toml")), key=lambda p: p.name)
    return {path.name: tomllib.loads(path.read_text("utf-8")) for path in paths}


@lru_cache(maxsize=8)
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("documents.runbook") / name).read_text("utf-8"))


def roles() -> dict[str, dict[str, str]]:
    """Whom to call: each role's name, what it answers for, what to have at hand, in both languages."""
    return _read("roles.toml")


def symptoms() -> list[dict[str, Any]]:
    """What a person sees, in both languages, and the codes that it may be."""
    listed: list[dict[str, Any]] = _read("symptoms.toml")["symptom"]
    return listed


def words_of(code: str, language: str) -> dict[str, str]:
    """The catalogue's placeholders in words of a language, as the code's area calls them."""
    outside: dict[str, str] = _read("words.toml")[f"{language}-outside"] if area_of(code) in OUTSIDE else {}
    return {**_read("words.toml")[language], **outside}
