"""One value as somebody once typed it: what may be repaired, what is kept, what is refused.

| found | what is done |
|---|---|
| blanks (U+3000, tabs …) and invisible marks (U+202D …) round a value | removed, counted as repaired |
| full-width letters and digits, lower case | repaired in codes, dates and numbers; in names kept |
| brackets of mixed width in a name | kept, as the register is compared with it; ignored between two rows |
| control and invisible characters inside a code, an id or a name | refused: nobody knows what stood there |
| the same inside descriptive text | replaced by a blank, counted as repaired |
| private-use characters (of older sets) | kept in names and text, with a note; refused in codes and ids |
| U+FFFD | refused: a character was lost in an earlier conversion |
| a number where a code should be | refused (DB-CODE-003), 15 digits as DB-CODE-002 |
| N/A, NULL, -, — in a descriptive field | not known |
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from schemas import uscc
from schemas.errors import DrawbridgeError

FIELD_NAMES = {
    "object_id": "对象编号",
    "object_kind": "对象类型",
    "uscc": "统一社会信用代码",
    "ent_name": "名称",
    "prip_id": "主体身份代码",
    "reg_no": "注册号",
    "ent_type": "主体类型",
    "reg_state": "登记状态",
    "reg_org": "登记机关",
    "adm_code": "行政区划代码",
    "address": "住所",
    "est_date": "成立日期",
    "industry": "行业",
    "scope": "经营范围",
    "legal_rep": "法定代表人",
    "tel": "电话",
    "risk_grade": "风险等级",
    "risk_source": "风险等级来源",
    "risk_month": "风险月份",
    "tags": "标签",
    "is_valid": "有效标志",
    "last_check_date": "上次检查日期",
    "checks_this_year": "本年度检查次数",
    "project_name": "项目名称",
    "approval_no": "审批文号",
    "inspector_id": "人员编号",
    "name": "姓名",
    "dept_code": "部门代码",
    "cert_no": "执法证号",
    "cert_type": "证件类型",
    "cert_valid_from": "证件有效期起",
    "cert_valid_to": "证件有效期止",
    "item_scope": "执法事项范围",
    "role": "人员性质",
    "status": "人员状态",
    "leave_from": "请假起",
    "leave_to": "请假止",
    "mobile": "手机号",
    "recusals": "回避对象",
    "item_code": "事项编码",
    "item_name": "事项名称",
    "kind": "事项类别",
    "legal_basis": "检查依据",
    "content": "检查内容",
    "materials": "材料",
    "valid_from": "生效日期",
    "valid_to": "失效日期",
    "version": "版本",
}
"""Chinese names of our fields, for reasons that people read."""

_BLANKS = " \t\r\n\x0b\x0c\u3000\u00a0\u2002\u2003\u2009\u202f"
_NOT_KNOWN = frozenset({"N/A", "NA", "NULL", "NONE", "-", "--", "—", "——", "/", "\\N"})
_LONGEST_NOT_KNOWN = max(len(text) for text in _NOT_KNOWN)
_SPLIT = re.compile(r"[、,，;；|\n]+")
_DATE = re.compile(
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
)
_COMPACT_DATE = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_MONTHS = frozenset(f"-{month:02d}" for month in range(1, 13))
_MONTH = re.compile(r"^(\d{4})[-/.年]?(\d{1,2})月?$")


@dataclass
class Findings:
    """What was repaired and what was noticed while one row was read."""

    repairs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def zh(name: str) -> str:
    """The Chinese name of a field of ours."""
    return FIELD_NAMES.get(name, name)


def is_empty(value: object) -> bool:
    """Whether a cell says nothing at all."""
    return value is None or (isinstance(value, str) and not _strip(value)) or value in ([], ())


def plain(value: object, name: str, found: Findings) -> str | None:
    """Descriptive text. Raises DB-INPUT-020 (no text), -021 (lost characters)."""
    if value is None or (type(value) is str and _is_usual(value)):
        return value
    text = _outer(_as_text(value, name), found)
    if not text or text.upper() in _NOT_KNOWN:
        return None
    _refuse_lost(text, name)
    if _has_invisible(text):
        text = " ".join("".join(" " if _is_invisible(c) else c for c in text).split())
        found.repairs.append("控制字符")
    _note_private(text, name, found)
    return text or None


def identity(value: object, name: str, found: Findings) -> str | None:
    """A name, an id or a number that identifies. Raises DB-INPUT-020, -021, -022 (control characters)."""
    if value is None or (type(value) is str and _is_usual(value)):
        return value
    text = _outer(_as_text(value, name), found)
    if not text or text.upper() in _NOT_KNOWN:
        return None
    _refuse_lost(text, name)
    if _has_invisible(text):
        raise DrawbridgeError("DB-INPUT-022", field=zh(name))
    _note_private(text, name, found)
    return text


def identifier(value: object, name: str, found: Findings) -> str | None:
    """An id that a draw may hold: as `identity`, half width, at most 64 bytes, NFC (draw-spec §1).

    Raises DB-INPUT-020 to -022, -023 (private use, too long).
    """
    text = identity(value, name, found)
    if text is None or (text.isascii() and len(text) <= 64 and text.isprintable()):
        return text
    narrow = half_width(text)
    if narrow != text:
        found.repairs.append("全角字符")
    narrow = unicodedata.normalize("NFC", narrow)
    if len(narrow.encode("utf-8", "replace")) > 64 or any(
        unicodedata.category(c) in ("Co", "Cn", "Cs") for c in narrow
    ):
        raise DrawbridgeError("DB-INPUT-023", field=zh(name))
    return narrow


def code(value: object, found: Findings) -> str:
    """A unified social credit code. Raises DB-CODE-001 to -006, DB-INPUT-022."""
    if type(value) is str and uscc.is_valid(value):
        return value
    if isinstance(value, bool):
        value = None
    if isinstance(value, (int, float)):
        if not math.isfinite(value) or abs(value) >= 10**15 or value != int(value):
            raise DrawbridgeError("DB-CODE-003")
        value = str(int(value))
    if value is not None and not isinstance(value, str):
        raise DrawbridgeError("DB-INPUT-020", field=zh("uscc"))
    stripped = _strip(value or "")
    if _has_invisible(stripped):
        raise DrawbridgeError("DB-INPUT-022", field=zh("uscc"))
    result = uscc.normalise(stripped)
    if stripped != (value or ""):
        found.repairs.append("首尾空白")
    found.repairs.extend(result.repairs)
    return result.code


def object_key(value: str) -> str:
    """An object id as we write it: a code normalised as codes are, anything else without outer blanks."""
    try:
        return code(value, Findings())
    except DrawbridgeError:
        return half_width(_strip(value))


def day(value: object, name: str, found: Findings) -> date | None:
    """A date as people write it; 长期 is the last day there is. Raises DB-INPUT-024."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if type(value) is str and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    text = _outer(_as_text(value, name), found)
    if not text or text.upper() in _NOT_KNOWN:
        return None
    narrow = half_width(text)
    if narrow in ("长期", "永久", "长期有效"):
        return date.max
    match = _DATE.match(narrow) or _COMPACT_DATE.match(narrow)
    try:
        if match is None:
            raise ValueError(narrow)
        result = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise DrawbridgeError("DB-INPUT-024", field=zh(name)) from None
    if result.isoformat() != text[:10]:
        found.repairs.append("日期写法")
    return result


