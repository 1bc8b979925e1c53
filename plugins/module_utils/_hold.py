# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Who holds a lock or a lease, since when and until when: the same text and the same decision for both.

A killed run cannot say that it has ended. Its hold ends in one of two ways: it expires, because only a living run
renews it, or the run is proved to have ended, because it ran on this machine and its process no longer exists.
"""

from __future__ import annotations

import enum
import getpass
import hashlib
import os
import platform
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

# Seconds. A run renews its hold every minute, so a hold survives several lost renewals. A killed run keeps others
# waiting for at most this time.
LIFETIME = 300.0
RENEWAL = 60.0
# The environment variables with the job number in AWX, GitLab and Jenkins, in this order.
_JOBS = ("JOB_ID", "CI_JOB_ID", "BUILD_TAG")
_LONGEST = 40
# Limits of what a text may claim: seconds, and the form of `process_id`.
_LONGEST_LIFETIME = 1e6
_PROCESS = re.compile(r"[1-9][0-9]{0,8}\.[0-9]{1,20}")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Standing(enum.Enum):
    """What a hold means for a run."""

    MINE = "mine"
    LIVE = "live"
    ENDED = "ended"


@dataclass(frozen=True)
class Holder:
    """One run: its id, user and host, the job, and the process on that machine (empty where unknown).

    ``user`` is the person who has started the job, by the platform's name for them.
    """

    run: str
    who: str
    job: str = ""
    place: str = ""
    process: str = ""
    user: str = ""

    def __str__(self) -> str:
        pid = self.process.partition(".")[0]
        known = (("started by", self.user), ("job", self.job), ("process", pid))
        details = ", ".join(f"{name} {value}" for name, value in known if value)
        return f"{self.who} ({details})" if details else self.who


@dataclass(frozen=True)
class Hold:
    """What a holder holds, since when, and until when if it is not renewed.

    Times are in UTC, ``lifetime`` is in seconds.
    """

    holder: Holder
    since: datetime
    until: datetime
    lifetime: float = LIFETIME

    @classmethod
    def begin(cls, holder: Holder, now: datetime, lifetime: float = LIFETIME) -> Hold:
        """A hold that begins now."""
        return cls(holder, now, now + timedelta(seconds=lifetime), lifetime)

    def renewed(self, now: datetime) -> Hold:
        """The same hold, for another lifetime from now on."""
        return replace(self, until=now + timedelta(seconds=self.lifetime))

    def __str__(self) -> str:
        return f"{self.holder} since {self.since.strftime(_TIME)}"

    def at(self, now: datetime) -> str:
        """Holder, beginning and end, both as a time and relative to ``now``, in the same words in every message."""
        left = _seconds(self.until - now)
        end = f"in {left} s" if left >= 0 else f"{-left} s ago"
        return f"{self} ({_seconds(now - self.since)} s ago), until {self.until_text} ({end})"

    @property
    def until_text(self) -> str:
        """The end in UTC, as messages show it."""
        return self.until.strftime(_TIME)

    def text(self) -> str:
        """The stored form: short, and readable for a person who finds it."""
        holder = self.holder
        fields = {
            "by": holder.who,
            "user": holder.user,
            "job": holder.job,
            "since": self.since.strftime(_TIME),
            "until": self.until.strftime(_TIME),
            "for": f"{self.lifetime:g}",
            "run": holder.run,
            "place": holder.place,
            "process": holder.process,
        }
        return " ".join(f"{name}={value}" for name, value in fields.items() if value)


def parse(text: str) -> Hold | None:
    """The hold in a text, or None when it has no valid one. Other words in the text are ignored."""
    fields = dict(word.split("=", 1) for word in text.split() if "=" in word)
    try:
        since, until = (
            datetime.strptime(fields[name], _TIME).replace(tzinfo=timezone.utc) for name in ("since", "until")
        )
        known = {name: fields.get(name, "") for name in ("job", "place", "process", "user")}
        holder = Holder(fields["run"], fields["by"], **known)
        lifetime = float(fields["for"])
        return Hold(holder, since, until, lifetime) if 0 < lifetime <= _LONGEST_LIFETIME else None
    except (KeyError, ValueError):
        return None


def this_run(job: str = "", person: str = "") -> Holder:
    """A new holder: this process, as one run. ``job`` and ``person`` come from the platform, if it names them."""
    job = job or job_of(os.environ)
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have no entry for its user
        user = str(os.getuid())
    who = f"{_word(user)}@{_word(platform.node()) or 'unknown-host'}"
    return Holder(uuid.uuid4().hex, who, _word(job), _place(), process_id(os.getpid()), _word(person))


def job_of(environment: Mapping[str, str]) -> str:
    """The number of the job that a process belongs to, in AWX, GitLab or Jenkins; empty if unknown."""
    return next((environment[name] for name in _JOBS if environment.get(name)), "")


def standing(hold: Hold, holder: Holder, now: datetime, ended: Callable[[Holder], bool] | None = None) -> Standing:
    """What a hold means for ``holder``. ``now`` is by the same clock as the hold.

    ``ended`` says whether a holder is proved to have ended (`has_ended` by default).
    """
    if hold.holder.run == holder.run:
        return Standing.MINE
    if now > hold.until or (ended or has_ended)(hold.holder):
        return Standing.ENDED
    return Standing.LIVE


def has_ended(holder: Holder) -> bool:
    """Whether a holder is proved to have ended. False where nothing proves it: on another machine, or without /proc."""
    if not holder.place or holder.place != _place() or not _PROCESS.fullmatch(holder.process):
        return False
    pid = int(holder.process.partition(".")[0])
    if pid == os.getpid():
        return True  # a process carries out only one run at a time
    return not process_exists(pid, holder.process)


def process_id(pid: int) -> str:
    """``PID.START``, which no later process on this machine has; empty where that is unknown."""
    try:
        # the name in brackets may contain spaces and brackets
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    state, start = fields[0], fields[19]
    return "" if state in "ZX" else f"{pid}.{start}"


def process_exists(pid: int, process: str) -> bool:
    """Whether a process runs. It must also have this `process_id`, if that can be read."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # no process can have this number
        return False
    except PermissionError:  # it belongs to another user, and /proc may hide it
        now = process_id(pid)
        return not now or not process or now == process
    if not process:
        return True
    return process_id(pid) == process


def _place() -> str:
    """Identifies this boot of the machine and its namespace of process ids; empty where that is unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:12]


def _seconds(time: timedelta) -> int:
    return round(time.total_seconds())


def _word(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z._:@/-]+", "-", text)[:_LONGEST]


class Starter:
    """The process that started this one, and ansible-playbook if its process id is known.

    ``run_by`` has ``job`` and ``user`` if the platform provides them.

    ansible-core starts the process that runs a module in a new session, so a module goes on when ansible-playbook is
    killed. The module itself has to check whether anything still waits for it.
    """

    def __init__(self, controller_pid: int | None = None, run_by: Mapping[str, Any] | None = None) -> None:
        self._run_by = {name: str(value) for name, value in (run_by or {}).items() if value}
        self._parent = os.getppid()
        self._controller = controller_pid
        self._process = process_id(controller_pid) if controller_pid else ""

    def run(self) -> Holder:
        """This process as a new run, with the job and the person that ``run_by`` names."""
        return this_run(self._run_by.get("job", ""), self._run_by.get("user", ""))

    def is_gone(self) -> bool:
        """Whether one of these processes has ended since then."""
        if os.getppid() != self._parent:
            return True
        return self._controller is not None and not process_exists(self._controller, self._process)
