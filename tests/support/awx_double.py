# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A contract double of the part of AWX's API that the modules of awx.awx use to put templates into it. Not an AWX.

It stores what it gets, and is as strict as AWX 24.6.1 where a template could be wrong: required fields, names that are
unique, references to objects that do not exist, unknown filters, playbooks that the project does not have, surveys,
injectors that name no field, two credentials of one type, schedules, node identifiers. It runs no jobs.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from awx_jobs import spec_problems
from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Json = dict[str, Any]
PREFIX = "/api/v2/"
USER, PASSWORD = "admin", "awx-secret-1"
HIDDEN = "$encrypted$"
# The fields that an object needs, those that refer to others, and its lists of others.
REQUIRED = {
    "organizations": ("name",),
    "credential_types": ("name", "kind"),
    "labels": ("name", "organization"),
    "credentials": ("name", "credential_type"),
    "execution_environments": ("name", "image"),
    "notification_templates": ("name", "organization", "notification_type"),
    "projects": ("name", "organization"),
    "inventories": ("name", "organization"),
    "hosts": ("name", "inventory"),
    "groups": ("name", "inventory"),
    "job_templates": ("name", "project", "playbook", "inventory"),
    "workflow_job_templates": ("name",),
    "workflow_job_template_nodes": ("workflow_job_template",),
    "workflow_approval_templates": ("name",),
    "schedules": ("name", "rrule", "unified_job_template"),
    "instance_groups": ("name",),
}
TEMPLATES = ("job_templates", "workflow_job_templates", "projects", "workflow_approval_templates")
REFERENCES = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "project": ("projects",),
    "inventory": ("inventories",),
    "execution_environment": ("execution_environments",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": TEMPLATES,
}
ASSOCIATIONS = {
    "credentials": "credentials",
    "labels": "labels",
    "instance_groups": "instance_groups",
    "hosts": "hosts",
    "children": "groups",
    **{
        f"notification_templates_{when}": "notification_templates"
        for when in ("error", "success", "started", "approvals")
    },
    **{f"{when}_nodes": "workflow_job_template_nodes" for when in ("success", "failure", "always")},
}


class AwxRefusal(Exception):
    """An error response."""

    def __init__(self, code: int, **body: Any) -> None:
        super().__init__(str(body))
        self.code, self.body = code, body


