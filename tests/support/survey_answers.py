# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an empty survey answer does to the playbook of its template, on the installed ansible-core.

Each text of the playbook and its included tasks that depends on the variable is evaluated with the
variable left out, and with each kind of empty value: the results have to be equal. So have what the module gets, and
what Ansible checks before the role. As a program it does that for all surveys, and exits with 1 at a difference.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, text from the project's own files needs no mark

    def trust_as_template(value: Any) -> Any:
        """Return the text unchanged."""
        return value


from ansible_collections.vcd.kubernetes.plugins.action.vcd_cluster_shared_ip import given
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.options import OPTIONS

ROOT = Path(__file__).resolve().parents[2]
ROLE, EXTENSION = ROOT / "roles" / "shared_ip", ROOT / "extensions" / "awx"
MODULE, OF_MACHINES = "vcd.kubernetes.vcd_cluster_shared_ip", "vcd.kubernetes.vcd_shared_ip_audit_info"
# As AWX writes answers: null, and text that Ansible must not evaluate. A person may type blanks.
NOTHING = {"null": "null", "empty": "!unsafe ''", "blanks": "!unsafe '  '"}
CONDITIONS = ("when", "that", "until", "failed_when", "changed_when")
Json = dict[str, Any]


class TextPlace(NamedTuple):
    """A text of a playbook or of its tasks, with the variables that are set beside it."""

    key: str
    text: Any
    variables: Mapping[str, Any]


class Question(NamedTuple):
    """A variable that the survey of a template asks for."""

    template: str
    playbook: str
    spec: Mapping[str, Any]

    @property
    def variable(self) -> str:
        """Its name."""
        return str(self.spec["variable"])

    def default_is_nothing(self) -> bool:
        """Whether its default in AWX does the same as no answer."""
        default = self.spec.get("default")
        return default is None or str(default).lower() == str(defaults().get(self.variable, "")).lower()


def _compile_each_template_once() -> None:
    """Ansible compiles a template each time that it is used; these tests use the same few hundred very often."""
    compile_template: Any = jinja2.Environment.compile
    compiled: dict[tuple[type, str], Any] = {}

    def once(self: jinja2.Environment, source: Any, *arguments: Any, **options: Any) -> Any:
        # the meaning of a backslash depends on its context
        if not isinstance(source, str) or "\\" in source or any([*arguments, *options.values()]):
            return compile_template(self, source, *arguments, **options)
        key = (type(self), str(source))
        if key not in compiled:
            compiled[key] = compile_template(self, source)
        return compiled[key]

    jinja2.Environment.compile = once  # type: ignore[method-assign] # of this process, which does nothing else


def _load(path: Path) -> Any:
    try:
        return DataLoader().load_from_file(str(path), trusted_as_template=True)
    except TypeError:  # ansible-core before 2.19
        return DataLoader().load_from_file(str(path))


@cache
def defaults() -> Json:
    """The role's defaults."""
    found: Json = _load(ROLE / "defaults" / "main.yml")
    return found


@cache
def _known() -> Json:
    return {**defaults(), **_load(ROLE / "vars" / "main.yml")}


@cache
def _specs() -> Json:
    found: Json = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return found


@cache
def questions() -> list[Question]:
    """The questions of all job templates whose playbook is in the collection."""
    found = []
    for one in _load(EXTENSION / "data" / "controller_templates.yml")["controller_templates"]:
        playbook = playbook_of(str(one["playbook"]))
        if playbook.exists():
            found += [Question(str(one["name"]), playbook.stem, spec) for spec in one["survey_spec"]["spec"]]
    return found


def playbook_of(name: str) -> Path:
    """The playbook of the collection that a playbook of the project imports."""
    (play,) = yaml.safe_load((EXTENSION / "project" / name).read_text())
    return ROOT / "playbooks" / f"{play['ansible.builtin.import_playbook'].rpartition('.')[2]}.yml"


@cache
def _places(playbook: str) -> list[TextPlace]:
    found: list[TextPlace] = []
    for play in _load(ROOT / "playbooks" / f"{playbook}.yml"):
        found += _in_task(play, {})
    return found