def month(value: object, name: str, found: Findings) -> str | None:
    """`yyyy-mm`. Raises DB-INPUT-024."""
    if value is None:
        return None
    if isinstance(value, (date, datetime)):
        return f"{value.year:04d}-{value.month:02d}"
    if type(value) is str and value[4:] in _MONTHS and value[:4].isascii() and value[:4].isdigit():
        return value
    text = _outer(_as_text(value, name), found)
    if not text or text.upper() in _NOT_KNOWN:
        return None
    match = _MONTH.match(half_width(text))
    if match is None or not 1 <= int(match[2]) <= 12:
        raise DrawbridgeError("DB-INPUT-024", field=zh(name))
    result = f"{match[1]}-{int(match[2]):02d}"
    if result != text:
        found.repairs.append("日期写法")
    return result


def count(value: object, name: str, found: Findings) -> int | None:
    """A whole number from 0 on. Raises DB-INPUT-025."""
    if value is None or (type(value) is int and 0 <= value < 10**9):
        return value
    if isinstance(value, bool):
        raise DrawbridgeError("DB-INPUT-025", field=zh(name))
    text = half_width(_outer(_as_text(value, name), found))
    if not text or text.upper() in _NOT_KNOWN:
        return None
    text = text.removesuffix("次")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise DrawbridgeError("DB-INPUT-025", field=zh(name))
    return int(text)


def several(value: object, name: str, found: Findings) -> tuple[str, ...]:
    """A list, one text with 、 , ; or | between its parts, or what `joined` wrote.

    Raises DB-INPUT-020 to -022.
    """
    if value is None or value == []:
        return ()
    parts: list[object] = (
        list(value) if isinstance(value, (list, tuple)) else list(_parts(_as_text(value, name)))
    )
    texts = [identity(part, name, Findings()) for part in parts]
    return tuple(dict.fromkeys(text for text in texts if text))


