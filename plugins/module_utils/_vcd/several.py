# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Several objects of one kind in one task: all are planned before the first write. Independent of resource types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec, refuse_together
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import (
    Change,
    Manager,
    PlannedWrite,
    Result,
    Shared,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.peers import Peers

# These identify an object. Any other option given besides the list is the default for its entries.
IDENTITY = ("name", "id", "new_name")
MOST_NAMES = 5  # of entries in a message


@dataclass
class Entry:
    """One entry of the list: its place and name for messages, its manager, its planned step, and the outcome."""

    label: str
    manager: Manager
    step: PlannedWrite
    object_id: str = ""
    change: Change | None = None


class Several:
    """One object of a kind, or with the option ``plural`` several of them, in the order of the list::

        RULES = Several("nat_rules", NatRules, STATE | ArgumentSpec({"enabled": {"type": "bool"}}))
        SPEC = CONNECTION | EDGE_GATEWAY | WAIT | RULES.spec

    The entries have the options of one object. Each is planned and checked as if the previous ones had been carried
    out, so check mode predicts what the run does. Then they are written, one after another; the waits come last.
    """

    def __init__(self, plural: str, manager: type[Manager], spec: ArgumentSpec) -> None:
        self.plural = plural
        self.manager = manager
        self.of_one = spec
        self.spec = spec.or_several(plural, [name for name in IDENTITY if name in spec.options])

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise CollectionError for options that cannot work, before any request."""
        if params[self.plural] is None:
            self.manager.from_options(params)
            return
        for label, given, entry in self._entries(params):
            with _named(label):
                refuse_together(self.of_one, given)
                self.manager.from_options(entry)
        self._check_names(params[self.plural])

    def ensure(self, api: Api, gateway: Body, params: Mapping[str, Any], check_mode: bool) -> tuple[Change, Result]:
        """Bring all objects to their wanted states: the change, and what the module returns. Raises CollectionError."""
        if params[self.plural] is None:
            change = self.manager(api, gateway, params, check_mode).ensure()
            return change, {self.plural.removesuffix("s"): change.after}
        with api.one_look(whole_lists=True):
            entries = self._plan(api, gateway, params)
        if check_mode:
            for one in entries:
                one.change = one.manager.finish(one.step)
        else:
            _write(entries)
            _see(api, entries, params["wait_timeout"])
        changes = [one.change for one in entries if one.change is not None]
        before, after = [one.before for one in changes], [one.after for one in changes]
        changed = any(one.changed for one in changes)
        warnings = _warnings(entries)
        return Change(changed, {self.plural: before}, {self.plural: after}, warnings), {self.plural: after}

    def _entries(self, params: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """For each entry its label, its own options, and the resulting options of one object."""
        beside = {**params, **dict.fromkeys(IDENTITY), self.plural: None}
        for number, entry in enumerate(params[self.plural]):
            given = {name: value for name, value in entry.items() if value is not None}
            yield self._label(number, given), given, {**beside, **given}

    def _label(self, number: int, entry: Mapping[str, Any]) -> str:
        name = entry.get("name") or entry.get("id")
        return f"{self.plural}[{number}]" + (f" {name!r}" if name else "")

    def _check_names(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Refuse a name or an id that two entries have: the result would depend on their order."""
        seen: dict[tuple[str, str], tuple[int, Any]] = {}
        for number, entry in enumerate(entries):
            own = {("id", entry["id"]), *(("name", entry.get(option)) for option in ("name", "new_name"))}
            for option, value in sorted(one for one in own if one[1]):
                other, urn = seen.setdefault((option, value), (number, entry["id"]))
                repeats = option == "name" and self.manager.names_repeat
                if other != number and not (repeats and urn and entry["id"]):
                    remedy = "give each of the two its id, or remove one" if repeats else "remove one of the two"
                    taken = f"{option}: {value!r}: {self.plural}[{other}] has it, too"
                    raise CollectionError(
                        f"{self._label(number, entry)}: {taken}: {remedy}",
                        option=option,
                        value=value,
                    )

    def _plan(self, api: Api, gateway: Body, params: Mapping[str, Any]) -> list[Entry]:
        """The step for each entry, as if the steps of the previous entries had been carried out. Nothing is written."""
        found: list[Entry] = []
        meant: dict[str, str] = {}
        shared = Shared()
        for number, (label, _given, options) in enumerate(self._entries(params)):
            with _named(label):
                manager = self.manager(api, gateway, options, True)
                manager.shared = shared
                if found:
                    manager.peers = _foresee(found[-1], number - 1)
                step = manager.plan()
                same = meant.setdefault(str((step.before or {}).get("id") or label), label)
                if same != label:
                    raise CollectionError(f"is the same {manager.kind} as {same}: remove one of the two")
            found.append(Entry(label, manager, step))
        return found


def _foresee(entry: Entry, number: int) -> Peers:
    """The peers of the next entry: the peers of this one, as its step will leave them."""
    step, peers = entry.step, entry.manager.peers
    if step.act:
        # an object that does not exist yet has no id, so it gets a distinct placeholder
        urn = str((step.body or {}).get("id") or f"new-{number}")
        if step.planned is None:
            peers.drop(urn)
        else:
            peers.put(urn, {**step.planned, "id": urn})
    return peers


def _write(entries: list[Entry]) -> None:
    """Write the planned steps. An error names its entry, and says what has been written."""
    to_do = [one for one in entries if one.step.act]
    for number, one in enumerate(to_do):
        one.manager.check_mode = False
        try:
            one.object_id = one.manager.carry_out(one.step)
        except CollectionError as error:
            done = [other.label for other in to_do[:number]]
            error.message = f"{one.label}: {error.message}; {_written(done, len(to_do))}"
            error.details |= {"entry": one.label, "written": done}
            raise


def _see(api: Api, entries: list[Entry], seconds: float) -> None:
    """Wait for all objects, at most ``seconds`` altogether, and read what was written."""
    deadline = api.session.deadline(seconds)
    done = [one.label for one in entries if one.step.act]
    for one in entries:
        manager = one.manager
        manager.check_mode = False
        manager.params = {**manager.params, "wait_timeout": deadline.left()}
        try:
            one.change = manager.outcome(one.step, one.object_id or str((one.step.before or {}).get("id") or ""))
        except CollectionError as error:
            error.message = f"{one.label}: {error.message}; {_written(done, len(done))}"
            error.details |= {"entry": one.label, "written": done}
            raise


def _written(done: list[str], wanted: int) -> str:
    if not wanted:
        return "there was nothing to change"
    if len(done) == wanted:
        return "all changes were written: run the task again to see whether they are in effect"
    if not done:
        return f"none of the {wanted} changes was written before"
    more = f" and {len(done) - MOST_NAMES} more" if len(done) > MOST_NAMES else ""
    listed = f"{', '.join(done[:MOST_NAMES])}{more}"
    return f"{len(done)} of {wanted} changes were written before ({listed}): run the task again to make the others"


def _warnings(entries: list[Entry]) -> tuple[str, ...]:
    """The warnings of all entries, each only once, with the entries that it is for."""
    labels: dict[str, list[str]] = defaultdict(list)
    for one in entries:
        for text in dict.fromkeys(one.change.warnings if one.change else ()):
            labels[text].append(one.label)
    return tuple(
        f"{found[0]}{f' and {len(found) - 1} more' if len(found) > 1 else ''}: {text}" for text, found in labels.items()
    )


@contextmanager
def _named(label: str) -> Iterator[None]:
    """Name the entry in an error."""
    try:
        yield
    except CollectionError as error:
        error.message = f"{label}: {error.message}"
        error.details.setdefault("entry", label)
        raise
