# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which requests may be sent again, and when. Pure except for the random jitter."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable
from datetime import datetime, timezone

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import (
    Refused,
    TaskFailed,
    Unreachable,
    VcdError,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import http_date

LONGEST_RETRY_AFTER = 30.0


class RetryVerdict(enum.Enum):
    """What to do about a failed request."""

    GIVE_UP = "give up"
    REPEAT = "repeat"
    IN_DOUBT = "first check whether it took effect"


def judge(error: VcdError, *, repeatable: bool, reached_before: bool) -> RetryVerdict:
    """Decide what to do after an error.

    ``repeatable``: sending the request twice does no harm. ``reached_before``: the server has answered in this
    session, so an unreachable server is a temporary failure and not a wrong url.
    """
    unsure = RetryVerdict.REPEAT if repeatable else RetryVerdict.IN_DOUBT
    if isinstance(error, Unreachable):
        if not error.transient:
            return RetryVerdict.GIVE_UP
        if error.sent:
            return unsure
        return RetryVerdict.REPEAT if reached_before else RetryVerdict.GIVE_UP
    if isinstance(error, TaskFailed):
        return unsure if error.busy else RetryVerdict.GIVE_UP
    if isinstance(error, Refused):
        if error.status == 429 or error.details.get("busy"):
            return RetryVerdict.REPEAT  # rejected before Cloud Director had done anything
        # A proxy or load balancer in front may give these answers after Cloud Director has accepted the request.
        if error.status in (502, 503, 504):
            return unsure
    return RetryVerdict.GIVE_UP


class Backoff:
    """Increasing pauses in seconds, with jitter."""

    def __init__(
        self,
        first: float = 0.25,
        factor: float = 1.7,
        longest: float = 5.0,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._next, self._factor, self._longest, self._uniform = first, factor, longest, uniform

    def pause(self, retry_after: float | None = None) -> float:
        """The seconds to wait now; at least ``retry_after``, up to LONGEST_RETRY_AFTER."""
        pause = self._uniform(0.5, 1.0) * self._next
        self._next = min(self._next * self._factor, self._longest)
        return max(pause, min(retry_after, LONGEST_RETRY_AFTER)) if retry_after is not None else pause


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """A Retry-After header (seconds or an HTTP date) as seconds from now. None when it is missing or unreadable."""
    seconds = decimal((value or "").strip())
    if seconds is not None:
        return float(seconds)
    moment = http_date(value)
    return None if moment is None else max(0.0, (moment - (now or datetime.now(timezone.utc))).total_seconds())