def joined(values: Sequence[str]) -> str:
    """A list in one cell, as `several` reads it: parted by 、, or as JSON where a part holds such a sign."""
    if any(_SPLIT.search(value) or value.startswith("[") for value in values):
        return json.dumps(list(values), ensure_ascii=False)
    return "、".join(values)


def _parts(text: str) -> Sequence[str]:
    if text.startswith('["') and text.endswith('"]'):
        try:
            parts = json.loads(text)
        except ValueError:
            parts = None
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            return parts
    return _SPLIT.split(text)


def coded(table: Mapping[str, str], value: object, name: str, found: Findings) -> str | None:
    """Our code for a wording of the table; None: nothing written. Raises DB-INPUT-026 if unknown."""
    if value is None:
        return None
    if type(value) is str and (known := table.get(value)):
        return known
    if isinstance(value, bool):
        value = "1" if value else "0"
    text = _outer(_as_text(value, name), found)
    if not text:
        return None
    ours = table.get(text) or table.get(bracket_key(text)) or _by_bracket_key(table).get(bracket_key(text))
    if ours is None:
        raise DrawbridgeError("DB-INPUT-026", field=zh(name))
    return ours


def lenient(read: Callable[[], str | None], found: Findings, name: str) -> str | None:
    """The value of a field that decides nothing by itself: unreadable, it is unknown, with a note."""
    try:
        return read()
    except DrawbridgeError:
        found.notes.append(f"{zh(name)}的写法不认识，按未知处理")
        return None


def name_key(name: str) -> str:
    """What spellings of one name have in common: width, brackets, blanks and case tell no firms apart."""
    return bracket_key(name).upper()


def bracket_key(text: str) -> str:
    """Half width, no blanks, one kind of brackets."""
    narrow = unicodedata.normalize("NFKC", text)
    return "".join(narrow.split()).translate(_BRACKETS)


_BRACKETS = str.maketrans(
    {"〔": "(", "〕": ")", "［": "(", "］": ")", "[": "(", "]": ")", "【": "(", "】": ")", "，": ","}
)


def half_width(text: str) -> str:
    """Full-width letters, digits and signs (U+FF01–FF5E) as their ASCII twins."""
    if text.isascii():
        return text
    return "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text)


def has_valid_code(value: object) -> bool:
    """Whether a cell holds a valid unified social credit code."""
    if not isinstance(value, str) or not 17 < len(value) < 40:
        return False
    try:
        code(value, Findings())
    except DrawbridgeError:
        return False
    return True


def _by_bracket_key(table: Mapping[str, str]) -> dict[str, str]:
    return {bracket_key(text): ours for text, ours in table.items()}


def _as_text(value: object, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise DrawbridgeError("DB-INPUT-020", field=zh(name))
    if isinstance(value, float) and value == int(value) and abs(value) < 10**15:
        return str(int(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise DrawbridgeError("DB-INPUT-020", field=zh(name))


def _outer(text: str, found: Findings) -> str:
    stripped = _strip(text)
    if stripped != text and stripped:
        found.repairs.append("首尾空白")
    return stripped


def _is_usual(text: str) -> bool:
    """Whether a text needs no second look: nothing invisible or lost in it, none of ours, no outer blank."""
    return (
        text.isprintable()
        and text[:1] not in ("", " ")
        and text[-1] != " "
        and "\ufffd" not in text
        and (len(text) > _LONGEST_NOT_KNOWN or text.upper() not in _NOT_KNOWN)
    )


def _strip(text: str) -> str:
    if text.isprintable() and text[:1] != " " and text[-1:] != " ":
        return text  # blanks and marks but the plain one are not printable
    begin, end = 0, len(text)
    while begin < end and (text[begin] in _BLANKS or _is_mark(text[begin])):
        begin += 1
    while end > begin and (text[end - 1] in _BLANKS or _is_mark(text[end - 1])):
        end -= 1
    return text[begin:end]


def _is_mark(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) == "Cf"


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


def _has_invisible(text: str) -> bool:
    return not text.isprintable() and any(_is_invisible(c) for c in text)


def _refuse_lost(text: str, name: str) -> None:
    if "\ufffd" in text:
        raise DrawbridgeError("DB-INPUT-021", field=zh(name))


def _note_private(text: str, name: str, found: Findings) -> None:
    if not text.isprintable() and any(unicodedata.category(c) == "Co" for c in text):
        found.notes.append(f"{zh(name)}含自造字（专用区字符），按原样保留")
