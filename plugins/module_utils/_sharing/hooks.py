# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The hooks of a change: an operator's task files and roles that run before its first write and at its end. Pure.

`hooks_of` reads the role's variables, and `Hooks.decide` says which of them run. Nothing else decides that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput, shortened
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader

Facts = dict[str, Any]
BEFORE, AFTER = "shared_ip_before_change", "shared_ip_after_change"
RESULT = "shared_ip_hook_result"  # the variable in which a hook hands something on
SAVED = "before_change"  # the field of a restore point that holds what the hooks before the change handed on
ARTIFACT = "shared_ip_saved_of_"  # the variable in which a job hands on what it saved, with the cluster's name
DIGEST = "digest"
LARGEST = 4096  # characters of what one hook hands on, as JSON: the cluster and the job's database keep it
_FORMS = "give the path of a task file (FILE.yml), ROLE, ROLE:TASKS_FROM, or a dictionary with tasks or with role"
_KEYS = ("name", "tasks", "role", "tasks_from")
_ROLE = re.compile(r"[A-Za-z0-9_.-]+")


def hooks_of(option: str, value: Any) -> list[dict[str, str]]:
    """The hooks that a variable of the role names, each with ``what``, and ``tasks`` or ``role`` with ``tasks_from``.

    ``value`` is a list, a single hook, or text with commas; null and blank text hold none. Raises InvalidInput.
    """
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, Mapping):
        parts = [parts]
    if parts is not None and not isinstance(parts, (list, tuple)):
        raise InvalidInput(option, value, f"is not a list: {_FORMS}")
    return [_hook(option, one) for one in parts or () if one is not None and not _is_blank(one)]


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _hook(option: str, value: Any) -> dict[str, str]:
    given = _from_text(value.strip()) if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise InvalidInput(option, value, _FORMS)
    if "what" in given:  # it has been read before
        given = {key: text for key, text in given.items() if key != "what"} | {"name": given["what"]}
    unknown = [str(key) for key in given if key not in _KEYS]
    if unknown:
        raise InvalidInput(option, value, f"{', '.join(unknown)}: no such key: a hook has {', '.join(_KEYS)}")
    texts = {key: text.strip() for key, text in given.items() if isinstance(text, str) and text.strip()}
    wrong = [str(key) for key, text in given.items() if key not in texts and text is not None and not _is_blank(text)]
    if wrong or ("tasks" in texts) == ("role" in texts) or ("tasks_from" in texts and "role" not in texts):
        raise InvalidInput(option, value, _FORMS)
    if "tasks" in texts:
        found = {"tasks": texts["tasks"]}
        return {"what": texts.get("name", f"tasks {texts['tasks']}"), **found}
    found = {"role": texts["role"], "tasks_from": texts.get("tasks_from", "main")}
    if not (_ROLE.fullmatch(found["role"]) or found["role"].startswith("/")):
        raise InvalidInput(option, value, _FORMS)
    part = f", {found['tasks_from']}" if found["tasks_from"] != "main" else ""
    return {"what": texts.get("name", f"role {found['role']}{part}"), **found}


def _from_text(text: str) -> dict[str, str]:
    if "/" in text or text.endswith((".yml", ".yaml")):
        return {"tasks": text}
    role, colon, tasks_from = text.partition(":")
    return {"role": role, "tasks_from": tasks_from} if colon else {"role": role}


def checked_results(results: Iterable[Any], option: str = BEFORE) -> list[Facts]:
    """What hooks handed on, in the form that the role keeps: ``what``, ``started``, ``seconds`` and ``result``.

    Raises InvalidInput for what a restore point cannot hold.
    """
    return [_result(Reader(one, f"{option}[{number}]"), option) for number, one in enumerate(results)]


def _result(one: Reader, option: str) -> Facts:
    what, result = one.text("what"), one.value.get("result")
    try:
        size = len(json.dumps(result))
    except (TypeError, ValueError):
        raise InvalidInput(option, what, f"{RESULT}: is not plain data: hand on text, numbers and lists") from None
    if size > LARGEST:
        why = f"{RESULT}: has {size} characters as JSON, and may have {LARGEST}: hand on a path, or an id"
        raise InvalidInput(option, what, why)
    found = {"what": what, "started": one.text("started", ""), "seconds": seconds_of(one.value.get("seconds"))}
    return {**found, "result": result}


