"""Backups of one installation: take, check, restore. Standard library alone, beside drawbridge's own command.

    python deploy/backup.py take --to FOLDER [--keep 30]    while everything runs
    python deploy/backup.py check BACKUP                    sums, database, audit chain
    python deploy/backup.py restore BACKUP                  while nothing runs; into an empty DRAWBRIDGE_HOME

A backup is a folder `20240528T013000Z` with the ledger (`ledger.sqlite3`, or `ledger.pgdump` of
PostgreSQL), the campaigns' documents (`papers/`), and `backup.json`: sums, and the head of the audit chain at
that moment.  It holds what the ledger holds, inspectors' names included: keep it as the ledger is kept, and a
copy on another machine.  Not in it: secrets, settings, the ledger's keys, Prefect's history (what was decided
is in the ledger).  Settings are those of drawbridge: DRAWBRIDGE_HOME, DRAWBRIDGE_DATABASE_URL.
"""
# ruff: noqa: INP001, T201 -- a program of its own

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LEDGER, DUMP, PAPERS, FACTS = "ledger.sqlite3", "ledger.pgdump", "papers", "backup.json"
# Of the running installation, not of its records: they change while they are copied.  Without its mark a
# ledger that is restored compares before it sends (flows/exchange/ledger_mark.py).
LEFT_OUT = (
    "prefect",
    "prefect-ui",
    "tmp",
    "run.lock",
    "processes.jsonl",
    f"{LEDGER}*",
    "*.log",
    "mock",
    "ledger-mark.*",
)


class Refused(Exception):
    """What keeps it from being done, in Chinese, as the command says it."""


def take(home: Path, to: Path, keep: int) -> Path:
    """Writes one backup below `to` and removes all but the newest `keep`. Returns its folder."""
    to.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    part = to / f"{name}.part"
    part.mkdir(mode=0o700)
    try:
        fill(part, home)
    except BaseException:
        shutil.rmtree(part)
        raise
    done = part.rename(to / name)
    for old in sorted(path for path in to.iterdir() if (path / FACTS).is_file() and path.suffix == "")[
        :-keep
    ]:
        shutil.rmtree(old)
    return done


