"""What is easily got wrong in the draw, as changes of its code, each with the test that sees it.

A mutant is one module of `draw` with one text changed, or with one function defined again at its
end; test_draw_mutants.py imports `draw` and the tests anew with that module in place of the real one.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import NamedTuple

DRAW = Path(__file__).parents[2] / "draw"


class Check(NamedTuple):
    """A test function of tests/draw with its arguments."""

    file: str
    function: str
    arguments: tuple[object, ...] = ()

    def run(self) -> None:
        """Calls it, on whatever `draw` is imported at this moment."""
        getattr(importlib.import_module(f"tests.draw.{self.file}"), self.function)(*self.arguments)


class Mutant(NamedTuple):
    """`old` stands once in the module; `new` replaces it, or (`again`) is a function added at the end."""

    module: str
    old: str
    new: str
    check: Check
    again: bool = False

    def source(self) -> str:
        """The changed module.  Raises `ValueError` if `old` is not there exactly once."""
        text = (DRAW / f"{self.module}.py").read_text("utf-8")
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"draw/{self.module}.py has {found} times what is to be changed: {self.old!r}")
        return f"{text}\n\n{self.new}" if self.again else text.replace(self.old, self.new)


def again(module: str, new: str, check: Check) -> Mutant:
    """A mutant that defines a function again, as `new`."""
    definition = re.match(r"def \w+\(", new)
    if definition is None:
        raise ValueError(new)
    return Mutant(module, definition[0], new, check, again=True)


# --- the tests that see them ------------------------------------------------------------------------------


def _objects(vector: str) -> Check:
    return Check("test_draw_vectors", "test_objects", (vector,))


def _inspectors(vector: str) -> Check:
    return Check("test_draw_vectors", "test_inspectors", (vector,))


_FLOATS = Check("test_draw_objects", "test_ratios_that_binary_fractions_round_up", ("0.07", 100, 7))
_EQUALS = Check("test_draw_objects", "test_the_first_listed_wins_among_equals")
_SORTED = Check("test_draw_frozen", "test_rows_are_sorted_by_their_utf8_bytes")
_SEATS = Check("test_draw_vectors", "test_seat_replacements_of_v2_at_once_and_in_two_corrections")
_ENUMERATED = Check("test_draw_brute_force", "test_matching_equals_all_assignments_enumerated")
_STAGES = Check("test_draw_brute_force", "test_visits_equal_all_assignments_enumerated")

# --- matching: slow and right but for the line named -------------------------------------------------------

_SLOW = """def first_matching(allowed, groups, preferred):
    import itertools

    lists = [
        preferred(item, [g for g in range(1, groups + 1) if mask >> g - 1 & 1])
        for item, mask in enumerate(allowed)
    ]
    floor, ceiling = len(allowed) // groups, -(-len(allowed) // groups)
    for t in range({start}, len(allowed) + 1):
        found = [
            chosen
            for chosen in itertools.product(*lists)
            if all({low} <= chosen.count(g) <= {high} for g in range(1, groups + 1))
        ]
        if found:
            return Matching(list(found[{place}]), t)
    return Matching([], 0)
