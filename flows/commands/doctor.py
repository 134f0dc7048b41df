"""`drawbridge doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import httpx
from rich.table import Table

from connectors.profile import load_profile
from documents.paper.fonts import find_faces
from flows.audit_check import AUDIT_REASONS
from flows.command_line.command import DONE, FOUND, Command, home_option, json_option, print_json
from flows.service.home import Home
from flows.settings import Settings, load_settings
from flows.site import Site, drawn_campaigns, open_books, open_site, read_plan
from flows.telling.terminal import console, print_table
from ledger.audit import verify_audit
from ledger.encrypted import Keys, read_keys
from ledger.engine import check_needed_keys, describe_database
from ledger.failures import translated
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_LARGEST_SKEW_S = 60
_LEAST_FREE_BYTES = 200 * 1024 * 1024
_OF_KEYS = ("DB-APPROVER-020", "DB-LEDGER-011")
_NO_RECORD = "000000000000000000-000000000000000000"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is well, what was found, what to do."""

    subject: str
    ok: bool
    found: str
    act: str = ""


@click.command("doctor", cls=Command, help="检查安装是否正常：Python、台账、平台、时钟、字体、Prefect。")
@home_option
@json_option
def doctor(as_json: bool) -> int:
    """Looks at everything and prints one line each; exit 1 if something needs mending."""
    settings = load_settings()
    findings = [finding for look in _LOOKS for finding in look(settings)]
    if as_json:
        print_json({"ok": all(f.ok for f in findings), "findings": [asdict(f) for f in findings]})
    else:
        table = Table("", "项目", box=None, pad_edge=False)
        for heading in ("情况", "怎么办"):
            table.add_column(heading, overflow="fold")
        for finding in findings:
            mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
            table.add_row(mark, finding.subject, finding.found, finding.act)
        print_table(console(to_stderr=False), table)
    return DONE if all(finding.ok for finding in findings) else FOUND


def _python(_: Settings) -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return [
        Finding("Python", ok, version, "" if ok else "请安装 Python 3.11 或更新版本后重新 make install。")
    ]


def _folder(settings: Settings) -> list[Finding]:
    try:
        folder = Home(settings.home).folder()
        probe = folder / ".doctor"
        probe.write_text("")
        probe.unlink()
    except DrawbridgeError as error:
        return [_wrong("目录", error)]
    except OSError as error:
        act = "请核对权限和磁盘，或用 DRAWBRIDGE_HOME 另指定一个目录。"
        return [Finding("目录", False, f"{settings.home} 写不进去：{problem(error)}", act)]
    free = shutil.disk_usage(folder).free
    ok = free >= _LEAST_FREE_BYTES
    found = f"{settings.home}，剩余 {free // 2**20} MiB" + ("，正在使用" if _in_use(folder) else "")
    return [Finding("目录", ok, found, "" if ok else "磁盘将满，请清理后再运行。")]


