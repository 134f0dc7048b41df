"""What is known of a publication of unknown outcome: what was sent, what came back, what a query says now."""

from __future__ import annotations

from typing import Any

from delivery.park import Parked
from flows.site import Site
from schemas.errors import DrawbridgeError


def evidence_of(one: Parked) -> dict[str, Any]:
    """What was sent when, and everything that came back: what two people decide on, as `--json` shows it."""
    return {
        "record": one.item.key,
        "version": one.item.version,
        "batch_no": one.message.batch_no,
        "digest": one.message.body_digest,
        "sent_at": one.message.sent_at,
        "sends": one.message.sends,
        "answers": [
            {"at": entry.at, "act": entry.act, "outcome": entry.outcome, "code": entry.code}
            for entry in one.evidence
        ],
    }


def evidence_lines(one: Parked, words: tuple[str, str] = ("记录", "报送")) -> list[str]:
    """Chinese lines for the two people who decide: the batch, when it was sent, every answer (UTC).

    `words`: how what was sent is called, and sending it.
    """
    message, (what, sent) = one.message, words
    lines = [
        f"{what} {one.item.key} 第 {one.item.version} 版",
        f"批次 {message.batch_no}，内容摘要 {message.body_digest}",
        f"{sent} {message.sends} 次，首次 {message.sent_at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    for entry in one.evidence:
        said = "  ".join(str(part) for part in (entry.act, entry.outcome, entry.code) if part)
        lines.append(f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {said}")
    return lines


def says_now(site: Site, key: str) -> str:
    """What the publicity system answers when asked about a record now; not to be asked is an answer too."""
    try:
        held = site.connections.publicity.held(key)
    except DrawbridgeError as error:
        return f"公示系统现在：无法查询（{error.code}）"
    if held is None:
        return "公示系统现在：查不到这条记录"
    return f"公示系统现在：存有第 {held[0]} 版，摘要 {held[1]}，状态 {held[2]}"


def evidence_now(site: Site, one: Parked) -> list[str]:
    """All of it for a record."""
    return [*evidence_lines(one), says_now(site, one.item.key)]