def _in_task(task: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[TextPlace]:
    """The texts of a play, block or task, and of what it includes."""
    inner = {**outer, **(task.get("vars") or {})}
    for key, value in task.items():
        name = str(key).rpartition(".")[2]
        if name in ("block", "rescue", "always", "tasks"):
            for one in value:
                yield from _in_task(one, inner)
        elif name in ("import_role", "include_role"):
            yield from _in_file(value.get("tasks_from", "main"), inner)
        elif name in ("import_tasks", "include_tasks"):
            yield from _in_file(str(value).removesuffix(".yml"), inner)
        elif name != "name":
            yield from _texts(str(key), value, inner)


def _in_file(name: str, outer: Mapping[str, Any]) -> Iterator[TextPlace]:
    if "{{" in name:  # a file that an operator names is not part of the collection
        return
    for task in _load(ROLE / "tasks" / f"{name}.yml"):
        yield from _in_task(task, outer)


def _texts(key: str, value: Any, variables: Mapping[str, Any]) -> Iterator[TextPlace]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _texts(str(name), one, variables)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(key, one, variables)
    elif isinstance(value, str):
        yield TextPlace(key, value, variables)


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_]\w*", text))


def _plays_a_part(variable: str, place: TextPlace) -> bool:
    """Whether the variable is in the text, or in a variable that is."""
    known = {**_known(), **place.variables}
    waiting, seen = [str(place.text)], set[str]()
    while waiting:
        words = _words(waiting.pop())
        if variable in words:
            return True
        waiting += [str(known[word]) for word in words - seen if word in known]
        seen |= words
    return False


def outcome(question: Question, answer: Json) -> Json:
    """The effects of an answer ({}: no answer): each text that depends on it, the checks, and the options."""
    found: Json = {}
    for number, place in enumerate(_places(question.playbook)):
        if not _plays_a_part(question.variable, place):
            continue
        variables = {**_known(), **place.variables, **answer}
        text = f"{{{{ {place.text} }}}}" if place.key in CONDITIONS else place.text
        try:
            value = Templar(loader=DataLoader(), variables=variables).template(trust_as_template(text))
            value = _options(place.key, value) if isinstance(value, Mapping) else value
        except Exception as error:  # noqa: BLE001 - of what the controller knows only in a run
            value = type(error).__name__
        found[f"{number} {place.key}"] = value
    entry = _specs().get({"shared_ip": "main"}.get(question.playbook, question.playbook), {"options": {}})["options"]
    if question.variable in entry:
        documented = {name: value for name, value in {**_known(), **answer}.items() if name in entry}
        checked = ArgumentSpecValidator(entry).validate({"shared_ip_scenario": "shared_external", **documented})
        found["checks"] = checked.error_messages
    return found


def _options(key: str, value: Mapping[str, Any]) -> Any:
    """The options that the module gets; an omitted one has the module's default."""
    if key == OF_MACHINES:
        return {"certificate_days": defaults()["shared_ip_audit_certificate_days"], **value}
    if key != MODULE:
        return value
    result = ArgumentSpecValidator(**OPTIONS.to_kwargs()).validate({**given(value), "phase": "verify"})
    return result.error_messages or result.validated_parameters


def differences(question: Question) -> list[str]:
    """What differs if the answer is empty; a required question may not be answered that way."""
    if question.spec["required"]:
        return []
    name, plain = question.variable, outcome(question, {})
    found = [] if plain else [f"{question.template}: {name}: plays no part in playbook {question.playbook}"]
    answers = {
        how: DataLoader().load(f"{name}: {text}")
        for how, text in NOTHING.items()
        if how != "blanks" or _is_text(question)
    }
    if question.default_is_nothing() and question.spec.get("default") is not None:
        answers["default"] = {name: question.spec["default"]}
    for how, answer in answers.items():
        given_nothing = outcome(question, answer)
        wrong = [place for place, value in plain.items() if not _same(given_nothing[place], value)]
        found += [
            f"{question.template}: {name}: {how}: {place}: {given_nothing[place]!r}, not {plain[place]!r}"
            for place in wrong
        ]
    return found


def _is_text(question: Question) -> bool:
    return question.spec["type"] in ("text", "textarea")


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal; a text and a number may be, because a survey's number may arrive as text."""
    if isinstance(one, Mapping) and isinstance(other, Mapping) and set(one) == set(other):
        return all(_same(one[name], other[name]) for name in one)
    return one == other or str(one) == str(other)


def main() -> int:
    """The program."""
    import ansible.release

    _compile_each_template_once()
    asked = questions()
    found = [line for question in asked for line in differences(question)]
    for line in found:
        print(line)
    print(f"ansible-core {ansible.release.__version__}: {len(asked)} questions, {len(found)} differences")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