def _in_use(folder: Path) -> bool:
    """Whether `serve` or a run holds the folder."""
    with (folder / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _wrong(subject: str, error: DrawbridgeError) -> Finding:
    return Finding(subject, False, f"{error.zh}（{error.code}）", error.act)


def _database(settings: Settings) -> list[Finding]:
    try:
        state = describe_database(settings.ledger_url)
    except DrawbridgeError as error:
        return [_wrong("台账", error)]
    if state.revision is None:
        for certificate in drawn_campaigns(Home(settings.home)).values():
            return [_wrong("台账", DrawbridgeError("DB-RUN-029", path=state.name, certificate=certificate))]
    ok = state.is_current or state.revision is None  # the first run makes it
    findings = [
        Finding("台账", True, state.name),
        Finding(
            "台账版本",
            ok,
            state.revision or "尚未建立，第一次运行时自动建立",
            "" if ok else "下次运行时自动升级；升级前请先备份。",
        ),
    ]
    try:
        keys = read_keys(settings.key_file)
        if state.revision is not None:
            check_needed_keys(settings.ledger_url, keys)
    except DrawbridgeError as error:
        # Either way nothing is opened.
        return [*findings, _wrong("密钥" if error.code in _OF_KEYS else "审计链", error)]
    findings += _key_file(settings, keys)
    return [*findings, *_audit(settings)] if state.is_current else findings


def _key_file(settings: Settings, keys: Keys) -> list[Finding]:
    """Whether the file of keys lies apart from what they protect; without one there is nothing to say."""
    if settings.key_file is None:
        return []
    if settings.key_file.resolve().is_relative_to(settings.home.resolve()):
        act = "请移到数据目录之外，改正 DRAWBRIDGE_KEY_FILE：备份会把它和台账一起带走。"
        return [Finding("密钥", False, f"密钥文件在 {settings.home} 里", act)]
    return [Finding("密钥", True, f"以 {next(iter(keys.by_name))} 加密，共 {len(keys.by_name)} 个")]


def _audit(settings: Settings) -> list[Finding]:
    try:
        with open_books(settings) as books, translated(books.ledger.place):
            verdict = verify_audit(books.ledger.engine)
    except DrawbridgeError as error:
        return [_wrong("审计链", error)]
    if verdict.broken_at is not None:
        reason = AUDIT_REASONS[str(verdict.reason)]
        return [_wrong("审计链", DrawbridgeError("DB-ALERT-014", seq=verdict.broken_at, reason=reason))]
    return [Finding("审计链", True, f"完好，{verdict.count} 条")]


def _profile(settings: Settings) -> list[Finding]:
    try:
        profile = load_profile(settings.profile)
    except DrawbridgeError as error:
        return [_wrong("接口配置", error)]
    where = "" if settings.profile == profile.name else f"，文件 {settings.profile}"
    return [Finding("接口配置", True, f"{profile.name}：{profile.title}{where}")]


def _platform(settings: Settings) -> list[Finding]:
    if settings.platform_url is None:
        return [Finding("平台", True, "未设置平台地址：运行时自动启动模拟平台")]
    try:
        with open_site(settings) as site:
            return [*_provincial(site), *_publicity(site)]
    except DrawbridgeError as error:
        return [_wrong("平台", error)]


def _provincial(site: Site) -> list[Finding]:
    try:
        site.connections.platform.items()
        skew = site.connections.platform.clock_skew_s()
    except DrawbridgeError as error:
        return [_wrong("平台", error)]
    ok = abs(skew) <= _LARGEST_SKEW_S
    return [
        Finding("平台", True, "可以访问，签名有效"),
        Finding(
            "时钟",
            ok,
            f"与平台相差 {skew:.0f} 秒",
            "" if ok else "请校准本机时间（NTP），相差过大时签名会被拒绝。",
        ),
    ]


def _publicity(site: Site) -> list[Finding]:
    """Asks for a record that cannot be there: a signed question, and nothing is changed by it."""
    try:
        site.connections.publicity.held(_NO_RECORD)
    except DrawbridgeError as error:
        return [_wrong("公示系统", error)]
    return [Finding("公示系统", True, "可以访问，签名有效")]


def _fonts(settings: Settings) -> list[Finding]:
    """The families that the papers are set in, as the typesetter finds them."""
    try:
        faces = find_faces(settings.families, settings.fonts)
    except DrawbridgeError as error:
        return [_wrong("文书字体", error)]
    return [Finding("文书字体", True, "、".join(dict.fromkeys(face.family for face in faces)))]


def _prefect(_: Settings) -> list[Finding]:
    version = importlib.metadata.version("prefect")
    address = os.environ.get("PREFECT_API_URL")
    if address is None:
        return [Finding("Prefect", True, f"{version}，运行时自动启动本机服务")]
    try:
        ok = httpx.get(f"{address}/health", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except (httpx.HTTPError, httpx.InvalidURL):
        ok = False
    found = f"{version}，{address}" + ("" if ok else " 没有应答")
    return [Finding("Prefect", ok, found, "" if ok else "请启动 drawbridge serve，或改正 PREFECT_API_URL。")]


def _plans(_: Settings) -> list[Finding]:
    findings = []
    for path in sorted(Path("campaigns").glob("*.y*ml")):
        try:
            findings.append(Finding("计划", True, f"{path}：{read_plan(path).short_name}"))
        except DrawbridgeError as error:
            findings.append(_wrong("计划", error))
    return findings or [Finding("计划", True, "当前目录没有 campaigns 文件夹：计划文件要写路径")]


_LOOKS: tuple[Callable[[Settings], list[Finding]], ...] = (
    _python,
    _folder,
    _database,
    _profile,
    _platform,
    _fonts,
    _prefect,
    _plans,
)
