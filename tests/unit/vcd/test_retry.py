# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests are sent again, and when: the verdicts, and the retry loops with a fake clock."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, WaitTimeout
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import (
    Refused,
    TaskFailed,
    Unreachable,
    VcdError,
    refusal,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.paging import next_cursor
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.retry import (
    Backoff,
    RetryVerdict,
    judge,
    retry_after_seconds,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.session import Session
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Answer, Transport
from fake_clock import FakeClock

BUSY = json.dumps({"minorErrorCode": "BUSY_ENTITY", "message": "x is busy completing an operation NAT_RULE_CREATE."})
VERSIONS = "<SupportedVersions><VersionInfo><Version>37.2</Version></VersionInfo></SupportedVersions>"
TOKEN = {"X-VMWARE-VCLOUD-ACCESS-TOKEN": "t" * 40}
RESET = Unreachable("url: reset", sent=True, transient=True)
REFUSED = Unreachable("url: refused", sent=False, transient=True)
GIVE_UP, REPEAT, IN_DOUBT = RetryVerdict.GIVE_UP, RetryVerdict.REPEAT, RetryVerdict.IN_DOUBT


def status(code: int, body: str = "") -> Refused:
    """The error for an answer."""
    return refusal("cannot x", "GET", "/x", code, body)


@pytest.mark.parametrize(
    ("error", "repeatable", "otherwise"),
    [
        (RESET, REPEAT, IN_DOUBT),
        (REFUSED, REPEAT, REPEAT),
        (Unreachable("untrusted", sent=False, transient=False), GIVE_UP, GIVE_UP),
        (status(400, BUSY), REPEAT, REPEAT),
        (status(400), GIVE_UP, GIVE_UP),
        (status(403), GIVE_UP, GIVE_UP),
        (status(409), GIVE_UP, GIVE_UP),
        (status(429), REPEAT, REPEAT),
        (status(500), GIVE_UP, GIVE_UP),
        (status(502), REPEAT, IN_DOUBT),
        (status(503), REPEAT, IN_DOUBT),
        (status(504), REPEAT, IN_DOUBT),
        (TaskFailed("busy", busy=True), REPEAT, IN_DOUBT),
        (TaskFailed("no", busy=False), GIVE_UP, GIVE_UP),
        (VcdError("other"), GIVE_UP, GIVE_UP),
    ],
)
def test_each_error_has_its_verdict(error: VcdError, repeatable: RetryVerdict, otherwise: RetryVerdict) -> None:
    assert judge(error, repeatable=True, reached_before=True) is repeatable
    assert judge(error, repeatable=False, reached_before=True) is otherwise


def test_a_server_that_never_answered_is_a_wrong_url() -> None:
    assert judge(REFUSED, repeatable=True, reached_before=False) is GIVE_UP


def test_pauses_grow_with_jitter_up_to_a_limit() -> None:
    longest = Backoff(uniform=lambda low, high: high)
    assert [round(longest.pause(), 2) for _number in range(8)] == [0.25, 0.42, 0.72, 1.23, 2.09, 3.55, 5.0, 5.0]
    assert Backoff(uniform=lambda low, high: low).pause() == 0.125


def test_a_longer_retry_after_is_respected_up_to_half_a_minute() -> None:
    backoff = Backoff(uniform=lambda low, high: high)
    assert [backoff.pause(3.0), backoff.pause(0.0), backoff.pause(3600.0)] == [3.0, 0.25 * 1.7, 30.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), (" 7 ", 7.0), (None, None), ("", None), ("soon", None), ("-1", None)],
)
def test_retry_after_is_read_as_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    now = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)
    assert retry_after_seconds("Sun, 22 Nov 2026 12:00:09 GMT", now) == 9.0
    assert retry_after_seconds("Sun, 22 Nov 2026 11:00:00 GMT", now) == 0.0


