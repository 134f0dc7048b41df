"""What each test asks, what it saw and what it would have noticed, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from draw.audit.hard import Finding
from draw.audit.judgement import Judged, Judgement
from draw.audit.outcome import Outcome

ZH, EN = 0, 1
Language = int
Pair = tuple[str, str]


class Question(NamedTuple):
    """A test's name, and the question that it answers."""

    name: Pair
    asks: Pair


QUESTIONS: dict[str, Question] = {
    "step": Question(
        ("等距与成片", "equal distances"),
        (
            "抽中对象之间是否有某一间隔反复出现（固定步长、整片抽取、翻页错位、越过末尾从头再数）",
            "does one distance recur: a fixed step, a block, slips at pages, going on from the head",
        ),
    ),
    "segment": Question(
        ("最长空段", "longest empty stretch"),
        (
            "一次抽取中名单有没有过长的一段无人抽中（只抽前 N 个、只抽一段、末尾抽不到）",
            "does one draw leave out too long a stretch of the list: first N, a block, an unreachable tail",
        ),
    ),
    "evenness": Question(
        ("间隔均匀程度", "evenness of gaps"),
        ("抽中对象的间隔是否过于整齐或过于成团", "are the gaps too even, or too clustered"),
    ),
    "trend": Question(
        ("名单前后", "head or tail of the list"),
        ("排在前面的是否更容易（或更不容易）被抽中", "are those near the head drawn more often, or less"),
    ),
    "tenths": Question(
        ("名单十等分", "tenths of the list"),
        ("名单各十分之一被抽中的户数是否相称", "does every tenth of the list have its share"),
    ),
    "remainders": Question(
        ("排位余数", "remainders of the place"),
        (
            "排位除以某数的余数是否偏向某些值（隔行抽取、每页固定位置）",
            "do places favour a remainder: every other row, the same row of each page",
        ),
    ),
    "township": Question(
        ("乡镇", "township"), ("各乡镇的户数是否相称", "does every township have its share")
    ),
    "size": Question(("规模", "size"), ("各规模的户数是否相称", "does every size have its share")),
    "registered": Question(
        ("注册日期", "date of registration"),
        ("各注册年代的户数是否相称", "do older and younger objects have their share"),
    ),
    "issuer": Question(
        ("代码前八位", "first eight characters of the code"),
        ("各登记机关的户数是否相称", "does every registrar have its share"),
    ),
    "never_reached": Question(
        ("历次都没抽到的一段", "stretch that no draw reached"),
        (
            "名单有没有过长的一段历次都无人抽中",
            "is there too long a stretch from which no draw took anything",
        ),
    ),
    "repeats": Question(
        ("相邻两次重复", "drawn again the next time"),
        ("相邻两次都抽中的户数是否过多或过少", "are too many, or too few, drawn again the very next time"),
    ),
    "untouched": Question(
        ("从未抽中", "never drawn"),
        ("历次从未抽中的户数是否过多或过少", "are too many objects, or too few, never drawn"),
    ),
    "favour": Question(
        ("反复抽中", "drawn again and again"),
        ("是否总是同一批对象被抽中", "are the same objects drawn again and again"),
    ),
    "pairs": Question(
        ("检查人员与对象反复搭配", "inspector and object again"),
        (
            "同一人员是否过多（或过少）再次检查同一对象",
            "does an inspector meet an object again too often, or too rarely",
        ),
    ),
}

DEFECTS: dict[str, Pair] = {
    "fixed_step": ("按固定步长抽取", "a fixed step had been used"),
    "first_half": ("只从名单前一半抽取", "only the first half of the list had been drawn from"),
    "one_per_stretch": ("把名单等分后每段抽一个", "one had been taken from each of equal stretches"),
    "head_doubled": (
        "排在前四分之一的机会加倍",
        "the first quarter of the list had had double chances",
    ),
    "tenth_doubled": ("名单某一十分之一的机会加倍", "one tenth of the list had had double chances"),
    "every_other": ("隔一个抽一个", "only every other place had been drawn from"),
    "class_halved": ("最大一类的机会减半", "the largest class had had half the chances"),
    "tail_unreachable": ("名单末尾 3.2% 抽不到", "the last 3.2 % could not be reached"),
    "rotation": ("上次抽中的这次不再抽", "those drawn last time had been left out"),
    "tenth_never": ("有一成对象从不抽取", "a tenth of the objects had never been drawn from"),
    "some_doubled": ("有一成对象的机会加倍", "a tenth of the objects had had double chances"),
    "half_kept": (
        "再次检查的对象有一半仍派原班人员",
        "half of the objects visited again had been given their former team",
    ),
}

