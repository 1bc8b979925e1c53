# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a list that never ends stops at the deadline, or at a number of pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.paging import MOST_PAGES
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Answer
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline

LISTS: list[Callable[[Api], object]] = [lambda api: api.pages("x", "things"), lambda api: api.cursor("x", "things")]


class Endless:
    """A session whose every answer is a page that promises another one, after ``seconds`` of its clock."""

    def __init__(self, seconds: float) -> None:
        self.asked, self._seconds, self._now = 0, seconds, 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    def deadline(self, seconds: float | None = None) -> Deadline:
        return Deadline(60.0 if seconds is None else seconds, self)

    def request(self, _call: Any, _deadline: Deadline) -> Answer:
        self.asked += 1
        self._now += self._seconds
        row = {"id": f"urn:vcloud:thing:{self.asked}", "name": "x"}
        body = json.dumps({"values": [row], "resultTotal": 10**9, "pageCount": 10**9})
        link = f'<https://vcd.example/cloudapi/1.0.0/x?cursor={self.asked}>;rel="nextPage"'
        return Answer("GET", "/cloudapi/1.0.0/x", 200, {"Link": link}, body)


@pytest.mark.parametrize("read", LISTS, ids=["pages", "cursor"])
def test_the_deadline_is_checked_between_pages(read: Callable[[Api], object]) -> None:
    session = Endless(seconds=10.0)
    with pytest.raises(VcdError, match=r"^cannot list things: the list is not complete after 60 s \(option timeout\)"):
        read(Api(session))  # type: ignore[arg-type]  # a double
    assert session.asked == 6


@pytest.mark.parametrize("read", LISTS, ids=["pages", "cursor"])
def test_the_number_of_pages_of_a_list_is_limited(read: Callable[[Api], object]) -> None:
    session = Endless(seconds=0.0)
    with pytest.raises(VcdError, match="the list is without an end: 1000 pages with 1000 objects were read"):
        read(Api(session))  # type: ignore[arg-type]  # a double
    assert session.asked == MOST_PAGES
