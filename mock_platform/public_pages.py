"""The small page where a person looks an enterprise up by name or code, in Chinese, without scripts."""

from __future__ import annotations

from html import escape

from mock_platform.credit_code import as_meant
from mock_platform.wire import Reply
from mock_platform.world import Row, World

_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;width:100%;margin:1em 0}"
    "th,td{border:1px solid #bbb;padding:.3em .6em;text-align:left}"
    "th{background:#f3f3f3}input{font-size:1em;padding:.3em;width:24em;max-width:70%}"
    "button{font-size:1em;padding:.3em 1em}"
    ".note{color:#666;font-size:.9em}"
)
_MOST = 50

REGISTRATION = {
    "1": "存续（在营、开业、在册）",
    "2": "注销",
    "3": "吊销，未注销",
    "4": "撤销",
    "5": "迁出",
    "6": "歇业",
}
"""登记状态: the directory's code, and the words that the public reads."""


def home_page(world: World, wanted: str) -> Reply:
    """The search form, and what was found for `wanted`."""
    found = ""
    if wanted.strip():
        rows = _search(world, wanted.strip())
        lines = "".join(
            f'<tr><td><a href="/entprise/{escape(prip_id)}">{escape(row["entName"])}</a></td>'
            f"<td>{escape(row['uniscid'])}</td></tr>"
            for prip_id, row in rows[:_MOST]
        )
        table = f"<table><tr><th>名称</th><th>统一社会信用代码</th></tr>{lines}</table>" if rows else ""
        more = f"，只列出前 {_MOST} 个" if len(rows) > _MOST else ""
        found = f"<p>“{escape(wanted)}”：共 {len(rows)} 个{more}。</p>{table}"
    form = (
        f'<form action="/" method="get"><label>企业名称或统一社会信用代码 '
        f'<input name="q" value="{escape(wanted, quote=True)}"></label> <button>查询</button></form>'
    )
    return _page("企业信用信息公示（模拟）", form + found)


def enterprise_page(enterprise: Row, records: list[Row]) -> Reply:
    """One enterprise with its results, each with its items."""
    parts = [
        f"<p>统一社会信用代码：{escape(enterprise['uniscid'])}</p>",
        f"<p>登记状态：{REGISTRATION[enterprise.get('regState', '1')]}</p><h2>双随机抽查结果信息</h2>",
    ]
    if not records:
        parts.append("<p>暂无双随机抽查结果信息。</p>")
    for number, record in enumerate(records, 1):
        shown = record["shown"]
        facts = [
            ("序号", str(number)),
            ("抽查计划编号", shown["raninsPlanId"]),
            ("抽查计划名称", shown["raninsPlaneName"]),
            ("抽查任务编号", shown["raninsTaskId"]),
            ("抽查任务名称", shown["raninsTaskName"]),
            ("抽查类型", shown["raninsTypeName"]),
            ("抽查机关", shown["insAuth"]),
            ("抽查完成日期", shown["insDate"]),
            ("公示日期", shown["publicDate"]),
        ]
        lines = "".join(f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in facts)
        items = "".join(
            f"<tr><td>{one['seqno']}</td><td>{escape(one['raninsItemName'])}</td>"
            f"<td>{escape(one['raninsCheckResName'])}</td></tr>"
            for one in shown["details"]
        )
        parts.append(f"<table>{lines}</table>")
        parts.append(f"<table><tr><th>序号</th><th>检查事项</th><th>检查结果</th></tr>{items}</table>")
    parts.append('<p><a href="/">返回查询</a></p>')
    return _page(enterprise["entName"], "".join(parts))


def _search(world: World, wanted: str) -> list[tuple[str, Row]]:
    code = as_meant(wanted)
    return sorted(
        (
            (prip_id, row)
            for prip_id, row in world.enterprises.items()
            if wanted in row["entName"] or (len(code) >= 6 and code in row["uniscid"])
        ),
        key=lambda pair: pair[1]["entName"],
    )


def _page(title: str, inner: str) -> Reply:
    text = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{inner}"
        '<p class="note">模拟系统，仅用于测试和演示，不是国家企业信用信息公示系统。</p></body></html>'
    )
    return Reply(body=text.encode("utf-8"), content_type="text/html;charset=UTF-8")
