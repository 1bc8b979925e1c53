# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules nakivo_job and nakivo_job_info over HTTPS, with the double."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from in_process import run_module
from nakivo_double import PASSWORD, FakeJob, NakivoDouble, RunPlan
from nakivo_server import serving


@pytest.fixture
def director(tmp_path: Path) -> Iterator[tuple[NakivoDouble, dict[str, Any]]]:
    quick = RunPlan(starts_after=0, ends_after=0)
    double = NakivoDouble(FakeJob(1, "k8s-acme", plan=quick), FakeJob(2, "k8s-other", enabled=False))
    with serving(double, tmp_path) as (url, authority):
        yield double, {"url": url, "ca_path": authority, "user": "ansible", "password": PASSWORD}


def test_a_job_is_run_over_one_session(director: tuple[NakivoDouble, dict[str, Any]]) -> None:
    double, options = director
    planned = run_module("nakivo_job", {**options, "name": "k8s-acme"}, check=True)
    assert (planned["changed"], planned["saved"]) == (True, False)
    done = run_module("nakivo_job", {**options, "name": "k8s-acme", "poll_interval": 1})
    assert (done["changed"], done["saved"], done["job"]["last_run"]["ok"]) == (True, True, 2)
    found = run_module("nakivo_job_info", {**options, "query": "[?enabled].name"})
    assert (found["changed"], found["jobs"]) == (False, ["k8s-acme"])
    assert run_module("nakivo_job_info", {**options, "name": "none"})["jobs"] == []
    assert double.sessions == {}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ca_path": None}, "certificate is not trusted"),
        ({"password": "wrong"}, "password: NAKIVO rejects the log-in"),
        ({"url": "http://h"}, "url: 'http://h': would send the password unencrypted"),
        ({"url": None}, "url: not given: give https://HOST of the NAKIVO Director, or set NAKIVO_URL"),
        ({"password": None}, "password: not given"),
        ({"tenant": "../x"}, "tenant: '../x': give the UUID of the tenant"),
        ({"name": "k8s-other"}, "the job is disabled"),
        ({"poll_interval": 0}, "poll_interval: 0: give seconds, 1 or more"),
    ],
)
def test_an_error_is_reported_in_one_line(
    changes: dict[str, Any], says: str, director: tuple[NakivoDouble, dict[str, Any]]
) -> None:
    _double, options = director
    given = {**options, "name": "k8s-acme", **changes}
    result = run_module("nakivo_job", {key: value for key, value in given.items() if value is not None})
    assert result["failed"]
    assert says in result["msg"]
    assert "\n" not in result["msg"]
    assert PASSWORD not in str(result)


def test_the_certificate_check_can_be_disabled(director: tuple[NakivoDouble, dict[str, Any]]) -> None:
    _double, options = director
    found = run_module("nakivo_job_info", {**options, "ca_path": None, "validate_certs": False})
    assert len(found["jobs"]) == 2
