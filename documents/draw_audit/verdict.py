"""The verdict of an audit and how to read it. It says what is compatible with chance, and accuses nobody."""

from __future__ import annotations

from documents.draw_audit.words import ZH, Language, Pair
from draw.audit.judgement import Judgement

_COMPATIBLE: Pair = (
    "相符不等于证明抽取随机：每项检验能发现什么、有多大把握，见“能发现什么”。",
    "This proves nothing: what each test could have noticed, and how surely, is said below.",
)
_UNLIKELY: Pair = (
    """
    对公正的抽取，出现这样结论的可能不超过 {level}。名单顺序与抽取时不同，未告知的分层、轮换或剔除规则，
    同样会有这样的结果，请先向组织抽取的单位了解抽取办法。
    """,
    """
    For fair draws the chance of such a finding is at most {level}. A list in another
    order than at the draw, or strata, rotation or exclusions that were not told, give the same: ask first how
    the draw is made.
    """,
)
_BROKEN: Pair = (
    "硬性核查不符的，请逐条核对名单和抽取结果是否给错、给全。",
    "Where a hard check failed, see first whether the right files were given, and whole.",
)
_NOBODY: Pair = ("本报告不指认任何人，也不说明原因。", "This report accuses nobody and names no cause.")
_METHOD: Pair = (
    """
    “随机”指同样数量的任何一组对象被抽中的机会相等{strata}。p 是公正的抽取至少这样异常的可能：有公式的用公式，
    其余与每种数量 {simulated} 次模拟的公正抽取比较（numpy PCG64，种子 {seed}，取 95% 上限，
    不低于约 3/{simulated}）。“校正后”是按 Holm 方法对 {tests} 项检验校正的 p，不高于 {level} 的才指出。
    发现的把握由 100 次带有该缺陷的模拟抽取得出，按校正中最严的一步计，因此偏低。
    """,
    """
    “Chance” means that every set of the same size is equally likely{strata}. p is the chance that a fair draw
    looks at least as unusual: by a formula where there is one, otherwise against {simulated} simulated fair
    draws of each size (numpy PCG64, seed {seed}, 95 % upper limit, never below about 3/{simulated}).
    “Adjusted” is p after Holm's correction for {tests} tests; what is not above {level} is pointed out. Power
    rests on 100 simulated series with the defect named, at the strictest step of the correction, so it is
    stated from below.
    """,
)
_STRATA: Pair = ("；各层抽中数按实际数固定", "; the numbers drawn by stratum are taken as given")


def verdict(judgement: Judgement, language: Language) -> str:
    """The whole report in one line."""
    made, broken, unlikely = len(judgement.tests), len(judgement.broken), len(judgement.unlikely)
    if judgement.compatible:
        zh, en = f"{made} 项检验均未发现异常", f"none of {made} tests found anything unusual"
        return (f"与随机抽取相符：{zh}", f"Compatible with chance: {en}")[language]
    parts: list[Pair] = []
    if broken:
        parts.append((f"{broken} 项硬性核查不符", f"{broken} hard check{'s' * (broken > 1)} failed"))
    if unlikely:
        zh = f"{made} 项检验中有 {unlikely} 项的结果单凭随机很难出现"
        parts.append((zh, f"{unlikely} of {made} tests gave what chance alone would hardly give"))
    text = ("；", "; ")[language].join(part[language] for part in parts)
    return text[0].upper() + text[1:]


def explanation(judgement: Judgement, language: Language) -> str:
    """How to read the verdict."""
    if judgement.compatible:
        return _COMPATIBLE[language]
    parts = []
    if judgement.broken:
        parts.append(_BROKEN[language])
    if judgement.unlikely:
        parts.append(_one_line(_UNLIKELY[language], language).format(level=f"{judgement.level:g}"))
    parts.append(_NOBODY[language])
    return ("", " ")[language].join(parts)


def method_text(judgement: Judgement, language: Language) -> str:
    """What the p-values rest on."""
    return _one_line(_METHOD[language], language).format(
        strata=_STRATA[language] if judgement.stratified else "",
        simulated=judgement.simulated,
        seed=judgement.seed,
        tests=len(judgement.tests),
        level=f"{judgement.level:g}",
    )


def _one_line(text: str, language: Language) -> str:
    """Lines joined: with nothing between Chinese characters, with a blank in English."""
    return ("" if language == ZH else " ").join(line.strip() for line in text.strip().splitlines())
