# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The holder of a lock or lease, and whether that run has ended."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils import _hold
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import (
    Hold,
    Holder,
    Standing,
    Starter,
    has_ended,
    parse,
    process_id,
    standing,
    this_run,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=timezone.utc)
WORDS = st.text("abcdefXYZ0123456789._:@/-", max_size=20)
HOLDERS = st.builds(Holder, WORDS.filter(bool), WORDS.filter(bool), WORDS, WORDS, WORDS, WORDS)
TIMES = st.integers(0, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(HOLDERS, TIMES, st.integers(1, 10**6), st.text(max_size=20))
def test_a_hold_survives_as_text_even_among_other_words(
    holder: Holder, now: datetime, lifetime: int, other: str
) -> None:
    hold = Hold.begin(holder, now, lifetime)
    words = " ".join(word for word in other.split() if "=" not in word)
    assert parse(hold.text()) == hold
    assert parse(f"{words} {hold.text()}") == hold


@given(st.text())
def test_any_other_text_is_not_a_hold(text: str) -> None:
    assert parse(text) is None


@given(HOLDERS, HOLDERS, st.integers(-400, 400), st.booleans())
def test_a_hold_ends_with_its_time_or_with_its_holder(one: Holder, other: Holder, after: int, gone: bool) -> None:
    hold = Hold.begin(one, NOW)
    now = hold.until + timedelta(seconds=after)
    found = standing(hold, other, now, lambda holder: gone)
    if one.run == other.run:
        assert found is Standing.MINE
    else:
        assert (found is Standing.ENDED) == (gone or after > 0)
        assert standing(hold.renewed(now), other, now, lambda holder: False) is Standing.LIVE


def test_a_hold_is_written_for_people() -> None:
    hold = Hold.begin(Holder("1f", "alice@awx-1", "12", "a0", "4711.99"), NOW)
    assert str(hold) == "alice@awx-1 (job 12, process 4711) since 2026-11-27T10:00:00Z"
    assert hold.until_text == "2026-11-27T10:05:00Z"
    times = "since 2026-11-27T10:00:00Z (60 s ago), until 2026-11-27T10:05:00Z (in 240 s)"
    assert hold.at(NOW + timedelta(seconds=60)) == f"alice@awx-1 (job 12, process 4711) {times}"
    assert hold.at(NOW + timedelta(seconds=400)).endswith("until 2026-11-27T10:05:00Z (100 s ago)")
    assert str(replace(hold.holder, user="bob")) == "alice@awx-1 (started by bob, job 12, process 4711)"
    assert str(Holder("1f", "alice@awx-1")) == "alice@awx-1"


def test_this_run_names_its_job_and_fits_into_a_description(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_JOB_ID", "x" * 200 + " = y")
    monkeypatch.setenv("USER", "a user=b")
    monkeypatch.setenv("LOGNAME", "a user=b")
    one, other = this_run(), this_run()
    assert one.run != other.run
    assert one.who.startswith("a-user-b@")
    hold = Hold.begin(one, NOW)
    assert parse(hold.text()) == hold
    assert len(hold.text()) < 300


def test_a_run_has_ended_only_if_that_is_proved() -> None:
    me = this_run()
    parent = replace(me, run="parent", process=process_id(os.getppid()))
    assert "." in me.process
    assert has_ended(parent) is False
    # the process id now belongs to another process
    assert has_ended(replace(parent, process=f"{os.getppid()}.1")) is True
    assert has_ended(replace(me, process="4194999.5")) is True  # above the largest process id
    # a process makes one run at a time, so an earlier run of this one is over
    assert has_ended(me) is True
    for unknown in ({"place": ""}, {"place": "another"}, {"process": ""}):
        assert has_ended(replace(me, **{"process": "4194999.5", **unknown})) is False


def test_a_process_of_another_user_that_cannot_be_read_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    monkeypatch.setattr(_hold, "process_id", lambda pid: "")
    assert _hold.process_exists(77, "77.1") is True


def test_without_proc_nothing_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = replace(this_run(), process="4194999.5")
    monkeypatch.setattr(_hold, "_place", lambda: "")
    assert has_ended(gone) is False
    assert has_ended(replace(gone, place="")) is False


def test_the_process_that_started_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Starter().is_gone() is False
    assert Starter(os.getppid()).is_gone() is False
    assert Starter(4194999).is_gone() is True
    started = Starter()
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert started.is_gone() is True


def test_the_job_and_the_person_that_the_platform_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_ID", "12")
    assert Starter().run().job == "12"
    holder = Starter(None, {"job": "77", "user": "Alice A. = x", "other": None}).run()
    assert (holder.job, holder.user) == ("77", "Alice-A.-x")
    hold = Hold.begin(holder, NOW)
    assert parse(hold.text()) == hold
