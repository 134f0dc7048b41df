"""What a usable profile should be looked at for: codes without a wording, names used twice, signatures."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.profile import Profile
from connectors.profile_fields import CODE_TABLES

# What nobody writes to the platform or need state there: an unknown state, a grade that was not given.
_NOT_TOLD = {("reg_state", "0"), ("risk_grade", "-")}

# Fields that stand side by side in one object of a message of ours.
_LEVELS: dict[str, tuple[str, ...]] = {
    "form": (
        "form_no uscc ent_name address objects items group leader inspectors version",
        "object_id object_name",
        "item_code item_name dept_code materials",
        "inspector_id inspector_name dept_code cert_no",
    ),
    "confirmation": ("object_id dept_code verdict reason evidence by_role at",),
    "materials": ("dept_code item_codes materials handed_in_at",),
    "draw": ("stage round document digest",),
    "batch": ("batch_no rows",),
}


def advice(profile: Profile) -> list[str]:
    """Sentences for the person who wrote the profile, in Chinese; none if nothing is noticed."""
    return [*_codes_without_a_wording(profile), *_names_used_twice(profile), *_weak_signatures(profile)]


def _codes_without_a_wording(profile: Profile) -> Iterator[str]:
    for table, members in CODE_TABLES.items():
        held = set(profile.codes[table].values())
        wanted = [str(member.value) for member in members or ()]
        missing = [code for code in wanted if code not in held and (table, code) not in _NOT_TOLD]
        if missing:
            yield f"codes.{table} 没有写法对应本系统代码 {'、'.join(missing)}：平台用不到时不必补"


def _names_used_twice(profile: Profile) -> Iterator[str]:
    for kind, levels in _LEVELS.items():
        for level in levels:
            fields_of: dict[str, list[str]] = {}
            for field in level.split():
                fields_of.setdefault(profile.platform.name(kind, field), []).append(field)
            for name, fields in fields_of.items():
                if len(fields) > 1:
                    yield f"platform.fields.{kind} 的 {'、'.join(fields)} 都写作 {name}，报送时后者盖住前者"


def _weak_signatures(profile: Profile) -> Iterator[str]:
    for system, rule in (
        ("platform", profile.platform.signature),
        ("publicity", profile.publicity.signature),
    ):
        if rule.hash == "md5" or not rule.is_keyed:
            yield f"{system}.signature 用 {rule.algorithm}，强度不足，只能依靠 https：地址须是 https"
        if not {"body", "body_digest"} & set(rule.parts):
            yield f"{system}.signature 不覆盖报文内容：途中被改动时对方发现不了"
        if rule.nonce_header is None:
            yield f"{system}.signature 没有随机串：截获的请求在 {rule.window_s:g} 秒内可以重放"