METHODS: dict[str, Pair] = {
    "exact": ("精确计算", "exact"),
    "bound": ("上界", "upper bound"),
    "simulated": ("模拟", "simulated"),
    "normal": ("正态分布", "normal law"),
    "chi-squared": ("卡方分布", "chi-squared law"),
    "fitted": ("按精确矩拟合", "fitted to exact moments"),
}

HARD: dict[str, Pair] = {
    "inside": ("抽中对象都在名单中", "all drawn objects are in the list"),
    "once": ("一次抽取中没有重复", "nothing is drawn twice in one draw"),
    "count": ("抽取数量达到要求", "as many are drawn as required"),
    "serial": ("抽取编号连续", "the numbers of the draws have no gap"),
}
_HARD_STATES: dict[str, Pair] = {
    "ok": ("相符", "ok"),
    "failed": ("不符", "FAILED"),
    "not checked": ("未核", "not checked"),
}
_MISSING: dict[str, Pair] = {
    "count": ("未给出 --ratio 或 --minimum", "neither --ratio nor --minimum was given"),
    "serial": ("没有编号，用 --serial 给出", "no numbers; give them with --serial"),
}
OTHERS: Pair = ("其他", "others")
UNKNOWN: Pair = ("不明", "unknown")


def p_text(p: float) -> str:
    """A probability for people: three digits, or that it is below a ten-thousandth."""
    if p >= 0.0001:
        return f"{p:.4f}" if p < 0.1 else f"{p:.2f}"
    return "<0.0001"


def class_name(name: object, language: Language) -> str:
    """The name of a class of a trait."""
    special = {"*": OTHERS, "?": UNKNOWN}.get(str(name))
    return special[language] if special else str(name)


def hard_line(finding: Finding, language: Language) -> tuple[str, str, str]:
    """Name, state and detail of a hard check."""
    detail = ""
    if finding.state == "not checked":
        detail = _MISSING[finding.check][language]
    elif finding.faults:
        shown = ("、", ", ")[language].join(f"{name} {what}".strip() for name, what in finding.examples)
        more = finding.faults - len(finding.examples)
        tail = (f" 等 {finding.faults} 处", f" and {more} more")[language] if more > 0 else ""
        detail = shown + tail
    return HARD[finding.check][language], _HARD_STATES[finding.state][language], detail


def seen(outcome: Outcome, judgement: Judgement, language: Language) -> str:
    """What the test saw, next to what chance gives."""
    facts = dict(outcome.facts)
    if "draw" in facts:
        facts["draw"] = judgement.names[int(str(facts["draw"]))]
    if outcome.test in ("segment", "never_reached"):
        facts |= _stretch(facts, judgement.series.size)
    if "distance" in facts:
        first, width = int(str(facts["distance"])), int(str(facts["width"]))
        facts["distance"] = str(first) if width == 1 else f"{first}–{first + width - 1}"
    if "classes" in facts:
        facts["class"] = class_name(facts["class"], language)
    return _TEMPLATES[_template(outcome)][language].format_map(facts)


def _template(outcome: Outcome) -> str:
    if outcome.test == "evenness":
        return "even" if outcome.facts["even"] else "clustered"
    if "classes" in outcome.facts and outcome.test not in _TEMPLATES:
        return "trait"
    return outcome.test


def _stretch(facts: Mapping[str, object], size: int) -> dict[str, object]:
    start, length = int(str(facts["start"])), int(str(facts["length"]))
    first, last = start % size + 1, (start + length - 1) % size + 1
    if first <= last:
        return {"zh": f"第 {first} 至第 {last} 位", "en": f"from place {first} to {last}"}
    return {
        "zh": f"从第 {first} 位到末尾再接到第 {last} 位",
        "en": f"from place {first} over the end to {last}",
    }