"""

_RIGHT = {"start": "0", "low": "max(0, floor - t)", "high": "ceiling + t", "place": "0"}

_GREEDY = """def first_matching(allowed, groups, preferred):
    ceiling, loads, chosen = -(-len(allowed) // groups), [0] * groups, []
    for item, mask in enumerate(allowed):
        order = preferred(item, [g for g in range(1, groups + 1) if mask >> g - 1 & 1])
        group = next((g for g in order if loads[g - 1] < ceiling), order[0])
        loads[group - 1] += 1
        chosen.append(group)
    return Matching(chosen, max(0, max(loads, default=0) - ceiling))
"""


def matching(**wrong: str) -> str:
    """`first_matching` by enumeration, with some of its parts replaced; with none it is right."""
    return _SLOW.format(**_RIGHT | wrong)


# --- the mutants --------------------------------------------------------------------------------------------

_BY_UTF16 = 'key=lambda one: one.encode("utf-16-be")'
_CLAIM = "weights[h] * drawn[best] > weights[best] * drawn[h]"
_SUBSTITUTE = 'key(seed, "seat/" + code), object_id, rosters[code], excluded)\n                if by is None'

MUTANTS: dict[str, Mutant] = {
    # tickets, seats, winners, reserves
    "ceilings by floats": again(
        "objects",
        "def at_least(ratio, size):\n    import math\n\n    return math.ceil(float(ratio) * size)\n",
        _FLOATS,
    ),
    "shares rounded down": again(
        "objects",
        "def at_least(ratio, size):\n    return parse_ratio(ratio) * size // RATIO_UNIT\n",
        _objects("V1"),
    ),
    "Webster instead of Adams": Mutant(
        "objects",
        _CLAIM,
        "weights[h] * (2 * drawn[best] + 1) > weights[best] * (2 * drawn[h] + 1)",
        _objects("V11"),
    ),
    "D'Hondt instead of Adams": Mutant(
        "objects", _CLAIM, "weights[h] * (drawn[best] + 1) > weights[best] * (drawn[h] + 1)", _objects("V11")
    ),
    "the last of equals": Mutant("objects", _CLAIM, _CLAIM.replace(">", ">="), _EQUALS),
    "the greatest stratum instead of the greatest claim": Mutant(
        "objects", _CLAIM, "strata[h][2] > strata[best][2]", _objects("V11")
    ),
    "winners stratum by stratum": Mutant(
        "objects",
        "return sorted(ticket for seat in seated for ticket in lowest[seat.name][: seat.drawn])",
        "return [ticket for seat in seated for ticket in lowest[seat.name][: seat.drawn]]",
        _objects("V1"),
    ),
    "ten reserves and no more": Mutant(
        "objects", "max(RESERVES_SHOWN, count)", "RESERVES_SHOWN", _objects("V11")
    ),
    "used reserves left out": Mutant(
        "objects",
        "[ticket.object_id for ticket in queue[: max(RESERVES_SHOWN, count)]]",
        "[t.object_id for t in queue if t.object_id not in used][:RESERVES_SHOWN]",
        _objects("V1"),
    ),
    # replacements
    "replacements in recorded order": Mutant(
        "objects",
        "in sorted(standing[object_id] for object_id in objections)",
        "in [standing[object_id] for object_id in objections]",
        _objects("V11"),
    ),
    "the replacement's own stratum": Mutant(
        "objects",
        "origin[chosen.object_id] = stratum",
        "origin[chosen.object_id] = chosen.stratum",
        _objects("V11"),
    ),
    "reserves of all strata in one order": Mutant(
        "objects",
        "chosen = head[stratum] or min(",
        "chosen = min(",
        _objects("V11"),
    ),
    "the next stratum listed instead of the lowest ticket": Mutant(
        "objects",
        "min((first for first in head.values() if first), default=None)",
        "next((first for first in head.values() if first), None)",
        Check("test_draw_brute_force", "test_objects_and_replacements_equal_the_oracle"),
    ),
    "enterprises of the next stage in UTF-16 order": Mutant(
        "certificate",
        "sorted({uscc for _, uscc in standing_objects(certificate)})",
        f"sorted({{uscc for _, uscc in standing_objects(certificate)}}, {_BY_UTF16})",
        Check("test_draw_brute_force", "test_enterprises_of_the_next_stage_come_by_their_utf8_bytes"),
    ),
    "who was replaced is inspected all the same": Mutant(
        "certificate", 'standing.pop(replacement["object_id"], None)', "pass", _objects("V1")
    ),
    # the frozen lists
    "eligible objects in UTF-16 order": Mutant(
        "frozen",
        "return sorted(checked)",
        'return sorted(checked, key=lambda row: row.object_id.encode("utf-16-be"))',
        _SORTED,
    ),
    "visits in UTF-16 order": Mutant(
        "frozen",
        "sorted(check_object_id(object_id) for object_id in objects)",
        f"sorted((check_object_id(object_id) for object_id in objects), {_BY_UTF16})",
        _STAGES,
    ),
    "the salt counted in a roster": Mutant(
        "compute",
        "len(roster.inspectors), roster.sha256",
        "len(roster.inspectors) + 1, roster.sha256",
        _SEATS,
    ),
    "the salt counted among the forbidden pairs": Mutant(
        "compute",
        "len(forbidden.pairs), forbidden.sha256",
        "len(forbidden.pairs) + 1, forbidden.sha256",
        _SEATS,
    ),
    "Merkle leaves without their prefix": Mutant(
        "merkle",
        'node = hashlib.sha256(b"\\x00" + line).digest()',
        "node = hashlib.sha256(line).digest()",
        _objects("V1"),
    ),
    "an object that just enough may visit refused": Mutant(
        "frozen",
        "if free < teams[code]:",
        "if free <= teams[code]:",
        Check("test_draw_frozen", "test_a_stage_whose_draw_may_just_not_fail"),
    ),
    "an object that too few may visit let through": Mutant(
        "frozen",
        "if free < teams[code]:",
        "if free < teams[code] - 1:",
        Check(
            "test_draw_frozen",
            "test_freezes_refused",
            ({"forbidden": [("o1", one, "interest") for one in "pqr"]}, "DB-DRAW-046"),
        ),
    ),
    # the seed and the keys
    "C as hex text in the seed": Mutant(
        "seed", "bytes.fromhex(commitment_digest)", "commitment_digest.encode()", _objects("V1")
    ),
    "values in the order of their hashes": Mutant(
        "seed",
        "for value in values:",
        "for value in sorted(values, key=lambda one: hashlib.sha256(one.encode()).digest()):",
        _objects("V1"),
    ),
    "values themselves instead of their hashes": Mutant(
        "seed",
        "hasher.update(hashlib.sha256(value.encode()).digest())",
        "hasher.update(value.encode())",
        _objects("V1"),
    ),
    "the seed as hex text in the keys": Mutant(
        "seed", 'b"\\0" + seed).digest()', 'b"\\0" + seed.hex().encode()).digest()', _objects("V1")
    ),
    "a seal that is good for either stage": Mutant(
        "seed",
        '"/contribution", campaign, stage, str(round_)',
        '"/contribution", campaign, str(round_)',
        _objects("V1"),
    ),
    "a public number at the very end of the reveal": Mutant(
        "commitment",
        '"not_before") <= reveal_by:',
        '"not_before") < reveal_by:',
        Check(
            "test_draw_documents",
            "test_commitments_refused",
            ({"reveal_by": "2024-05-30T21:15:00+08:00"}, "DB-DRAW-055"),
        ),
    ),
    # teams and groups
    "inspectors dealt round": Mutant(
        "inspectors",
        "ordered[(group - 1) * team : group * team]",
        "ordered[group - 1 :: groups][:team]",
        _inspectors("V2"),
    ),
    "one order for all departments": Mutant(
        "inspectors", '"inspector/" + code', '"inspector/"', _inspectors("V2")
    ),
    "the group's number with a leading zero": Mutant(
        "inspectors", 'b"%d" % group', 'b"%02d" % group', _inspectors("V2")
    ),
    "no zero byte between object and group": Mutant(
        "inspectors",
        'pair_key + object_id.encode() + b"\\0"',
        "pair_key + object_id.encode()",
        _inspectors("V2"),
    ),
    "barred by the lead department alone": Mutant(
        "inspectors",
        "for members in team.values()",
        "for members in list(team.values())[:1]",
        _inspectors("V3"),
    ),
    # matching
    "greedy matching": again("matching", _GREEDY, _inspectors("V7")),
    "any balanced assignment": again("matching", matching(place="-1"), _inspectors("V2")),
    "relaxed more than it must be": again("matching", matching(start="1"), _ENUMERATED),
    "no lower bound": again("matching", matching(low="0"), _ENUMERATED),
    "a lower bound that is relaxed one step late": again(
        "matching", matching(low="max(0, floor - max(0, t - 1))"), _ENUMERATED
    ),
    "fewer than the upper bound": again("matching", matching(high="ceiling + t - 1"), _ENUMERATED),
    "an upper bound of one more than the lower": again(
        "matching", matching(high="floor + 1 + t"), _ENUMERATED
    ),
    "objects barred everywhere counted in n": Mutant(
        "stages",
        "everywhere & ~sum(1 << group - 1 for group in barred.get(o, ()))",
        "everywhere & ~sum(1 << group - 1 for group in barred.get(o, ())) or everywhere",
        _inspectors("V12"),
    ),
    "group 1 for an object barred everywhere": Mutant(
        "stages",
        "preferred_groups(pair_key, object_id, range(1, groups + 1))[0]",
        "preferred_groups(pair_key, object_id, [1])[0]",
        _inspectors("V12"),
    ),
    # substitutes and seats
    "the lead department's key for every substitute": Mutant(
        "substitutes", _SUBSTITUTE, _SUBSTITUTE.replace("code", "departments[0].code", 1), _inspectors("V12")
    ),
    "one substitute for two seats": Mutant("substitutes", "excluded.add(by)", "pass", _inspectors("V12")),
    "a substitute who is barred too": Mutant(
        "substitutes", "set(team[code]) | set(forbidden)", "set(team[code])", _inspectors("V12")
    ),
    "who was replaced comes back": Mutant(
        "substitutes", "excluded = standing | gone | set(", "excluded = standing | set(", _SEATS
    ),
    "a seat filled with somebody who is barred": Mutant(
        "substitutes",
        "standing | gone | set(forbidden.get(object_id, ()))",
        "standing | gone",
        _STAGES,
    ),
    "seats in object order instead of as decided": Mutant(
        "substitutes",
        "for objection in objections:",
        "for objection in sorted(objections):",
        _SEATS,
    ),
}