class AwxDouble:
    """A context that serves on 127.0.0.1. ``writes`` are the requests that changed something, without logins."""

    def __init__(self, playbooks: tuple[str, ...] = ()) -> None:
        self.playbooks = playbooks
        self.objects: dict[str, dict[int, Json]] = {kind: {} for kind in REQUIRED}
        self.lists: dict[tuple[str, int, str], list[int]] = {}
        self.writes: list[str] = []
        self._next, self._lock = 1, threading.Lock()
        self.add("organizations", {"name": "Default"})
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """No lines on standard error."""

            def answer(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size) or b"{}") if size else {}
                with double._lock:
                    try:
                        code, found = double.answer(
                            self.command, self.path, body, self.headers.get("Authorization", "")
                        )
                    except AwxRefusal as refused:
                        code, found = refused.code, refused.body
                text = b"" if found is None else json.dumps(found).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.send_header("X-API-Product-Name", "AWX")
                self.send_header("X-API-Product-Version", "24.6.1")
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server calls

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> AwxDouble:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self) -> dict[str, str]:
        """The environment variables that awx.awx reads."""
        return {"CONTROLLER_HOST": self.url, "CONTROLLER_USERNAME": USER, "CONTROLLER_PASSWORD": PASSWORD}

    def named(self, kind: str) -> dict[str, Json]:
        """The objects of a kind by name."""
        return {str(one.get("name") or one["identifier"]): one for one in self.objects[kind].values()}

    def associated(self, kind: str, name: str, what: str) -> list[str]:
        """The names of the objects in one of an object's lists."""
        target = self.objects[ASSOCIATIONS[what]]
        numbers = self.lists.get((kind, int(self.named(kind)[name]["id"]), what), [])
        return [str(target[number].get("name") or target[number]["identifier"]) for number in numbers]

    # -- requests

    def answer(self, method: str, path: str, body: Json, authorization: str) -> tuple[int, Json | None]:
        """The response to a request."""
        parts = urlsplit(path)
        if not parts.path.startswith(PREFIX):
            raise AwxRefusal(404, detail="Not found.")
        if not authorization:
            raise AwxRefusal(401, detail="Authentication credentials were not provided.")
        where = parts.path.removeprefix(PREFIX).strip("/").split("/")
        if where[0] == "tokens":
            return (201, {"id": 1, "token": "t", "url": f"{PREFIX}tokens/1/"}) if method == "POST" else (204, None)
        if where[0] in ("me", "ping", "config"):
            return 200, {"count": 1, "results": [{"id": 1, "username": USER}]}
        if method != "GET":
            self.writes.append(f"{method} {parts.path}")
        if where == ["unified_job_templates"]:  # AWX does not list approvals there
            found = [one for kind in TEMPLATES[:3] for one in self.objects[kind].values()]
            return 200, self._listed(found, dict(parse_qsl(parts.query)), "unified_job_templates")
        kind = where[0]
        if kind not in self.objects:
            raise AwxRefusal(404, detail="Not found.")
        if len(where) == 1:
            if method == "POST":
                return 201, self._representation(kind, self.add(kind, body))
            return 200, self._listed(list(self.objects[kind].values()), dict(parse_qsl(parts.query)), kind)
        number = int(where[1])
        if number not in self.objects[kind]:
            raise AwxRefusal(404, detail="Not found.")
        if len(where) == 2:
            if method == "PATCH":
                self._change(kind, number, body)
            return 200, self._representation(kind, self.objects[kind][number])
        if where[2] == "survey_spec":
            return 200, self._survey(kind, number, method, body)
        if where[2] == "create_approval_template":
            return 201, self._approval(number, body)
        if where[2] in ASSOCIATIONS and kind != "workflow_approval_templates":
            return self._association(kind, number, where[2], method, body)
        raise AwxRefusal(404, detail="Not found.")

    def _listed(self, objects: list[Json], wanted: dict[str, str], kind: str) -> Json:
        either = {name.removeprefix("or__"): value for name, value in wanted.items() if name.startswith("or__")}
        every = {name: value for name, value in wanted.items() if not name.startswith("or__")}
        every.pop("page_size", None)
        known = {"id", "name", "identifier", "type", *REFERENCES}
        for name in {*either, *every} - known:
            raise AwxRefusal(400, detail=f"{kind} has no field named '{name}'")

        def fits(one: Json, name: str, value: str) -> bool:
            return str(one.get(name)) == value

        found = [one for one in objects if all(fits(one, *pair) for pair in every.items())]
        if either:
            found = [one for one in found if any(fits(one, *pair) for pair in either.items())]
        page = [self._representation(str(one["kind_"]), one) for one in found]
        return {"count": len(page), "next": None, "previous": None, "results": page}

    def _representation(self, kind: str, one: Json) -> Json:
        url = f"{PREFIX}{kind}/{one['id']}/"
        related: Json = {"survey_spec": f"{url}survey_spec/"} if "job_templates" in kind else {}
        related |= {what: f"{url}{what}/" for what in ("hosts", "children") if kind == "groups"}
        if kind == "workflow_job_template_nodes" and one.get("unified_job_template"):
            number = one["unified_job_template"]
            of = next(name for name in TEMPLATES if number in self.objects[name])
            related["unified_job_template"] = f"{PREFIX}{of}/{number}/"
        found = {key: value for key, value in one.items() if not key.endswith("_")}
        if kind == "credentials":
            secret = self._secret_fields(one)
            found["inputs"] = {
                key: HIDDEN if key in secret and value else value for key, value in one["inputs"].items()
            }
        return {**found, "url": url, "related": related, "summary_fields": {}}

    def _secret_fields(self, one: Json) -> set[str]:
        fields = self.objects["credential_types"][one["credential_type"]]["inputs"]["fields"]
        return {field["id"] for field in fields if field.get("secret")}

    # -- objects

    def add(self, kind: str, fields: Mapping[str, Any]) -> Json:
        """Create an object. AwxRefusal where AWX refuses it."""
        one = {"description": "", **fields, "id": self._next, "type": kind.removesuffix("s"), "kind_": kind}
        if kind == "projects":  # the update of a project ends at once
            one |= {"scm_revision": "0123456789abcdef", "status": "successful"}
        self._check(kind, one)
        self._next += 1
        self.objects[kind][one["id"]] = one
        return one

    def _change(self, kind: str, number: int, fields: Mapping[str, Any]) -> None:
        known = self.objects[kind][number]
        # AWX ignores a field that an object does not have
        one = {
            **known,
            **{key: value for key, value in fields.items() if kind != "workflow_approval_templates" or key in known},
        }
        self._check(kind, one)
        self.objects[kind][number] = one

    def _check(self, kind: str, one: Json) -> None:
        for name in REQUIRED[kind]:
            if one.get(name) in (None, ""):
                raise AwxRefusal(400, **{name: ["This field is required."]})
        for name, kinds in REFERENCES.items():
            if one.get(name) is not None and not any(one[name] in self.objects[of] for of in kinds):
                raise AwxRefusal(400, **{name: [f'Invalid pk "{one[name]}" - object does not exist.']})
        scope = ("name", "organization", "inventory", "credential_type", "unified_job_template", "identifier")
        scope = (*scope, "workflow_job_template")
        for other in self.objects[kind].values():
            if other["id"] != one["id"] and all(other.get(name) == one.get(name) for name in scope):
                raise AwxRefusal(400, __all__=[f"{kind} with this name already exists."])
        check = getattr(self, f"_check_{kind}", None)
        if check:
            check(one)

    def _check_credential_types(self, one: Json) -> None:
        if one["kind"] not in ("cloud", "net"):
            raise AwxRefusal(400, kind=["Must be one of cloud, net"])
        fields = {field["id"]: "EXAMPLE" for field in one["inputs"]["fields"]}
        files = [name for name in one["injectors"].get("file", {}) if name.startswith("template")]
        tower = {"filename": "EXAMPLE_FILENAME" if files == ["template"] else dict.fromkeys(name[9:] for name in files)}
        sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        for injectors in one["injectors"].values():
            for name, text in injectors.items():
                try:
                    sandbox.from_string(text).render(tower=tower, **fields)
                except UndefinedError as error:
                    raise AwxRefusal(400, injectors=[f"{name} uses an undefined field ({error})"]) from None

    def _check_credentials(self, one: Json) -> None:
        inputs = self.objects["credential_types"][one["credential_type"]]["inputs"]
        known = {field["id"] for field in inputs["fields"]}
        if wrong := set(one["inputs"]) - known:
            raise AwxRefusal(400, inputs=[f"Additional properties are not allowed ({wrong})"])
        for name in inputs.get("required", []):
            if not one["inputs"].get(name):
                raise AwxRefusal(400, inputs={name: ["required for this credential"]})

    def _check_job_templates(self, one: Json) -> None:
        if one["playbook"] not in self.playbooks:
            raise AwxRefusal(400, playbook=["Playbook not found for project."])
        if one.get("job_type", "run") not in ("run", "check"):
            raise AwxRefusal(400, job_type=["not a valid choice"])

    def _check_schedules(self, one: Json) -> None:
        if not re.fullmatch(r"DTSTART(;TZID=\S+)?:\d{8}T\d{6}Z? RRULE:FREQ=\S+;INTERVAL=\d+(;\S+)?", one["rrule"]):
            raise AwxRefusal(400, rrule=["rrule parsing failed validation"])
        survey = next(
            self.objects[of][one["unified_job_template"]]
            for of in TEMPLATES
            if one["unified_job_template"] in self.objects[of]
        ).get("survey_", {})
        if any(question["required"] for question in survey.get("spec", [])):
            raise AwxRefusal(400, unified_job_template=["cannot be scheduled: its survey asks what has to be answered"])

    # -- what belongs to an object

    def _survey(self, kind: str, number: int, method: str, body: Json) -> Json:
        one = self.objects[kind][number]
        if method == "POST":
            if problems := spec_problems(body):
                raise AwxRefusal(400, error="; ".join(problems))
            one["survey_"] = body
            return {}
        found: Json = one.get("survey_", {})
        return found

    def _approval(self, number: int, body: Json) -> Json:
        fields = {name: body[name] for name in ("name", "description", "timeout") if name in body}
        found = self.add("workflow_approval_templates", fields)
        self.objects["workflow_job_template_nodes"][number]["unified_job_template"] = found["id"]
        return self._representation("workflow_approval_templates", found)

    def _association(self, kind: str, number: int, what: str, method: str, body: Json) -> tuple[int, Json | None]:
        numbers = self.lists.setdefault((kind, number, what), [])
        objects = self.objects[ASSOCIATIONS[what]]
        if method == "GET":
            return 200, self._listed([objects[one] for one in numbers], {}, what)
        if body["id"] not in objects:
            raise AwxRefusal(400, detail=f"{what} {body['id']} does not exist")
        if body.get("disassociate"):
            numbers.remove(body["id"])
            return 204, None
        if what == "credentials":
            types = [objects[one]["credential_type"] for one in numbers]
            if objects[body["id"]]["credential_type"] in types:
                raise AwxRefusal(400, error="Cannot assign multiple credentials of one type.")
        numbers.append(body["id"])
        return 204, None
