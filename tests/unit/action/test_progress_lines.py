# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that show the progress of a run, and the file that they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._progress import (
    EVERY,
    EventReader,
    ProgressLines,
    time_left,
)

PLAN = {"event": "plan", "services": 100, "writes": 400}
WEB = {"name": "default/web", "number": 3, "of": 100}
SERVICE = {"event": "service", **WEB, "doing": "migrating to shared_internal"}
DONE = {"event": "done", **WEB, "state": "migrated", "done": 12, "writes": 400, "left_seconds": 380}


def step(done: int, text: str = "creating DNAT rule x", left: Any = 388) -> dict[str, Any]:
    """A write that begins."""
    return {"event": "step", **WEB, "step": text, "done": done, "writes": 400, "left_seconds": left}


def test_the_plan_and_each_service_have_one_line() -> None:
    progress = ProgressLines(0.0)
    assert progress.take(PLAN, 1.0) == ["shared_ip: 100 Services, 400 writes"]
    assert progress.take(SERVICE, 1.1) == []
    assert progress.take(step(10), 1.2) == []
    assert progress.take(step(11), 2.2) == []
    assert progress.take(DONE, 3.2) == [
        "shared_ip: 3 of 100 default/web: migrated (12 of 400 writes, about 6 min left)"
    ]  # fmt: skip
    assert progress.tick(1000.0) == []


@pytest.mark.parametrize("state", ["rolled_back", "failed", "not_reached"])
def test_every_other_state_is_shown_too(state: str) -> None:
    progress = ProgressLines(0.0)
    (line,) = progress.take({**DONE, "state": state, "left_seconds": None}, 0.1)
    assert line == f"shared_ip: 3 of 100 default/web: {state.replace('_', ' ')} (12 of 400 writes)"


def test_nothing_to_do_is_one_line() -> None:
    progress = ProgressLines(0.0)
    assert progress.take({**PLAN, "services": 1, "writes": 0}, 0.0) == ["shared_ip: 1 Service, nothing to write"]
    assert progress.take(SERVICE, 0.0) + progress.take({**DONE, "state": "unchanged"}, 0.0) == []


def test_a_slow_service_is_shown_at_most_every_ten_seconds() -> None:
    progress, lines = ProgressLines(0.0), []
    progress.take(PLAN, 0.0)
    progress.take(SERVICE, 0.0)
    for tenth in range(1, 351):
        now = tenth / 10
        if tenth % 40 == 0:
            lines += [(now, line) for line in progress.take(step(4 * (tenth // 40)), now)]
        lines += [(now, line) for line in progress.tick(now)]
    assert [now for now, _line in lines] == [10.0, 20.0, 30.0]
    assert lines[1][1] == "shared_ip: 3 of 100 default/web: creating DNAT rule x (20 of 400 writes, about 6 min left)"


def test_a_step_that_does_not_end_is_shown_again() -> None:
    progress = ProgressLines(0.0)
    progress.take(step(0, left=None), 0.0)
    lines_by_time = [progress.tick(now) for now in (EVERY - 0.1, EVERY, EVERY + 1, 2 * EVERY)]
    assert [len(lines) for lines in lines_by_time] == [0, 1, 0, 1]
    assert lines_by_time[3] == ["shared_ip: 3 of 100 default/web: creating DNAT rule x (0 of 400 writes)"]


def test_a_plan_that_replaces_another_says_what_is_left_of_it() -> None:
    progress = ProgressLines(0.0)
    progress.take(PLAN, 0.0)
    assert progress.take({**PLAN, "services": 97, "writes": 390, "again": True}, 1.0) == [
        "shared_ip: planned again: 97 Services, 390 writes left"
    ]
    (line,) = progress.take({**DONE, "number": 4, "done": 20, "writes": 402}, 2.0)
    assert line == "shared_ip: 4 of 100 default/web: migrated (20 of 402 writes, about 6 min left)"


def test_removing_single_objects_shows_no_service() -> None:
    progress = ProgressLines(0.0, "prod")
    no_service = {"name": "", "number": 0, "of": 0, "done": 1, "writes": 4, "left_seconds": None}
    assert progress.take({"event": "plan", "services": 0, "writes": 4, "again": False}, 0.0) == []
    assert progress.take({"event": "step", "step": "deleting pool x", **no_service}, 20.0) == [
        "shared_ip: prod: deleting pool x (1 of 4 writes)"
    ]


def test_texts_from_outside_stay_in_one_plain_line() -> None:
    progress = ProgressLines(0.0)
    (line,) = progress.take({**DONE, "name": "a\n\x1b[31mb\t\u202e c", "state": "x" * 500}, 0.0)
    assert line.startswith(r"shared_ip: 3 of 100 a \x1b[31mb \u202e c: xxx")
    assert line.isprintable()
    assert len(line) < 200


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""), ("soon", ""), (True, ""), (-5, ""), (0, ""), (float("nan"), ""), (float("inf"), ""),
        (1, "about 10 s left"), (44, "about 40 s left"), (89, "about 90 s left"), (90, "about 2 min left"),
        (380, "about 6 min left"), (5900, "about 98 min left"), (7300, "about 2 h 2 min left"),
    ],
)  # fmt: skip
def test_remaining_time_is_rounded(seconds: Any, words: str) -> None:
    assert time_left(seconds) == words


@pytest.mark.parametrize(
    "event",
    [{}, {"event": "other"}, {"event": "plan"}, {"event": "step"}, {"event": "done"}, {"event": "service", "of": "x"}],
)
def test_events_of_another_form_do_no_harm(event: dict[str, Any]) -> None:
    progress = ProgressLines(0.0)
    assert all(line.isprintable() for line in progress.take(event, 20.0) + progress.tick(40.0))


def test_a_file_is_read_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text("")
    reader = EventReader(str(path))
    assert list(reader.events()) == []
    text = json.dumps({**PLAN, "name": "ä"}, ensure_ascii=False).encode() + b"\n"
    cut = text.index("ä".encode()) + 1
    path.write_bytes(text[:cut])
    assert list(reader.events()) == []
    path.write_bytes(text + b"no json\n[1]\n\n" + json.dumps(DONE).encode())
    assert list(reader.events()) == [{**PLAN, "name": "ä"}]
    path.write_bytes(path.read_bytes() + b"\n")
    assert list(reader.events()) == [DONE]
    assert list(reader.events()) == []
