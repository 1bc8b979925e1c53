# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX makes them from the data in extensions/awx: a private data folder for ansible-runner.

`prepare` writes what AWX's task for a job writes before it calls ansible-runner (AWX 24.6.1: awx/main/tasks/jobs.py,
models/mixins.py for surveys, models/inventory.py for slices, models/workflow.py for artifacts, utils/safe_yaml.py, and
the credential types' injectors). What a person would type in AWX are the arguments.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

EXTENSION = Path(__file__).resolve().parents[2] / "extensions" / "awx"
VCD, KUBECONFIG = "vcd.kubernetes Cloud Director", "vcd.kubernetes kubeconfig"  # the credential types
Json = dict[str, Any]


# -- the data --------------------------------------------------------------------------------------------------------


@cache
def _raw_data() -> Json:
    """All variables of extensions/awx/data, with their templates."""
    from ansible.parsing.dataloader import DataLoader

    found: Json = {}
    for path in sorted((EXTENSION / "data").glob("*.yml")):
        found.update(DataLoader().load_from_file(str(path), trusted_as_template=True))
    # in place of the environment of the user who runs awx_setup.yml
    vcd = {f"awx_vcd_{name}": "" for name in ("url", "org", "user", "password", "api_token")}
    return found | vcd | {f"awx_nakivo_{name}": "" for name in ("url", "user", "password")}


def raw_data() -> Json:
    """All variables of extensions/awx/data, with their templates."""
    return dict(_raw_data())


def data(**settings: Any) -> Json:
    """The lists (``controller_*``) that AWX gets with these settings, as plain values."""
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    variables = {**raw_data(), **settings}
    names = [name for name in variables if name.startswith("controller_")]
    templar = Templar(loader=DataLoader(), variables=variables)
    found: Json = json.loads(json.dumps({name: templar.template(variables[name]) for name in names}))
    return found


@cache
def _plain_data() -> Json:
    return data()


def template_named(name: str) -> Json:
    """A job template; "plan" is short for "vcd.kubernetes plan"."""
    return _named("controller_templates", name if " " in name else f"vcd.kubernetes {name}")


def _named(kind: str, name: str) -> Json:
    found: Json = next(one for one in _plain_data()[kind] if one["name"] == name)
    return found


# -- surveys ---------------------------------------------------------------------------------------------------------

TYPES: dict[str, type] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": float,
}


def spec_problems(spec: Json) -> list[str]:
    """Why AWX would refuse a survey; empty if it would accept it, and would show it as it was given."""
    found = [f"{key} is missing" for key in ("name", "description", "spec") if key not in spec]
    names = [one.get("variable") for one in spec.get("spec", [])]
    found += [f"{name} is asked twice" for name in names if names.count(name) > 1]
    for one in spec.get("spec", []):
        name = one.get("variable", "?")
        for key, kind in {"type": str, "question_name": str, "variable": str, "required": bool}.items():
            if not isinstance(one.get(key), kind):
                found.append(f"{name}: {key} is not {kind.__name__}")
        default, choices = one.get("default", ""), one.get("choices", [])
        if one.get("type") not in TYPES:
            found.append(f"{name}: AWX has no type {one.get('type')}")
        elif default != "" and not isinstance(default, TYPES[one["type"]]):
            found.append(f"{name}: the default is not {one['type']}")
        limits = {key: one.get(key, 0) for key in ("min", "max")}
        # true and false are whole numbers in Python, but not in AWX
        wrong = [key for key, limit in limits.items() if isinstance(limit, bool) or not isinstance(limit, int)]
        found += [f"{name}: {key} is not a whole number" for key in wrong]
        if one.get("type") in ("multiplechoice", "multiselect"):
            if not choices:
                found.append(f"{name}: has no choices")
            # AWX compares the parts of a text with those of the list, so one answer has to be one choice
            if not all(isinstance(choice, str) and choice.strip() for choice in choices):
                found.append(f"{name}: a choice is not text")
            if default and default not in choices:
                found.append(f"{name}: the default is not a choice")
    return found


def answer_problem(question: Json, answers: Mapping[str, Any]) -> str:
    """Why AWX would not launch a job with these answers; empty if it would."""
    name, kind = question["variable"], question["type"]
    if name not in answers:
        return f"{name}: value missing" if question["required"] else ""
    answer = answers[name]
    if kind in ("text", "textarea", "password"):
        if not isinstance(answer, str):
            return f"{name}: expected to be a string"
        return _outside(name, len(answer), question)
    if kind in ("integer", "float"):
        if type(answer) not in ((int,) if kind == "integer" else (int, float)):
            return f"{name}: expected to be a number"
        return _outside(name, answer, question)
    wrong = [one for one in (answer if kind == "multiselect" else [answer]) if one not in question["choices"]]
    return f"{name}: expected to be one of {question['choices']}" if wrong else ""