class Script(Transport):
    """Returns the given answers in order, and fixed ones to login, logout and versions. Records the requests."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def send(self, method: str, path: str, **options: Any) -> Answer:
        self.sent.append(f"{method} {path}")
        if path == "/api/versions":
            return Answer(method, path, 200, {}, VERSIONS)
        if "/sessions" in path:
            return Answer(method, path, 200, requests.structures.CaseInsensitiveDict(TOKEN), "{}")
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        code, text, headers = (*found, {})[:3] if len(found) == 2 else found
        return Answer(method, path, code, requests.structures.CaseInsensitiveDict(headers), text)


ACCEPTED = (202, "", {"Location": "https://h/api/task/1"})
DONE = (200, '<Task id="urn:vcloud:task:1" status="success"><Owner id="urn:vcloud:loadBalancerPool:1"/></Task>')
RUNNING = (200, '<Task id="urn:vcloud:task:1" status="running"/>')
BUSY_TASK = (
    200,
    '<Task id="urn:vcloud:task:1" status="error"><Error minorErrorCode="BUSY_ENTITY" message="busy"/></Task>',
)
LOGIN = ["GET /api/versions", "POST /cloudapi/1.0.0/sessions"]
LOGOUT = ["DELETE /cloudapi/1.0.0/sessions/current"]


class ScriptedApi:
    """An Api with scripted answers; ``sent`` has the requests without login and logout."""

    def __init__(self, *answers: Any, timeout: float = 60.0) -> None:
        self.script, self.clock = Script(*answers), FakeClock()
        settings = Settings("https://h", org="acme", user="kube", password="secret-1", timeout=timeout)
        self.session = Session(settings, clock=self.clock, transport=self.script)

    def __enter__(self) -> ScriptedApi:
        self.session.__enter__()
        self.api = Api(self.session)
        return self

    def __exit__(self, *error: Any) -> None:
        self.session.__exit__(*error)
        assert self.script.sent[:2] == LOGIN
        assert self.script.sent[-1:] == LOGOUT
        assert self.script.closed

    @property
    def sent(self) -> list[str]:
        """METHOD and the last part of the path."""
        return [f"{one.partition(' ')[0]} {one.rpartition('/')[2]}" for one in self.script.sent[2:]]


def nothing() -> None:
    """A ``find`` that finds nothing."""
    return


def test_the_session_logs_out_after_an_error() -> None:
    with pytest.raises(Refused), ScriptedApi((404, "")) as scripted:
        scripted.api.get("x", "x")
    assert scripted.script.sent[-1:] == LOGOUT


def test_reads_are_repeated_until_answered() -> None:
    with ScriptedApi(RESET, (503, ""), (429, "", {"Retry-After": "9"}), (200, "{}")) as scripted:
        assert scripted.api.get("x", "x") == {}
    assert scripted.sent == ["GET x"] * 4 + ["DELETE current"]
    assert 9.0 <= scripted.clock.now < 11.0


def test_a_short_outage_is_waited_out() -> None:
    with ScriptedApi(REFUSED, REFUSED, (200, "{}")) as scripted:
        assert scripted.api.get("x", "x") == {}


def test_one_deadline_ends_all_attempts() -> None:
    with pytest.raises(CollectionError) as failed, ScriptedApi(*[(503, "")] * 100, timeout=20) as scripted:
        scripted.api.get("x", "the x")
    assert "cannot read the x: Cloud Director answered 503 (tried for 20 s; option timeout)" in failed.value.message
    assert scripted.clock.now == pytest.approx(20.0)
    assert len(scripted.sent) < 20


def test_a_request_to_a_busy_gateway_is_repeated() -> None:
    with ScriptedApi((400, BUSY), (400, BUSY), ACCEPTED, DONE) as scripted:
        assert scripted.api.create("pools", {}, "pool", nothing) == "urn:vcloud:loadBalancerPool:1"
    assert scripted.sent == ["POST pools"] * 3 + ["GET 1", "DELETE current"]


def test_after_a_lost_answer_a_create_first_searches_for_the_object() -> None:
    looks = iter([None, "urn:found"])
    with ScriptedApi(RESET, RESET) as scripted:
        assert scripted.api.create("pools", {}, "pool", lambda: next(looks)) == "urn:found"
    assert scripted.sent == ["POST pools"] * 2 + ["DELETE current"]


def test_after_a_busy_answer_a_repeated_create_searches_again() -> None:
    looks = iter([None, "urn:found"])
    with ScriptedApi(RESET, (400, BUSY)) as scripted:
        assert scripted.api.create("rules", {}, "rule", lambda: next(looks)) == "urn:found"
    assert scripted.sent == ["POST rules"] * 2 + ["DELETE current"]


def test_a_name_taken_by_the_lost_create_is_the_object() -> None:
    looks = iter([None, "urn:found"])
    with ScriptedApi(RESET, (400, '{"message":"already exists"}')) as scripted:
        assert scripted.api.create("pools", {}, "pool", lambda: next(looks)) == "urn:found"


def test_a_name_taken_before_is_an_error() -> None:
    with pytest.raises(Refused, match="already exists"), ScriptedApi((400, '{"message":"already exists"}')) as scripted:
        scripted.api.create("pools", {}, "pool", lambda: "urn:other")


def test_a_task_that_failed_on_a_busy_gateway_is_repeated() -> None:
    with ScriptedApi(ACCEPTED, BUSY_TASK, ACCEPTED, DONE) as scripted:
        assert scripted.api.create("pools", {}, "pool", nothing) == "urn:vcloud:loadBalancerPool:1"
    assert scripted.sent.count("POST pools") == 2


def test_searching_for_a_lost_create_shares_the_deadline() -> None:
    with (
        pytest.raises(CollectionError, match="tried for 20 s"),
        ScriptedApi(RESET, *[(503, "")] * 100, timeout=20) as scripted,
    ):
        scripted.api.create("pools", {}, "pool", lambda: str(scripted.api.pages("pools", "pools")))
    assert scripted.clock.now == pytest.approx(20.0)


def test_an_update_that_took_effect_is_not_repeated() -> None:
    with ScriptedApi(RESET, (200, '{"a": 2, "version": {"version": 1}}')) as scripted:
        scripted.api.update("rule", "rule", {"a": 1, "version": {"version": 0}}, lambda body: {**body, "a": 2})
    assert scripted.sent == ["PUT rule", "GET rule", "DELETE current"]


def test_a_lost_update_is_repeated_with_the_current_body() -> None:
    with ScriptedApi(RESET, (200, '{"a": 1, "version": {"version": 7}}'), ACCEPTED, DONE) as scripted:
        seen = []
        scripted.api.update(
            "rule", "rule", {"a": 1, "version": {"version": 0}}, lambda body: seen.append(body) or {**body, "a": 2}
        )
    assert [body["version"]["version"] for body in seen] == [0, 7, 7]


def test_a_lost_delete_is_repeated_until_the_object_is_gone() -> None:
    with ScriptedApi(RESET, (403, ""), (404, "")) as scripted:
        assert scripted.api.delete("rule", "rule") is False
    assert scripted.sent == ["DELETE rule", "DELETE rule", "GET rule", "DELETE current"]


def test_a_delete_without_the_right_is_an_error() -> None:
    with pytest.raises(Refused, match="the user probably lacks"), ScriptedApi((403, ""), (200, "{}")) as scripted:
        scripted.api.delete("rule", "rule")


def test_a_task_is_polled_often_first_and_less_later() -> None:
    with ScriptedApi(ACCEPTED, *[RUNNING] * 30, DONE) as scripted:
        scripted.api.update("x", "x", {}, lambda body: {"a": 1})
    assert 5.0 < scripted.clock.now < 10.0


def test_a_session_learns_how_long_tasks_of_a_kind_take() -> None:
    failed = (200, '<Task id="urn:vcloud:task:1" status="error"/>')
    with ScriptedApi(ACCEPTED, *[RUNNING] * 10, DONE, ACCEPTED, DONE, ACCEPTED, failed, ACCEPTED, DONE) as scripted:
        scripted.api.update("pools/urn:vcloud:loadBalancerPool:1", "x", {}, lambda body: {"a": 1})
        began = scripted.clock.now
        scripted.api.update("pools/urn:vcloud:loadBalancerPool:2", "x", {}, lambda body: {"a": 1})
        assert scripted.clock.now > began  # it is not polled before it could have ended
        for path in ("rules/urn:vcloud:rule:1", "rules/urn:vcloud:rule:2"):
            began = scripted.clock.now
            with contextlib.suppress(TaskFailed):
                scripted.api.update(path, "x", {}, lambda body: {"a": 1})
            assert scripted.clock.now == began  # nothing is known about this kind, and a failed task does not count


def test_a_task_that_never_ends_reaches_the_deadline() -> None:
    with pytest.raises(WaitTimeout) as failed, ScriptedApi(ACCEPTED, *[RUNNING] * 1000, timeout=30) as scripted:
        scripted.api.update("x", "the x", {}, lambda body: {"a": 1})
    for part in ("timed out after 30 s", "task 1", "update the x", "running", "timeout"):
        assert part in failed.value.message
    assert scripted.clock.now == pytest.approx(30.0)


def test_a_task_that_no_longer_exists_is_a_clear_error() -> None:
    with (
        pytest.raises(VcdError, match="cannot update the x: task 1 no longer exists"),
        ScriptedApi(ACCEPTED, (403, "")) as scripted,
    ):
        scripted.api.update("x", "the x", {}, lambda body: {"a": 1})


def test_a_write_can_complete_without_a_task() -> None:
    with ScriptedApi((201, '{"id": "urn:new"}'), (204, "")) as scripted:
        assert scripted.api.create("x", {}, "x", nothing) == "urn:new"
        assert scripted.api.delete("x", "x") is True


def test_waiting_ends_when_realization_failed() -> None:
    failed = (200, '{"status": "REALIZATION_FAILED", "healthMessage": "no room"}')
    with pytest.raises(VcdError, match="could not realize the x: no room"), ScriptedApi(*[failed] * 5) as scripted:
        scripted.api.wait("x", "the x", 60, lambda body: body["status"] == "REALIZED", "status")
    pending = (200, '{"status": "PENDING"}')
    with (
        pytest.raises(WaitTimeout, match=r"timed out after 5 s waiting for the x.*wait_timeout.*status PENDING"),
        ScriptedApi(*[pending] * 100) as scripted,
    ):
        scripted.api.wait("x", "the x", 5, lambda body: body["status"] == "REALIZED", "status")


def test_the_login_is_renewed_once_for_each_request() -> None:
    with ScriptedApi((401, ""), (200, '{"a": 1}')) as scripted:
        assert scripted.api.get("x", "x") == {"a": 1}
    assert scripted.sent == ["GET x", "POST sessions", "GET x", "DELETE current"]
    with (
        pytest.raises(VcdError, match="password: Cloud Director rejects user 'kube'"),
        ScriptedApi((401, ""), (401, "")) as one,
    ):
        one.api.get("x", "x")


def test_all_pages_are_read() -> None:
    def page(*ids: str, total: int | None = 5) -> tuple[int, str]:
        return 200, json.dumps({"resultTotal": total, "values": [{"id": one} for one in ids]})

    with ScriptedApi(page("a", "b"), page("c", "d"), page("e")) as scripted:
        assert [row["id"] for row in scripted.api.pages("x", "x")] == ["a", "b", "c", "d", "e"]
    with ScriptedApi(page("a", "b", total=None), page("b", "c", total=None), page(total=None)) as scripted:
        assert [row["id"] for row in scripted.api.pages("x", "x")] == ["a", "b", "c"]
    with ScriptedApi(page("a"), page(total=5)) as scripted:
        assert [row["id"] for row in scripted.api.pages("x", "x")] == ["a"]


def test_cursor_lists_follow_the_link_but_never_in_circles() -> None:
    def page(name: str, cursor: str | None) -> tuple[int, str, dict[str, str]]:
        following = f'<https://h/x?pageSize=1&cursor={cursor}>;rel="nextPage lastPage";model="M"'
        link = f'<https://h/x?a=1>;rel="firstPage", {following}'
        return 200, json.dumps({"values": [{"id": name}]}), {"Link": link} if cursor else {}

    with ScriptedApi(page("a", "c%3D1"), page("b", None)) as scripted:
        assert [row["id"] for row in scripted.api.cursor("x", "x")] == ["a", "b"]
    with (
        pytest.raises(VcdError, match="returned the same cursor twice"),
        ScriptedApi(*[page("a", "c")] * 5) as scripted,
    ):
        scripted.api.cursor("x", "x")


@pytest.mark.parametrize("link", ["", "nonsense", '<https://h/x>;rel="nextPage"', '<https://h/x?cursor=a>;rel="last"'])
def test_no_link_is_the_last_page(link: str) -> None:
    assert next_cursor(Answer("GET", "/x", 200, {"Link": link}, "")) is None


def test_answers_from_other_servers_are_reported() -> None:
    html = (200, "<html>welcome</html>", {"Content-Type": "text/html; charset=utf-8"})
    with (
        pytest.raises(VcdError, match=r"url: the answer to GET /cloudapi/1.0.0/x \(200, text/html\) is not from"),
        ScriptedApi(html) as scripted,
    ):
        scripted.api.get("x", "x")


@pytest.mark.parametrize(("timeout", "left", "given"), [(300.0, 0.0, 5.0), (300.0, 60.0, 60.0), (2.0, 0.0, 2.0)])
def test_a_last_poll_has_time_for_its_answer(timeout: float, left: float, given: float) -> None:
    limits: list[tuple[float, float]] = []

    def request(_method: str, _url: str, **options: Any) -> None:
        limits.append(options["timeout"])
        raise requests.exceptions.ReadTimeout

    transport = Transport(Settings("https://h", org="acme", user="kube", password="secret-1", timeout=timeout))
    transport._session.request = request
    with pytest.raises(Unreachable, match="no answer in time"):
        transport.send("GET", "/x", seconds=left)
    assert limits == [(min(given, 15.0), given)]
