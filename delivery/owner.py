"""Whether the process that holds a lease is still there, where that can be known.

Nothing depends on the answer but how soon a killed run's successor may begin: a lease that is
taken from a living process fences it off, and what it had sent is resolved, never sent again blindly.
"""

from __future__ import annotations

import socket

import psutil


def lease_name(kind: str, task_id: str) -> str:
    """The lease that whoever sends writes of this kind for this task holds."""
    return f"{kind}/{task_id}"


def is_gone(owner: str) -> bool:
    """Whether `host:pid`, with anything after a `#`, names a process of this host that is not running."""
    host, _, pid = owner.partition("#")[0].rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    return not psutil.pid_exists(int(pid))