def _outside(name: str, size: float, question: Json) -> str:
    low, high = question.get("min"), question.get("max")
    outside = (low not in ("", None) and size < int(low)) or (high not in ("", None) and size > int(high))
    return f"{name}: too small or too large" if outside else ""


# -- jobs ------------------------------------------------------------------------------------------------------------


def prepare(
    template: str,
    *,
    folder: Path,
    clusters: Mapping[str, Mapping[str, Any]],
    credentials: Mapping[str, Mapping[str, str]],
    survey: Mapping[str, Any] | None = None,
    artifacts: Mapping[str, Any] | None = None,
    limit: str = "",
    check: bool | None = None,
    slice_: tuple[int, int] | None = None,
    extra_vars: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    root: str | None = None,
    job: int = 1,
    in_workflow: bool = False,
) -> Path:
    """Write the private data folder of a job of a template, for `mesh.Mesh.run` or another ansible-runner.

    ``template`` is "plan", "apply", "backup", "verify", "report", "audit" or "restore". ``folder`` is made.
    ``clusters`` are the hosts of the inventory with their variables; all are in the group ``clusters``. ``credentials``
    has the inputs of each credential, by the name of its type (VCD and KUBECONFIG here), as a person types them in AWX.

    ``survey`` are the answers; an unanswered question is passed on with its default, or not at all. ``artifacts`` are
    those of earlier jobs in a workflow (`JobResult.artifacts`, merged). ``check`` is the type; default: the template's.
    ``slice_`` is (2, 3) for the second of three slices. ``extra_vars`` are the answers to a prompt.
    ``environment`` are variables of the execution environment, such as ANSIBLE_COLLECTIONS_PATH.

    ``root`` is where the job sees the folder: AWX mounts it at /runner. By default it is the folder itself; for a job
    that is transmitted it is the folder that ``ansible-runner worker`` unpacks it into. ``in_workflow``: the answers
    are those of the workflow, which reach its jobs whatever their surveys ask. ValueError where AWX would not launch.
    """
    found = template_named(template)
    folder.mkdir(mode=0o700, parents=True)
    for name in ("inventory", "env", "cp"):
        (folder / name).mkdir(mode=0o700)
    shutil.copytree(EXTENSION / "project", folder / "project")
    variables = _variables(found, survey or {}, artifacts or {}, extra_vars or {}, in_workflow)
    variables.update(_meta_variables(found, job, in_workflow))
    _write(folder / "env" / "extravars", as_awx_dumps(variables, found.get("extra_vars") or {}))
    words = _words(found, check, limit)
    environ = {
        "JOB_ID": str(job),
        "INVENTORY_ID": "1",
        "PROJECT_REVISION": "0123456789abcdef0123456789abcdef01234567",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "MAX_EVENT_RES": "700000",
        "AWX_HOST": "https://awx.example.com",
        "AWX_PRIVATE_DATA_DIR": root or str(folder),
        **(environment or {}),
    }
    for name in found["credentials"]:
        kind = next(one["credential_type"] for one in _plain_data()["controller_credentials"] if one["name"] == name)
        inject(_named("controller_credential_types", kind), credentials[kind], environ, words, folder, root)
    _write(folder / "env" / "envvars", json.dumps(environ))
    _write(folder / "env" / "cmdline", shlex.join(words))
    settings = {"job_timeout": found.get("timeout", 0), "suppress_ansible_output": True, "suppress_output_file": False}
    _write(folder / "env" / "settings", json.dumps(settings))
    script = f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(inventory(clusters, slice_))!r})\n"
    _write(folder / "inventory" / "hosts", script, 0o700)
    return folder


def _variables(
    template: Json,
    survey: Mapping[str, Any],
    artifacts: Mapping[str, Any],
    prompted: Mapping[str, Any],
    in_workflow: bool,
) -> Json:
    """In AWX's order: variables of the template, survey defaults, artifacts, and what a person or workflow gives."""
    questions = template["survey_spec"]["spec"] if template["survey_enabled"] else []
    given = {**prompted, **survey}
    problems = [answer_problem(one, given) for one in questions] if not in_workflow else []
    unasked = set(given) - {one["variable"] for one in questions}
    if unasked and not in_workflow and not template.get("ask_variables_on_launch"):
        problems.append(f"{', '.join(sorted(unasked))}: not allowed on launch")
    if any(problems):
        raise ValueError("; ".join(filter(None, problems)))
    defaults = {one["variable"]: one["default"] for one in questions if one.get("default") is not None}
    valid = {
        one["variable"]
        for one in questions
        if one["variable"] in defaults and not answer_problem(one, {one["variable"]: one["default"]})
    }
    defaults = {name: value for name, value in defaults.items() if name in valid}
    return {**(template.get("extra_vars") or {}), **defaults, **artifacts, **given}


