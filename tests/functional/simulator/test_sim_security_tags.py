# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security tags of virtual machines."""

from __future__ import annotations

from simulator_bench import Api

TAGS = "/securityTags"
ABSENT = "urn:vcloud:vm:00000000-0000-4000-8000-000000000000"


def test_a_tag_exists_while_a_machine_has_it(admin: Api, api: Api) -> None:
    machines = {one["name"]: one["id"] for one in admin.sim.dump()["vms"]}
    first, second = machines["acme-worker-1"], machines["acme-worker-2"]
    assert admin.ask("PUT", f"{TAGS}/tag", {"tag": "Worker", "entities": [first]}).status_code == 204
    assert admin.values(f"{TAGS}/values") == [{"tag": "worker"}]
    for query in ("tag==worker", "tag==WORKER", "(tag==Worker;entityType==vm)"):
        (found,) = admin.values(f"{TAGS}/entities?filter={query}")
        assert (found["id"], found["parentRef"]["name"], found["ownerRef"]["name"]) == (first, "acme-vapp", "acme-vdc")
    answer = admin.ask("PUT", f"{TAGS}/vm/{second}", {"tags": ["Worker", "b"]})
    assert (answer.status_code, answer.json()) == (200, {"tags": ["b", "worker"]})
    # all others lose this tag, and keep their other tags
    assert admin.ask("PUT", f"{TAGS}/tag", {"tag": "worker", "entities": []}).status_code == 204
    assert admin.get(f"{TAGS}/vm/{second}") == {"tags": ["b"]}
    assert (admin.values(f"{TAGS}/values"), len(admin.values(f"{TAGS}/entities"))) == ([{"tag": "b"}], 1)
    admin.refused("PUT", f"{TAGS}/tag", {"tag": "x", "entities": [ABSENT]}, ABSENT, 403)
    admin.refused("PUT", f"{TAGS}/vm/{second}", {"tags": ["x" * 129]}, "at most 128")
    api.refused("PUT", f"{TAGS}/vm/{second}", {"tags": []}, "Security Tag Edit", 403)