def fill(part: Path, home: Path) -> None:
    """The ledger first: a paper is written after the record that it is made from."""
    if database() is None:
        copy_sqlite(home / LEDGER, part / LEDGER)
        head = audit_head(part)
    else:
        head = audit_head(None)  # before the dump: the dump has at least this much
        postgres("pg_dump", ["--format=custom", f"--file={part / DUMP}"])
    shutil.copytree(home, part / PAPERS, ignore=shutil.ignore_patterns(*LEFT_OUT))
    facts = {"taken_at": datetime.now(UTC).isoformat(timespec="seconds"), "head": head, "sha256": sums(part)}
    (part / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", "utf-8")
    settle(part)


def check(backup: Path) -> str:
    """Sums, and for SQLite the database and its audit chain. Returns the chain's head."""
    try:
        facts = json.loads((backup / FACTS).read_text("utf-8"))
        differing = set(facts["sha256"].items()) ^ set(sums(backup).items())
    except (OSError, ValueError, KeyError) as error:
        raise Refused(f"{backup} 不是完整的备份（{type(error).__name__}）。") from error
    if differing:
        raise Refused(f"备份 {backup} 的 {min(differing)[0]} 与登记的摘要不符，不能使用。")
    if (backup / LEDGER).exists():
        with closing(sqlite3.connect(f"file:{backup / LEDGER}?mode=ro&immutable=1", uri=True)) as ledger:
            found = ledger.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise Refused(f"备份 {backup} 的台账已损坏，不能使用。")
    else:
        run(["pg_restore", "--list", backup / DUMP], stdout=subprocess.DEVNULL)
    return str(facts["head"])


def restore(backup: Path, home: Path) -> str:
    """Puts a checked backup where nothing stands. Returns the head that the audit chain must have."""
    head = check(backup)
    if (backup / DUMP).exists() != (database() is not None):
        raise Refused("备份与 DRAWBRIDGE_DATABASE_URL 不是同一种数据库。")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with unused(home):
        if any(path.name != "run.lock" for path in home.iterdir()):
            raise Refused(f"{home} 不是空的。请先停止服务，把它整个改名保存，再恢复。")
        # PostgreSQL first: what it refuses (the role, a database that is not empty) leaves the home empty.
        if (backup / DUMP).exists():
            postgres("pg_restore", ["--exit-on-error", "--single-transaction", "--no-owner"], backup / DUMP)
        shutil.copytree(backup / PAPERS, home, dirs_exist_ok=True)
        if (backup / LEDGER).exists():
            shutil.copyfile(backup / LEDGER, home / LEDGER)
            (home / LEDGER).chmod(0o600)
        settle(home)
    return head


def copy_sqlite(ledger: Path, to: Path) -> None:
    """SQLite's online backup: one consistent state, whoever writes meanwhile."""
    if not ledger.exists():
        raise Refused(f"没有台账 {ledger}；还没有运行过，或 DRAWBRIDGE_HOME 不对。")
    with closing(sqlite3.connect(ledger, timeout=60)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        if copy.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise Refused(f"台账 {ledger} 已损坏，备份没有完成。")


def audit_head(folder: Path | None) -> str:
    """The audit chain's head, every link computed again: of the copy in `folder`, else of the ledger."""
    command = Path(sys.executable).with_name("drawbridge")
    environment = dict(os.environ)
    where = []
    if folder is not None:
        environment.pop("DRAWBRIDGE_DATABASE_URL", None)
        where = ["--home", str(folder)]
    done = subprocess.run(
        [command, "audit", "verify", "--json", *where], env=environment, stdout=subprocess.PIPE, check=False
    )
    facts = json.loads(done.stdout or b"{}")
    if not facts.get("ok"):
        raise Refused("审计链不完好，备份没有完成。请停止运行，按手册 DB-ALERT-014 办理。")
    if folder is not None:
        with closing(sqlite3.connect(folder / LEDGER)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")
    return str(facts["head"])


def database() -> str | None:
    """The address of the ledger's PostgreSQL; None: SQLite in DRAWBRIDGE_HOME."""
    address = os.environ.get("DRAWBRIDGE_DATABASE_URL", "")
    if not address:
        return None
    if address.startswith("sqlite"):
        raise Refused(
            "台账是另设路径的 SQLite 文件：请去掉 DRAWBRIDGE_DATABASE_URL，放在 DRAWBRIDGE_HOME 里。"
        )
    return address


def postgres(program: str, options: list[str], *files: Path) -> None:
    """Runs a client of PostgreSQL on the ledger's database; the password goes by the environment."""
    address = urlsplit(database() or "")
    named = {
        "PGHOST": address.hostname,
        "PGPORT": str(address.port or "") or None,
        "PGUSER": address.username,
        "PGPASSWORD": address.password,
    }
    given = {key: unquote(value) for key, value in named.items() if value}
    query = dict(pair.partition("=")[::2] for pair in address.query.split("&") if pair)
    if "host" in query:
        given["PGHOST"] = unquote(query["host"])
    environment = {**os.environ, **given}
    name = unquote(address.path.lstrip("/"))
    run([program, *options, f"--dbname={name}", *files], env=environment)


def run(command: list[str | Path], **options: Any) -> None:
    """One of PostgreSQL's programs to its end; what it says goes to standard error. Raises Refused."""
    try:
        done = subprocess.run(command, check=False, **options)
    except FileNotFoundError as error:
        raise Refused(
            f"没有找到 {command[0]}。请安装 PostgreSQL 的客户端程序，版本不低于数据库服务器。"
        ) from error
    if done.returncode != 0:
        raise Refused(f"{command[0]} 没有成功，原因见上：账号的权限、库是否为空、客户端程序的版本。")


@contextmanager
def unused(home: Path) -> Iterator[None]:
    """Holds the lock that `serve` and `run` hold. Raises Refused if one of them does."""
    with (home / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(f"有程序正在使用 {home}。请先停止服务。") from error
        yield


def sums(backup: Path) -> dict[str, str]:
    """SHA-256 of every file of a backup but its facts, in hex, by its path."""
    found = {}
    for path in sorted(path for path in backup.rglob("*") if path.is_file() and path.name != FACTS):
        with path.open("rb") as file:
            found[str(path.relative_to(backup))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def settle(folder: Path) -> None:
    """Flushes all below the folder to the disk, so that the name is not there before the bytes."""
    for path in [*folder.rglob("*"), folder]:
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def main(arguments: list[str]) -> int:
    """Exit 0 done, 2 refused."""
    parser = argparse.ArgumentParser(description="备份：take、check、restore（见 docs/install.zh.md）。")
    acts = parser.add_subparsers(dest="act", required=True)
    taking = acts.add_parser("take", help="不停服务，做一份备份。")
    taking.add_argument("--to", type=Path, required=True)
    taking.add_argument("--keep", type=int, default=30, choices=range(1, 1000), metavar="份数")
    for name, what in (("check", "核对一份备份。"), ("restore", "恢复到空的 DRAWBRIDGE_HOME。")):
        acts.add_parser(name, help=what).add_argument("backup", type=Path)
    given = parser.parse_args(arguments)
    home = Path(os.environ.get("DRAWBRIDGE_HOME") or "var")
    os.umask(0o077)
    try:
        if given.act == "take":
            folder = take(home, given.to, given.keep)
            print(f"已备份：{folder}")
            print(f"审计链头：{check(folder)}")
        elif given.act == "check":
            print(f"备份完好。审计链头：{check(given.backup)}")
        else:
            head = restore(given.backup, home)
            print(f"已恢复到 {home}。先不要启动服务，依次执行：")
            print(f"  drawbridge audit verify --head {head}")
            print("  drawbridge reconcile 任务编号        （每个未完成的任务各一次）")
            print(
                "核对没有发现的，启动服务；发现台账没有而公示系统已有的，见 docs/install.zh.md 的“恢复之后”。"
            )
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