def _meta_variables(template: Json, job: int, in_workflow: bool) -> Json:
    known = {
        "job_id": job,
        "job_launch_type": "workflow" if in_workflow else "manual",
        "user_id": 1,
        "user_name": "jane",
        "user_email": "jane@example.com",
        "inventory_id": 1,
        "inventory_name": template["inventory"],
        "project_revision": "0123456789abcdef0123456789abcdef01234567",
        "job_template_id": 7,
        "job_template_name": template["name"],
        **({"workflow_job_id": 1000 + job, "workflow_job_name": "vcd.kubernetes change"} if in_workflow else {}),
    }
    return {f"{prefix}_{name}": value for name, value in known.items() for prefix in ("awx", "tower")}


class _UnsafeDumper(yaml.SafeDumper):
    """Marks every text, keys too, so that Ansible does not evaluate templates in it."""

    def represent_data(self, data: Any) -> Any:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def as_awx_dumps(variables: Mapping[str, Any], trusted: Mapping[str, Any]) -> str:
    """Only the job template's own variables, if they still have its values, may hold Jinja templates."""
    text = ""
    for name, value in variables.items():
        dumper = yaml.SafeDumper if name in trusted and trusted[name] == value else _UnsafeDumper
        text += yaml.dump_all([{name: value}], Dumper=dumper, default_flow_style=False)
    return text


def _words(template: Json, check: bool | None, limit: str) -> list[str]:
    words = ["--check"] if (template["job_type"] == "check" if check is None else check) else []
    words += ["-u", "root"]
    words += ["--diff"] if template.get("diff_mode") else []
    words += [f"--forks={template['forks']}"] if template.get("forks") else []
    return words + (["-l", limit] if limit else [])


def inject(
    kind: Json, inputs: Mapping[str, Any], environ: dict[str, str], words: list[str], folder: Path, root: str | None
) -> None:
    """Fill in the injectors of a credential type: files in env/, environment variables, extra variables."""
    sandbox = ImmutableSandboxedEnvironment()
    tower = SimpleNamespace(filename=None)
    known: Json = {"tower": tower, **{name: value for name, value in inputs.items() if value}}
    for one in kind["inputs"]["fields"]:
        if one["type"] == "boolean":
            known.setdefault(one["id"], False)
    injectors, files = kind["injectors"], SimpleNamespace()
    for label, text in injectors.get("file", {}).items():
        path = _file(folder, sandbox.from_string(text).render(**known), 0o600, root)
        if "." in label:
            setattr(files, label.split(".")[1], path)
        else:
            tower.filename = path
    tower.filename = tower.filename or files
    for name, text in injectors.get("env", {}).items():
        environ[name] = sandbox.from_string(text).render(**known)
    variables = {
        name: sandbox.from_string(text).render(**known) for name, text in injectors.get("extra_vars", {}).items()
    }
    if variables:
        words += ["-e", f"@{_file(folder, yaml.safe_dump(variables), 0o400, root)}"]


def _file(folder: Path, text: str, mode: int, root: str | None) -> str:
    """Write a file with a unique name in env/. Returns the path at which the job sees it."""
    handle, path = tempfile.mkstemp(dir=folder / "env")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(path).chmod(mode)
    return f"{root or folder}/env/{Path(path).name}"


def inventory(clusters: Mapping[str, Mapping[str, Any]], slice_: tuple[int, int] | None = None) -> Json:
    """What the inventory script of a job prints. A slice has every n-th host, by name."""
    group = _plain_data()["controller_groups"][0]["name"]
    number, count = slice_ or (1, 1)
    names = sorted(clusters)[number - 1 :: count]
    numbers = {name: number for number, name in enumerate(clusters, 1)}
    extra = {name: {"remote_tower_enabled": "true", "remote_tower_id": numbers[name]} for name in names}
    return {
        "all": {"children": [group], "hosts": [], "vars": {}},
        group: {"hosts": names},
        "_meta": {"hostvars": {name: {**clusters[name], **extra[name]} for name in names}},
    }


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    path.touch(mode=mode)
    path.write_text(text, encoding="utf-8")


# -- results ------------------------------------------------------------------------------------------------------


@dataclass
class JobResult:
    """How a job ended: ``successful``, ``failed`` or ``canceled``, its output, and its artifacts."""

    status: str
    code: int
    output: str
    artifacts: Json = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)


def ended(status: str, code: int, events: Sequence[Json]) -> JobResult:
    """The result of a job, from its events."""
    output = "\n".join(str(one["stdout"]) for one in events if one.get("stdout"))
    stats = [one for one in events if one.get("event") == "playbook_on_stats"]
    artifacts = stats[-1]["event_data"].get("artifact_data", {}) if stats else {}
    return JobResult(status, code, output, dict(artifacts), list(events))


def execution_environment(collections: str | Path) -> dict[str, str]:
    """The environment variables that imitate an execution environment with the collections in a folder."""
    return {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
