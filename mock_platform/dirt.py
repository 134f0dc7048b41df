"""Rows as people and spreadsheets spoil them, a few of every kind that real directories hold.

Each kind takes a fresh row in order and spoils it.  `repairable` says what a careful reader
may do with it; everything else must be refused with a reason.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mock_platform import names
from mock_platform.chance import chance
from mock_platform.credit_code import make
from mock_platform.plan import CampaignPlan

Row = dict[str, Any]
_EACH = 2


@dataclass(frozen=True)
class Dirt:
    """One kind of dirt: what it does to a row, giving the rows that come of it."""

    spoil: Callable[[Row, random.Random], list[Row]]
    repairable: bool = False


def _code(change: Callable[[str], str | None]) -> Callable[[Row, random.Random], list[Row]]:
    def spoil(row: Row, _: random.Random) -> list[Row]:
        code = change(row["ownerUniscid"])
        return [{**row, "uniscid": code, "ownerUniscid": code}]

    return spoil


def _name(change: Callable[[str], str]) -> Callable[[Row, random.Random], list[Row]]:
    def spoil(row: Row, _: random.Random) -> list[Row]:
        name = change(row["ownerName"])
        return [{**row, "entName": name, "ownerName": name}]

    return spoil


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _float(code: str) -> str:
    return f"9.{code[1:5].translate(str.maketrans('ABCDEFGHJKLMNPQRTUWXY', '1' * 21))}E+17"


def _wrong_check(code: str) -> str:
    return code[:17] + ("0" if code[17] != "0" else "1")


def _shifted(row: Row, _: random.Random) -> list[Row]:
    """Everything from the code on stands one column further to the right."""
    columns = ["ownerUniscid", "ownerName", "dom", "estDate", "industry", "opScope"]
    moved = dict(zip(columns[1:], [row[name] for name in columns[:-1]], strict=True))
    return [
        {
            **row,
            **moved,
            "ownerUniscid": row["projectName"],
            "uniscid": row["projectName"],
            "entName": row["ownerUniscid"],
        }
    ]


def _two_names(row: Row, rng: random.Random) -> list[Row]:
    other = {**row, "objectId": row["objectId"] + "-2", "approvalNo": row["approvalNo"] + "-2"}
    other["entName"] = other["ownerName"] = row["ownerName"].replace("有限公司", f"{names.word(rng)}分公司")
    return [row, other]


def _no_owner(row: Row, _: random.Random) -> list[Row]:
    gone = ("uniscid", "ownerUniscid", "entName", "ownerName", "pripId")
    return [{**row, **dict.fromkeys(gone)}]


DIRT: dict[str, Dirt] = {
    "lower-case": Dirt(_code(str.lower), True),
    "full-width-code": Dirt(_code(_full_width), True),
    "blanks-around-code": Dirt(_code(lambda code: f"\u3000{code} "), True),
    "ideographic-blank-in-name": Dirt(_name(lambda name: f"\u3000{name}\u3000"), True),
    "full-width-in-name": Dirt(_name(lambda name: name.replace("有限公司", "Ａ１有限公司")), True),
    "mixed-brackets": Dirt(_name(lambda name: name.replace("有限公司", "(清河）有限公司")), True),
    "private-use-character": Dirt(_name(lambda name: name[:4] + "\ue863" + name[4:]), True),
    "control-character": Dirt(_name(lambda name: name[:3] + "\x07" + name[3:])),
    "fifteen-digits": Dirt(_code(lambda code: "130534" + f"{sum(map(ord, code)) % 10**9:09d}")),
    "float": Dirt(_code(_float)),
    "too-short": Dirt(_code(lambda code: code[:11])),
    "wrong-check-character": Dirt(_code(_wrong_check)),
    "letter-outside-alphabet": Dirt(_code(lambda code: code[:9] + "O" + code[10:])),
    "missing-code": Dirt(_code(lambda code: None)),
    "no-owner": Dirt(_no_owner),
    "shifted-columns": Dirt(_shifted),
    "two-names": Dirt(_two_names),
    "exact-duplicate": Dirt(lambda row, _: [row, dict(row)]),
}


def soiled_rows(plan: CampaignPlan, seed: int, clean: list[Row]) -> list[Row]:
    """Two rows of every kind, each with an owner of its own, after the model of a clean row."""
    rows = []
    for kind, dirt in DIRT.items():
        for number in range(1, _EACH + 1):
            rng = chance(seed, "dirt", kind, number)
            name, scope, industry = names.enterprise(rng, plan.division_name)
            code = make(rng, "91", plan.division)
            row = {**clean[0], "objectId": f"{kind}-{number}", "approvalNo": f"{kind}-{number}"}
            row |= {
                "uniscid": code,
                "ownerUniscid": code,
                "entName": name,
                "ownerName": name,
                "opScope": scope,
            }
            row |= {
                "industry": industry,
                "projectName": names.project(rng, name),
                "pripId": f"{rng.getrandbits(128):032x}",
            }
            row |= {
                "regState": "1",
                "admCode": plan.division,
                "tags": list(plan.tags),
                "isValid": "1",
                "checksThisYear": 0,
            }
            row |= {
                "lastCheckDate": None,
                "riskGrade": "B",
                "riskSource": "市场监管",
                "entType": "有限责任公司",
            }
            rows += dirt.spoil(row, rng)
    return rows
