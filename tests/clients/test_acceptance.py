# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How `make acceptance` judges the output of other projects' tests; it runs apart, because that takes long."""

from __future__ import annotations

import pytest
from acceptance import PROJECTS, Project, filled, judge, unlisted, verdict

SDK, TERRAFORM = PROJECTS
SAID = """
PASS: /x/govcd/nsxt_alb_pool_test.go:16: TestVCD.Test_AlbPool\t3.1s
SKIP: /x/govcd/one_test.go:17: TestVCD.Test_Skipped (Missing config)
--- PASS: TestAccOne (3.10s)
--- FAIL: TestAccOneMore (0.46s)
FAIL: /x/govcd/two_test.go:10: TestVCD.Test_Failed
/x/govcd/two_test.go:12:
... value = nil
"""


@pytest.mark.parametrize(
    ("project", "test", "ended"),
    [
        (SDK, "Test_AlbPool", "PASS"),
        (SDK, "Test_Alb", "NONE: ... value = nil"),
        (SDK, "Test_Skipped", "SKIP: ... value = nil"),
        (SDK, "Test_Failed", "FAIL: ... value = nil"),
        (TERRAFORM, "TestAccOne", "PASS"),
        (TERRAFORM, "TestAccOneMore", "FAIL: ... value = nil"),
        (TERRAFORM, "TestAccTwo", "NONE: ... value = nil"),
    ],
)
def test_the_verdict_belongs_to_the_named_test(project: Project, test: str, ended: str) -> None:
    assert verdict(project, test, SAID) == ended


def test_a_program_that_says_nothing_has_not_passed() -> None:
    assert verdict(SDK, "Test_AlbPool", "") == "NONE: no output"


def test_unexpected_failures_and_unexpected_passes_are_reported() -> None:
    description = {"passes": ["a", "b"], "fails": {"c": "why", "d": "why"}}
    found = {"a": "PASS", "b": "SKIP: it says", "c": "PASS", "d": "FAIL: it says"}
    assert judge(description, found) == ["b does not pass: SKIP: it says", "c passes now: move it to passes"]


def test_placeholders_in_settings_are_filled_in() -> None:
    settings = {"url": "{url}/api", "certificate": {"path": "{module}/a.pem"}, "on": True, "seconds": 20}
    places = {"url": "https://v", "module": "/m"}
    expected = {"url": "https://v/api", "certificate": {"path": "/m/a.pem"}, "on": True, "seconds": 20}
    assert filled(settings, places) == expected


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_each_test_of_a_project_file_is_listed_once(project: Project) -> None:
    description = project.description()
    passes, fails, aside = description["passes"], description["fails"], description["aside"]
    assert passes == sorted({*passes})
    assert len({*passes, *fails, *aside}) == len(passes) + len(fails) + len(aside)
    assert all(reason for reason in [*fails.values(), *aside.values()])


@pytest.mark.parametrize(
    ("project", "before", "after"),
    [(SDK, "func (vcd *TestVCD) ", "(check *C) {"), (TERRAFORM, "func ", "(t *testing.T) {")],
)
def test_a_test_that_no_list_names_is_reported(project: Project, before: str, after: str) -> None:
    lists = {"files": ["alb", "nsxt"], "passes": ["TestAccOld"], "fails": {}, "aside": {"TestAccSkipped": "why"}}
    named = "\n".join(f"{before}{name}{after}" for name in ("TestAccOld", "TestAccNew", "TestAccSkipped"))
    files = {"nsxt_one_test.go": named, "vapp_test.go": f"{before}TestAccOther{after}"}
    assert unlisted(project, lists, files) == ["TestAccNew"]
