"""`python -m mock_platform`: the mock as a process of its own, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import yaml

from mock_platform.agenda import Speed
from mock_platform.chinese_parser import ChineseParser, why
from mock_platform.dialects import DIALECTS
from mock_platform.faults import FAULTS, fault_of_text
from mock_platform.platform_variants import VARIANTS
from mock_platform.simulator import Setting, Simulator


def main(arguments: list[str] | None = None) -> int:
    """Starts the mock, says where it listens, and waits to be ended. Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    given = _parser().parse_args(arguments)
    setting = Setting(
        campaign=given.campaign,
        key=os.environ.get("DRAWBRIDGE_MOCK_APP_KEY", "mock-key"),
        secret=os.environ.get("DRAWBRIDGE_MOCK_APP_SECRET", "mock-secret"),
        entities=given.entities,
        as_projects=given.entities_as == "projects",
        objects=given.objects,
        seed=given.seed,
        state=given.state,
        speed=given.speed,
        draw_variant=given.platform_draw,
        host=given.host,
        port=given.port,
        certificate=given.certificate,
        dialect=given.dialect,
    )
    try:
        simulator = Simulator(setting)
    except (OSError, ValueError, KeyError, sqlite3.Error, yaml.YAMLError) as error:
        print(f"模拟平台没有启动：{why(error)}", file=sys.stderr)
        return 2
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: ended.set())
    with simulator:
        for fault in given.fault:
            simulator.world.faults.set(**fault)
        facts = {
            "platformUrl": simulator.platform_url,
            "publicityUrl": simulator.publicity_url,
            "controlUrl": simulator.control_url,
        }
        if given.ready_file is not None:
            _write_whole(given.ready_file, json.dumps(facts))
        print(
            f"平台 {facts['platformUrl']}  公示 {facts['publicityUrl']}/  控制 {facts['controlUrl']}",
            flush=True,
        )
        ended.wait()
    return 0


def _write_whole(path: Path, text: str) -> None:
    """So that nobody reads half of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def _speed(text: str) -> Speed:
    if text == "max":
        return "max"
    speed = float(text)
    if not 0 < speed <= 1e9:
        raise ValueError(text)
    return speed


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("端口是 0 到 65535 的整数")
    return int(text)


def _fault(text: str) -> dict[str, Any]:
    try:
        return fault_of_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error) or f"读不懂；有：{'、'.join(FAULTS)}") from error


def _parser() -> argparse.ArgumentParser:
    parser = ChineseParser(
        prog="python -m mock_platform", description="模拟省级平台和公示系统，供演示和测试。"
    )
    add = parser.add_argument
    add("--campaign", type=Path, required=True, metavar="文件", help="抽查计划（campaigns/*.yaml）")
    add("--entities", type=Path, metavar="文件", help="名录文件（.csv、.xlsx），原样提供，不改正")
    add("--entities-as", choices=["enterprises", "projects"], default="enterprises", help="每一行是什么")
    add("--objects", type=int, default=120, metavar="个数", help="没有名录文件时生成多少个对象（默认 120）")
    add("--seed", type=int, default=1, metavar="整数", help="随机种子（默认 1）")
    add("--state", type=Path, metavar="文件", help="状态文件；已有时从那里继续")
    add(
        "--speed",
        type=_speed,
        default="max",
        metavar="倍数",
        help="任务时间是实际时间的多少倍，或 max（默认）",
    )
    draws = f"由平台抽取时怎样抽取：{'、'.join(VARIANTS)}"
    add("--platform-draw", choices=list(VARIANTS), default="certified", metavar="抽法", help=draws)
    add(
        "--dialect",
        choices=list(DIALECTS),
        default="hebei",
        metavar="约定",
        help=f"两个系统说哪一套接口：{'、'.join(DIALECTS)}",
    )
    add("--host", default="127.0.0.1", metavar="地址", help="监听地址（默认 127.0.0.1）")
    add("--port", type=_port, default=0, metavar="端口", help="平台的端口；0 为任意空闲端口（默认）")
    add("--certificate", type=Path, metavar="文件", help="证书和密钥（PEM）；两个系统改用 https")
    add(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="名称[:endpoint=…][:calls=1,3][:probability=0.01][:count=2][:args.x=…]",
        help="打开一种故障，可重复；各种名称见 docs/control-face.md，也可写 F01 至 F40",
    )
    add("--ready-file", type=Path, metavar="文件", help="就绪后把三个地址写到这里（JSON）")
    return parser


if __name__ == "__main__":
    sys.exit(main())
