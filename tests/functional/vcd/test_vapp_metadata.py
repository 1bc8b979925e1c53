# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_vapp_metadata_info against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vapp import calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vapp.resource import entries_of, state
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import records
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.xmldoc import parse
from in_process import Modules

INFO = "vcd_vapp_metadata_info"
SYSTEM = {"org": "System", "user": "administrator", "password": "system-secret-1"}


def read(modules: Modules, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = modules.done(INFO, edge_gateway=None, **options)["vapps"]
    return found


def test_a_vapp_is_read_with_its_metadata_and_machines(vcd: Modules) -> None:
    (found,) = read(vcd, vapp="acme-vapp", vdc="acme-vdc")
    assert (found["name"], found["status"], found["vdc"]["name"]) == ("acme-vapp", "POWERED_ON", "acme-vdc")
    assert [(one["name"], one["status"]) for one in found["vms"]] == [
        ("acme-cp-1", "POWERED_ON"),
        ("acme-worker-1", "POWERED_ON"),
        ("acme-worker-2", "POWERED_ON"),
    ]
    assert found["vms"][0]["networks"] == [{"network": "k8s-net", "ip_address": "10.10.0.10", "mac": ""}]
    assert [(one["key"], one["value"], one["type"], one["domain"], one["visibility"]) for one in found["metadata"]] == [
        ("cluster", "acme-cluster", "string", "GENERAL", "READWRITE"),
        ("nodes", "3", "number", "GENERAL", "READWRITE"),
        ("vendor.lease", "2026-12-31T00:00:00.000Z", "date_time", "SYSTEM", "READONLY"),
    ]
    assert read(vcd, vapp=found["id"]) == [found]
    assert read(vcd, vdc=found["vdc"]["id"]) == [found]
    assert (read(vcd, vapp="none"), read(vcd, vdc="none")) == ([], [])
    assert read(vcd, query="[].vms[].name") == ["acme-cp-1", "acme-worker-1", "acme-worker-2"]
    assert vcd.writes() == []


def test_a_provider_reads_private_metadata(vcd: Modules) -> None:
    (found,) = read(vcd.as_user(**SYSTEM), vapp="acme-vapp")
    assert [one["key"] for one in found["metadata"] if one["visibility"] == "PRIVATE"] == ["vendor.cost"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"vapp": "urn:vcloud:vm:6d4ad9b1-5f8c-4f6c-9c0a-2f2e6d0f1a11"}, "vapp: 'urn:vcloud:vm:"),
        ({"vdc": "urn:x"}, "vdc: 'urn:x': is not a Cloud Director URN"),
        ({"query": "[?"}, "query: '[?': not a JMESPath expression"),
    ],
)
def test_bad_options_are_refused(options: dict[str, str], says: str, vcd: Modules) -> None:
    assert says in vcd.refused(INFO, edge_gateway=None, **options)


REFUSAL = {"status": 403, "code": "ACCESS_TO_RESOURCE_IS_FORBIDDEN", "message": "no"}


def test_a_refusal_is_an_error_unless_the_vapp_is_gone(vcd: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    vcd.simulator.faults([{"method": "GET", "route": "/api/vApp/*", **REFUSAL}])
    assert "cannot read vApp 'acme-vapp'" in vcd.refused(INFO, edge_gateway=None)
    looks: list[str] = []

    def gone(api: Any, wanted: str) -> Iterator[dict[str, Any]]:
        looks.append(wanted)
        yield from () if wanted else records(api, wanted)

    records = calls._records
    monkeypatch.setattr(calls, "_records", gone)
    assert read(vcd) == []
    assert looks == ["", "acme-vapp"]


def test_every_page_is_read(vcd: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAGE_SIZE", 1)
    vcd.simulator.journal(clear=True)
    assert len(read(vcd)) == 1
    queries = [one for one in vcd.simulator.journal() if one["path"] == "/api/query"]
    assert len(queries) == 1


def test_a_document_of_the_sdk_is_read() -> None:
    """A document as go-vcloud-director's types define it, independent of the simulator and this module."""
    namespace = 'xmlns="http://www.vmware.com/vcloud/v1.5" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"'
    entry = (
        "<MetadataEntry><Link rel='up' href='h'/><Domain visibility='READONLY'>SYSTEM</Domain><Key>k</Key>"
        "<TypedValue x:type='x:MetadataBooleanValue'><Value>true</Value></TypedValue></MetadataEntry>"
    )
    document = parse(f"<Metadata {namespace}><Link rel='add' href='h'/>{entry}<MetadataEntry/></Metadata>")
    assert document is not None
    odd, found = entries_of(document)
    assert found == {"key": "k", "value": "true", "type": "boolean", "domain": "SYSTEM", "visibility": "READONLY"}
    assert odd == {"key": "", "value": "", "type": "", "domain": "GENERAL", "visibility": "READWRITE"}


@pytest.mark.parametrize(
    ("number", "name"), [("4", "POWERED_ON"), ("-1", "FAILED_CREATION"), ("99", "99"), ("", ""), ("x", "x")]
)
def test_states_have_names(number: str, name: str) -> None:
    assert state(number) == name
