"""`python -m bench.delivery_receiver READY [checks|far]`: an exchange that takes everything in, and is quick.

It looks at nothing but the batch number and the record ids, and answers each post with a receipt for its
bytes, all rows accepted.  So what is measured is the sender.  With `checks` it does before what an exchange
has to do: it parses the message, checks it against exchange.xsd and its digest, and stores the records in
SQLite (synchronous=FULL), one transaction for each message.  With `far` it answers 50 ms after it was asked,
as one at the other end of a province does.  A process of its own; it ends when its standard input does.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lxml import etree

_BATCH = re.compile(rb"<batchNo>([^<]*)</batchNo>")
_RECORD = re.compile(rb"<recordId>([^<]*)</recordId><version>(\d+)</version>")
_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)

FAR_S = 0.05
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml;charset=UTF-8\r\nContent-Length: %d\r\n\r\n"


def receipt(body: bytes) -> bytes:
    """All accepted."""
    batch = _BATCH.search(body)
    rows = b"".join(
        b"<record><recordId>%b</recordId><version>%b</version><state>accepted</state>"
        b"<receiptNo>%b</receiptNo></record>" % (key, version, key[-18:])
        for key, version in _RECORD.findall(body)
    )
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Receipt><batchNo>%b</batchNo><code>00</code>'
        b"<message>OK</message><digest>%b</digest><receivedAt>2024-05-28T09:00:00+08:00</receivedAt>"
        b"<replayed>false</replayed><records>%b</records></Receipt>"
        % (batch[1] if batch else b"", hashlib.sha256(body).hexdigest().encode(), rows)
    )


class Register:
    """What a receiver does that is one: `look` raises for a message that does not fit."""

    def __init__(self, path: Path) -> None:
        xsd = Path(__file__).resolve().parents[1] / "schemas" / "contracts" / "exchange.xsd"
        self._schema = etree.XMLSchema(etree.parse(xsd))
        self._path = path
        with sqlite3.connect(path) as store:
            store.execute("PRAGMA journal_mode=WAL")
            store.execute("CREATE TABLE held (record_id TEXT, version TEXT, batch_no TEXT, record BLOB)")

    def look(self, body: bytes) -> None:
        """Parses, checks, stores; only then a receipt is given."""
        root = etree.fromstring(body)
        content = root.find("Body")
        if content is None or not self._schema.validate(root):
            raise ValueError(self._schema.error_log)
        alone = etree.tostring(etree.fromstring(etree.tostring(content)), method="c14n2")
        if hashlib.sha256(alone).hexdigest() != root.findtext("Header/digest"):
            raise ValueError("digest")
        batch = root.findtext("Header/batchNo")
        rows = [
            (one.findtext("recordId"), one.findtext("version"), batch, etree.tostring(one)) for one in content
        ]
        store = sqlite3.connect(self._path, isolation_level=None)
        try:
            store.execute("PRAGMA synchronous=FULL")
            store.execute("BEGIN IMMEDIATE")
            store.executemany("INSERT INTO held VALUES (?, ?, ?, ?)", rows)
            store.execute("COMMIT")
        finally:
            store.close()


def serve(connection: socket.socket, look: Callable[[bytes], None]) -> None:
    """One connection, kept alive until the other side closes it."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        held = b""
        while True:
            while b"\r\n\r\n" not in held:
                more = connection.recv(1 << 16)
                if not more:
                    return
                held += more
            head, _, held = held.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            parts, missing = [held], (int(length[1]) if length else 0) - len(held)
            while missing > 0:
                parts.append(connection.recv(1 << 18))
                missing -= len(parts[-1])
            body = b"".join(parts)
            look(body)
            held, answer = b"", receipt(body)
            connection.sendall(_HEAD % len(answer) + answer)


def at_once(body: bytes) -> None:
    """Nothing is looked at."""


def far(body: bytes) -> None:
    """The way there and back."""
    time.sleep(FAR_S)


def main(ready: Path, how: str) -> None:
    """Listens on a free port of the loopback, whose number it writes to `ready`."""
    look: Callable[[bytes], None] = far if how == "far" else at_once
    if how == "checks":
        look = Register(ready.with_suffix(".db")).look
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_until_left_alone, daemon=True).start()
    ready.with_suffix(".part").write_text(str(listener.getsockname()[1]))
    ready.with_suffix(".part").replace(ready)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, look), daemon=True).start()


def _until_left_alone() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