_TEMPLATES: dict[str, Pair] = {
    "step": (
        "{draw}：相距 {distance} 位的抽中对象有 {pairs} 对，随机约 {expected:.1f} 对",
        "{draw}: {pairs} pairs at distance {distance}, {expected:.1f} expected",
    ),
    "segment": (
        "{draw}：{zh}，共 {length} 位无人抽中",
        "{draw}: nobody {en}, {length} places",
    ),
    "never_reached": (
        "{zh}，共 {length} 位历次都无人抽中",
        "nobody ever {en}, {length} places",
    ),
    "even": (
        "{draw}：间隔的标准差 {deviation:.1f}，随机约 {expected:.1f}（偏整齐）",
        "{draw}: gaps deviate by {deviation:.1f}, {expected:.1f} expected (on the even side)",
    ),
    "clustered": (
        "{draw}：间隔的标准差 {deviation:.1f}，随机约 {expected:.1f}（偏成团）",
        "{draw}: gaps deviate by {deviation:.1f}, {expected:.1f} expected (on the clustered side)",
    ),
    "trend": (
        "抽中对象平均在第 {mean:.1f} 位，随机约第 {expected:.1f} 位",
        "the mean place is {mean:.1f}, {expected:.1f} expected",
    ),
    "tenths": (
        "第 {class} 个十分之一抽中 {drawn}，随机约 {expected:.1f}",
        "tenth number {class}: {drawn} drawn, {expected:.1f} expected",
    ),
    "remainders": (
        "排位除以 {partition} 余 {class} 的抽中 {drawn}，随机约 {expected:.1f}",
        "remainder {class} modulo {partition}: {drawn} drawn, {expected:.1f} expected",
    ),
    "trait": (
        "“{class}”抽中 {drawn}，随机约 {expected:.1f}",
        "“{class}”: {drawn} drawn, {expected:.1f} expected",
    ),
    "repeats": (
        "相邻两次都抽中 {again} 户次，随机约 {expected:.1f}",
        "{again} drawn again the next time, {expected:.1f} expected",
    ),
    "untouched": (
        "{size} 户中有 {never} 户从未抽中，随机约 {expected:.1f}",
        "{never} of {size} never drawn, {expected:.1f} expected",
    ),
    "favour": (
        "同一对象两次抽中共 {meetings} 次，随机约 {expected:.1f}；最多的一户 {most} 次",
        "{meetings} pairs of draws that share an object, {expected:.1f} expected; one was drawn {most} times",
    ),
    "pairs": (
        "同一人员再次检查同一对象 {again} 次，随机约 {expected:.1f}",
        "{again} times an inspector met an object again, {expected:.1f} expected",
    ),
}


def design_text(judgement: Judgement, language: Language) -> str:
    """What was drawn from what."""
    series = judgement.series
    sizes = sorted({len(draw) for draw in series.draws})
    span = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]}–{sizes[-1]}"
    draws = len(series.draws)
    zh = (
        f"{draws} 次从 {series.size} 户中各抽 {span} 户"
        if draws > 1
        else f"1 次从 {series.size} 户中抽 {span} 户"
    )
    en = (
        f"{draws} draws of {span} out of {series.size}"
        if draws > 1
        else f"one draw of {span} out of {series.size}"
    )
    return (zh, en)[language]


def power_text(test: Judged, judgement: Judgement, language: Language) -> str:
    """In how many cases of 100 the test would have noticed its defect; the number is simulated."""
    power = test.power
    if power is None:
        return ""
    shown = judgement.series
    if power.draws < len(shown.draws):
        basis = (f"仅凭其中 {power.draws} 次抽取", f"With {power.draws} of these draws alone")[language]
    else:
        basis = ("仅凭这 " + design_text(judgement, ZH), "With " + design_text(judgement, EN))[language]
    share = round(100 * power.noticed / power.trials)
    defect = DEFECTS[power.defect][language]
    if language == ZH:
        return f"{basis}，若{defect}，这项检验在 100 次中约能发现 {share} 次。"
    return f"{basis}, this test would notice in about {share} of 100 cases if {defect}."
