# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a check found: one shape for preflight and verify."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

# How long one task takes, according to a published log of CPI. An estimate: a busy Cloud Director takes longer.
TASK_SECONDS = (5, 8)


class Severity(str, Enum):
    """How much a finding matters: an error stops the run, a warning and an info do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """``check`` names the check, ``message`` says what it found, ``remedy`` what can be done about it.

    ``code`` is a stable name of what was found, for programs; by default the name of the check. ``about`` is the
    Service or object that it is about; empty for the whole cluster. ``passing``: it may come and go by itself, so no
    approved plan depends on it.
    """

    check: str
    severity: Severity
    message: str
    remedy: str = ""
    code: str = field(default="", compare=False)
    about: str = field(default="", compare=False)
    passing: bool = field(default=False, compare=False)

    @property
    def stable_code(self) -> str:
        """``code``, or the name of the check."""
        return self.code or self.check.replace("_", "-")

    @property
    def ok(self) -> bool:
        """Whether nothing has to be done about it."""
        return self.severity is Severity.INFO

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a playbook."""
        found = {
            "check": self.check,
            "severity": self.severity.value,
            "message": self.message,
            "remedy": self.remedy,
            "ok": self.ok,
        }
        return {**found, "passing": True} if self.passing else found


def error(check: str, message: str, remedy: str, code: str = "", about: str = "") -> Finding:
    """A finding that stops the run."""
    return Finding(check, Severity.ERROR, message, remedy, code, about)


def warning(check: str, message: str, remedy: str = "", code: str = "", about: str = "") -> Finding:
    """A finding that a person should know about."""
    return Finding(check, Severity.WARNING, message, remedy, code, about)


def info(check: str, message: str) -> Finding:
    """A finding that only informs: the check passed, or there is a note."""
    return Finding(check, Severity.INFO, message)


def pluralize(number: int, thing: str) -> str:
    """How many of something, for a person: "no Services", "1 Service", "2 Services"."""
    plural = "es" if thing.endswith("s") else "s"
    return f"{number or 'no'} {thing}{'' if number == 1 else plural}"


def tasks_in_words(number: int) -> str:
    """How long something takes, in tasks of Cloud Director and as an estimate: "3 tasks (about 15 to 24 s)"."""
    if not number:
        return "no task"
    shortest, longest = (number * seconds for seconds in TASK_SECONDS)
    return f"{pluralize(number, 'task')} (about {shortest} to {longest} s)"


def passed(findings: Iterable[Finding]) -> bool:
    """Whether no finding is an error."""
    return all(finding.severity is not Severity.ERROR for finding in findings)


def first_lines(findings: Iterable[Finding]) -> str:
    """All errors in one line for a person: message and remedy of each, numbered when there are several."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    texts = [f"{finding.message} - {finding.remedy}" if finding.remedy else finding.message for finding in errors]
    if len(texts) < 2:
        return "".join(texts)
    return "; ".join(f"({number}) {text}" for number, text in enumerate(texts, 1))
