# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the plan of a run and its pages on the controller, and reads an approved plan there. It has no module."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.vcd.kubernetes.plugins.action.vcd_shared_ip import run_by
from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import is_digest, plain
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput, defect
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable, printable_data
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.run_plan import (
    ARTIFACTS,
    OPTION,
    approved_by_artifacts,
    approved_by_digest,
    approved_of,
    artifacts_of,
    clusters_of_artifacts,
    compared_lines,
    edge_gateways_of,
    parse_run_plan,
    run_plan,
    summary_lines,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import alternate_edge_gateways
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_files import write_files
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._plan_pages import html_page, json_text, markdown_page

FILE = "shared_ip_plan_file"
WRITE, READ = "write", "read"
LARGEST = 64 * 1024 * 1024  # bytes of a document: one of 200 clusters with 20 Services each has 20 MB


class ActionModule(ActionBase):  # type: ignore[misc] # ansible-core has no types
    """Runs one of the two phases."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write or read; an error is one line."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _valid, options = self.validate_argument_spec(
            argument_spec={
                "phase": {"type": "str", "required": True, "choices": [WRITE, READ]},
                "file": {"type": "str"},
                "hosts": {"type": "list", "elements": "str"},
                "apply": {"type": "str"},
                "cluster": {"type": "str"},
                "run": {"type": "list", "elements": "str"},
                "per_edge": {"type": "int", "default": 1},
            }
        )
        try:
            phase = self._write if options["phase"] == WRITE else self._read
            return {**result, "changed": False, **phase(options, task_vars or {})}
        except CollectionError as error:
            problem = error
        except Exception as error:  # noqa: BLE001  # the last handler: an unknown error's text must not be shown
            problem = defect(error)
        return {**result, "failed": True, "msg": printable(problem.message), "failure": printable_data(problem.details)}

    def _write(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        path = self._file(options)
        hosts = variables["hostvars"]  # falsy without an inventory, but still has the implicit localhost
        clusters = {str(name): known_of(hosts[name]) for name in options["hosts"] or ()}
        document = run_plan(clusters, made_by(variables))
        beside = {path.with_suffix(".md"): markdown_page(document), path.with_suffix(".html"): html_page(document)}
        try:
            write_files({path: json_text(document), **beside})
        except OSError as error:
            raise _unwritable(path, error) from None
        files = [str(one) for one in (path, *beside)]
        return {
            "digest": document["digest"],
            "files": files,
            "lines": printable_data([*summary_lines(document), f"  written to {', '.join(files)}"]),
            "statistics": artifacts_of(document),
        }

    def _read(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        found = self._approved(options, variables)
        if options["run"]:
            edges = found.get("edge_gateways")
            found["order"] = alternate_edge_gateways(options["run"], variables["hostvars"], options["per_edge"], edges)
        return found

    def _approved(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        if options["file"]:
            self._file(options)
        source, cluster = (options["apply"] or "").strip(), options["cluster"]
        found: dict[str, Any] = {"bind": bool(options["file"]) or bool(source), "lines": []}
        if not source:
            return found
        if options["run"]:
            found["edge_gateways"] = edge_gateways_of(variables)
        if is_digest(source):
            return {**found, "approved": approved_by_digest(source, cluster, variables)} if cluster else found
        if source == ARTIFACTS:
            if options["run"]:
                found["lines"] = printable_data(compared_lines(clusters_of_artifacts(variables), options["run"]))
            return {**found, "approved": approved_by_artifacts(cluster, variables)} if cluster else found
        document = parse_run_plan(text_of(source), source)
        if options["run"]:
            found["lines"] = printable_data(compared_lines(document["clusters"], options["run"]))
            found["edge_gateways"] = edge_gateways_of({}, document)
        return {**found, "approved": approved_of(document, cluster, source)} if cluster else found

    def _file(self, options: Mapping[str, Any]) -> Path:
        """The file to write. Raises InvalidInput for a name that cannot be right."""
        name = (options["file"] or "").strip()
        if not self._task.check_mode:
            raise InvalidInput(FILE, name, "a plan is made by a run with --check, and this run would change something")
        path = Path(name).expanduser()
        if path.suffix != ".json":
            raise InvalidInput(FILE, name, "give a name that ends in .json; the pages beside it end in .md and .html")
        folder = path.absolute().parent
        if not folder.is_dir() or not os.access(folder, os.W_OK) or path.is_dir():
            raise InvalidInput(FILE, name, f"cannot be written: give a file in a folder that exists, not in {folder}")
        return path


def known_of(facts: Any) -> dict[str, Any]:
    """What the role keeps about a cluster: its plan, or why it has no plan."""
    failure, plan = facts.get("shared_ip_failure"), facts.get("shared_ip_bound")
    found: dict[str, Any] = {"plan": plain(plan)} if plan else {}
    return {**found, "failure": str(failure.get("msg") or "unknown")} if failure else found


def made_by(variables: Mapping[str, Any]) -> dict[str, str]:
    """When and by whom the document was made; neither is in a digest."""
    started = run_by(variables, os.environ).get("run_by", {})
    who = {"by": started.get("user") or _user(), "job": started.get("job", "")}
    return {
        "at": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        **{key: text for key, text in who.items() if text},
    }


def _user() -> str:
    return os.environ.get("USER") or os.environ.get("LOGNAME") or str(os.getuid())


def text_of(name: str) -> str:
    """The text of a file. Raises InvalidInput if it cannot be read."""
    path = Path(name).expanduser()
    try:
        if path.stat().st_size > LARGEST:
            raise InvalidInput(OPTION, name, f"is larger than {LARGEST // 1024**2} MiB: give the plan of a run")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not a text file"
        digest = "its digest (sha256: and 64 hexadecimal digits)"
        remedy = f"cannot be read: {why}; give the file of a plan, {digest}, or {ARTIFACTS} in a workflow"
        raise InvalidInput(OPTION, name, remedy) from None


def _unwritable(path: Path, error: OSError) -> InvalidInput:
    return InvalidInput(FILE, str(path), f"cannot be written: {error.strerror}; give a file that this user may write")
