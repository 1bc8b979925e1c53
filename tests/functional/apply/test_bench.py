# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark itself: the figures that it counts and writes. No test depends on durations."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import bench
import pytest

SMALL = replace(
    bench.QUICK, services=2, task_seconds=0.02, request_seconds=0, edges=2, services_of_edge=1, growth=(1, 2)
)
# The numbers that follow from the scenarios and the migrations, for one Service with two ports.
WRITES = {
    "create shared_external": 4,
    "create shared_internal": 8,
    "create distinct_internal": 8,
    "shared_external -> shared_internal": 7,
    "shared_external -> distinct_internal": 7,
    "shared_internal -> shared_external": 7,
    "shared_internal -> distinct_internal": 3,
    "distinct_internal -> shared_external": 7,
    "distinct_internal -> shared_internal": 3,
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The file and the output of one quick run."""
    output = tmp_path_factory.mktemp("bench") / "deep" / "bench.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "QUICK", SMALL)
        said: list[str] = []
        patch.setattr("builtins.print", lambda *parts, **_options: said.append(" ".join(map(str, parts))))
        assert bench.main(["--quick", "--jobs", "2", "--output", str(output)]) == 0
    return json.loads(output.read_text()), "\n".join(said)


def test_every_creation_and_every_migration_is_measured(measured: tuple[dict[str, Any], str]) -> None:
    found, _screen = measured
    assert {row["name"]: row["minimal_writes"] for row in found["rows"]} == {
        name: 2 * writes for name, writes in WRITES.items()
    }
    for row in found["rows"]:
        assert row["services"] == 2
        assert row["reason"]
        assert row["overlaps"] == 0
        assert row["requests"] > row["writes"] >= row["minimal_writes"]
        assert row["seconds"] >= row["limit_seconds"] > 0
        assert row["ratio"] == pytest.approx(row["seconds"] / row["limit_seconds"], rel=0.02)


def test_the_limit_is_the_time_of_the_tasks_that_hold_the_gateway(measured: tuple[dict[str, Any], str]) -> None:
    found, _screen = measured
    # the marker that locks the gateway is also a profile, created and deleted
    profiles = {"create shared_external": 2, "create shared_internal": 6, "create distinct_internal": 6}
    for row in found["rows"]:
        if row["name"] in profiles:
            tasks = row["writes"] - profiles[row["name"]]
            assert row["limit_seconds"] == pytest.approx(tasks * SMALL.task_seconds, rel=0.1), row["name"]


def test_a_second_run_writes_nothing(measured: tuple[dict[str, Any], str]) -> None:
    found, _screen = measured
    assert {one["name"]: one["writes"] for one in found["unchanged"]} == dict.fromkeys(WRITES, 0)
    assert all(one["requests"] <= bench.AIM_REQUESTS for one in found["unchanged"])


def test_several_edges_growth_and_the_printed_table(measured: tuple[dict[str, Any], str]) -> None:
    found, screen = measured
    assert found["side_by_side"]["edges"] == 2
    assert found["side_by_side"]["slowest_limit_seconds"] == pytest.approx(5 * SMALL.task_seconds, rel=0.2)
    assert [(one["name"], one["services"]) for one in found["growth"]] == [
        (name, services)
        for services in (1, 2)
        for name in ("create shared_external", "shared_external -> shared_internal")
    ]
    assert all(
        one["max_rss_kb"] > 0 and one["cpu_seconds"] > 0 <= one["simulator_ms_of_service"] for one in found["growth"]
    )
    for name in WRITES:
        assert screen.count(f"{name} ") >= 2, "in the table of runs and in that of second runs"
    assert "2 Services x 2 ports" in screen


def test_a_run_that_fails_ends_the_benchmark() -> None:
    with bench.Stage(replace(SMALL, ports=0), 1, 1) as stage, pytest.raises(RuntimeError, match="ports"):
        bench.ended(stage.run(bench.EXTERNAL))


def test_a_table_lines_up() -> None:
    rows = [{"a": "long name", "b": 1}, {"a": "x", "b": 12.5}]
    assert bench.table({"": "a", "B": "b"}, rows).splitlines() == [
        "                B",
        "long name       1",
        "x          12.500",
    ]