def seconds_of(value: Any) -> float:
    """Seconds as a number; templates of ansible-core before 2.19 return text."""
    try:
        return round(float(value), 1)
    except (TypeError, ValueError):
        return 0.0


def with_saved(point: Mapping[str, Any], saved: Sequence[Facts]) -> Facts:
    """The restore point with what was saved before the change added; unchanged if nothing was saved."""
    return {**point, SAVED: list(saved)} if point and saved else dict(point)


@dataclass(frozen=True)
class Hooks:
    """The hooks of one run. ``saved`` is what the hooks before the change handed on, once they have run."""

    before: Sequence[Facts] = ()
    after: Sequence[Facts] = ()
    saved: Sequence[Facts] = ()
    handed_on: Mapping[str, Any] | None = None

    def decide(self, cluster: Mapping[str, Any], *, pending: bool, digest: str = "") -> Facts:
        """Which hooks run, as ``before``, ``after``, ``saved`` and ``lines``.

        No hook runs where the cluster stays unchanged. While a change is in progress, no hook runs before it: it could
        no longer save the state before the change, and what was saved then is in the restore point. What an earlier job
        saved counts if it ran the same hooks for the same approved plan, whose digest is ``digest``.
        """
        after = list(self.after) if pending or self.saved else []
        lines = [f"at the end, also after a failure: {names(after)}"] if after else []
        if self.saved or not pending:
            return {"before": [], "after": after, "saved": list(self.saved), "lines": lines if pending else []}
        taken_over = self._taken_over(digest) if cluster["rollout"]["state"] != IN_PROGRESS else []
        if taken_over:
            ran = ", ".join(result_words(one) for one in taken_over)
            first = [f"{BEFORE}: a job before has run it for this plan, and it does not run again: {ran}"]
            return {"before": [], "after": after, "saved": taken_over, "lines": [*first, *lines]}
        if cluster["rollout"]["state"] != IN_PROGRESS:
            first = [f"before the first write: {names(self.before)}"] if self.before else []
            return {"before": list(self.before), "after": after, "saved": [], "lines": [*first, *lines]}
        kept = checked_results((cluster.get("restore_point") or {}).get(SAVED) or ())
        first = [_not_again(kept)] if self.before else []
        return {"before": [], "after": after, "saved": kept, "lines": [*first, *lines]}

    def _taken_over(self, digest: str) -> list[Facts]:
        if not (self.handed_on and self.before and digest):
            return []
        found = Reader(self.handed_on, ARTIFACT)
        same = found.text(DIGEST, "") == digest and self.handed_on.get("hooks") == identities(self.before)
        return checked_results([one.value for one in found.mappings("results")], ARTIFACT) if same else []


def identities(hooks: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """The hooks in a form that can be compared between jobs, whose projects may lie in different folders."""
    return [
        [str(one["what"]), _last(one.get("tasks") or one.get("role")), one.get("tasks_from") or ""] for one in hooks
    ]


def _last(path: Any) -> str:
    return str(path).rpartition("/")[2]


def _not_again(kept: Sequence[Facts]) -> str:
    why = f"{BEFORE}: does not run, because a change is in progress, and the state before it is gone"
    if not kept:
        return f"{why}; the restore point does not say that anything was saved before it"
    return f"{why}; saved before it: {', '.join(result_words(one) for one in kept)}"


def names(hooks: Iterable[Mapping[str, Any]]) -> str:
    """The hooks for a person."""
    return ", ".join(str(one["what"]) for one in hooks)


def result_words(one: Mapping[str, Any]) -> str:
    """When a hook ran, for a person."""
    return f"{one['what']} ({one['started']}, {one['seconds']:g} s)"


def result_text(result: Any, longest: int = 300) -> str:
    """What a hook handed on, in one line; empty if it handed on nothing."""
    return shortened(json.dumps(result, ensure_ascii=False, sort_keys=True), longest) if result else ""
