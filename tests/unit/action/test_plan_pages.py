# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run as a file and as pages: its published schema, names from outside, and what the pages say."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.vcd.kubernetes.plugins.action.vcd_shared_ip_plan import known_of, made_by, text_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.run_plan import parse_run_plan, run_plan
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._plan_pages import html_page, json_text, markdown_page
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_markdown import escaped
from plan_records import MADE, plan

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "docs" / "shared-ip-plan.schema.json").read_text())
HOSTILE = [
    "<script>alert(1)</script>",
    "a|b`c`",
    '"><img src=x onerror=alert(1)>',
    "]]>",
    "# not a heading",
    "{{ 7 * 7 }}",
]


def document(**plans: Any) -> dict[str, Any]:
    """A document with a cluster that was planned and one that was not."""
    return run_plan({"alpha": {"plan": plan(**plans)}, "beta": {"failure": "kubeconfig: no such file"}}, MADE)


class Tags(HTMLParser):
    """The tags of a page and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def spoiled(*path: str | int) -> dict[str, Any]:
    """The document without one key."""
    found = copy.deepcopy(document())
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return found


def test_a_document_follows_the_published_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document(), SCHEMA)


@pytest.mark.parametrize(
    "path",
    [
        ("version",),
        ("digest",),
        ("made", "at"),
        ("clusters", "alpha", "plan", "based_on"),
        ("clusters", "alpha", "plan", "services", 0, "steps"),
        ("clusters", "beta", "reason"),
    ],
    ids=str,
)
def test_the_published_schema_requires_every_key(path: tuple[str | int, ...]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spoiled(*path), SCHEMA)


def test_the_file_is_read_as_it_was_written() -> None:
    assert parse_run_plan(json_text(document()), "plan.json") == document()


@pytest.mark.parametrize("render", [html_page, markdown_page])
def test_a_page_answers_the_questions_of_an_approval_board(render: Any) -> None:
    made = document()
    page = render(made)
    plain = Tags(page).text if render is html_page else re.sub(r"\\(.)", r"\1", page)
    for text in (
        made["digest"], "2026-05-04T10:11:12Z", "jo", "4711", "acme-edge", "distinct_internal", "shared_external",
        "create pool of default/web", "delete NAT rule x", "delete virtual service y", "port 80 for 10 to 16 s",
        "another object could take the external IP within 5 to 8 s", "default/web is closed", "open it",
        "orphan of default/web", "Service default/web", "kubeconfig: no such file",
    ):  # fmt: skip
        assert text in plain, text
    assert "443 for" not in plain


def test_digests_can_be_copied_from_the_markdown_as_it_is_written() -> None:
    made = document()
    page = markdown_page(made)
    for digest in (made["digest"], made["clusters"]["alpha"]["plan"]["digest"]):
        assert f"`{digest}`" in page
    assert "sha256\\" not in page


def test_a_text_that_looks_like_a_digest_is_not_code() -> None:
    made = document()
    made["clusters"]["alpha"]["plan"]["edge_gateway"]["name"] = f"{made['digest']}` <b>"
    assert f"- Edge gateway: {escaped(made['digest'])}\\` &lt;b&gt;" in markdown_page(made)


@pytest.mark.parametrize("render", [html_page, markdown_page])
def test_a_page_says_what_no_digest_binds(render: Any) -> None:
    pages = [re.sub(r"\\(.)", r"\1", render(document())), render(run_plan(document()["clusters"], {"at": "later"}))]
    assert "It does not bind who made the plan, when, or in which job." in pages[0]
    assert document()["digest"] in pages[0]
    assert document()["digest"] in pages[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_outside_are_only_text(name: str) -> None:
    made = run_plan({name: {"plan": plan(name)}, "beta": {"failure": name}}, {**MADE, "by": name})
    usual = Tags(html_page(document()))
    page = Tags(html_page(made))
    assert (page.names, page.attributes) == (usual.names, usual.attributes)
    assert name in page.text
    markdown = markdown_page(made)
    assert "<script" not in markdown
    assert "<img" not in markdown
    headings = [line for line in markdown.splitlines() if line.startswith("#")]
    assert len(headings) == len([line for line in markdown_page(document()).splitlines() if line.startswith("#")])
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}


def test_the_page_needs_no_network() -> None:
    assert not Tags(html_page(document())).attributes & {"src", "href", "action", "onclick"}


def test_the_role_keeps_the_plan_and_the_failure_of_a_cluster() -> None:
    assert known_of({}) == {}
    assert known_of({"shared_ip_bound": {}, "shared_ip_failure": {}}) == {}
    assert known_of({"shared_ip_bound": {"a": (1,)}}) == {"plan": {"a": [1]}}
    assert known_of({"shared_ip_failure": {"msg": "no"}, "shared_ip_bound": {"a": 1}})["failure"] == "no"


def test_the_job_and_its_user_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JOB_ID", "CI_JOB_ID", "BUILD_TAG"):
        monkeypatch.delenv(name, raising=False)
    found = made_by({"awx_job_id": 7, "awx_user_name": "ann"})
    assert (found["job"], found["by"]) == ("7", "ann")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["at"])
    monkeypatch.setenv("USER", "bob")
    assert {key: value for key, value in made_by({}).items() if key != "at"} == {"by": "bob"}


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="it is not a text file"):
        text_of(str(tmp_path / "x"))
