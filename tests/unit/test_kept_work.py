# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is cached of Ansible's work equals what Ansible computes, and is computed again after a relevant change."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2.environment
import kept_work
import pytest
from ansible import constants
from ansible._internal._datatag._tags import Origin
from ansible._internal._task import UnifiedTaskResult
from ansible._internal._templating._jinja_bits import AnsibleEnvironment
from ansible.module_utils._internal._datatag import AnsibleTagHelper, _AnsibleTaggedStr
from ansible.parsing.dataloader import DataLoader
from jinja2 import Environment, TemplateError, pass_context


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache."""
    monkeypatch.setattr(kept_work, "_FOLDER", str(tmp_path / "kept"))
    return tmp_path / "kept"


def finder(seen: list[Any]) -> Any:
    """A module that parses routing tables."""

    def parse(text: str, content_id: str) -> Any:
        seen.append((text, content_id))
        return {"plugin_routing": {"text": text}}

    found = SimpleNamespace(_meta_yml_to_dict=parse)
    kept_work._keep_collections(found)
    return found


def test_a_routing_table_is_parsed_once_for_each_text() -> None:
    seen: list[Any] = []
    for process in (finder(seen), finder(seen)):
        for text in ("a", "b", "a"):
            assert process._meta_yml_to_dict(text, "any") == {"plugin_routing": {"text": text}}
    assert [text for text, _content_id in seen] == ["a", "b"]


def test_a_file_that_was_cut_off_is_written_again(folder: Path) -> None:
    seen: list[Any] = []
    for content in (None, b"", b"\x7f", b"["):
        if content is not None:
            (kept,) = folder.iterdir()
            kept.write_bytes(content)
        assert finder(seen)._meta_yml_to_dict("a", "any") == {"plugin_routing": {"text": "a"}}
    assert len(seen) == 4


def test_the_code_of_a_plugin_is_compiled_once_for_each_text_and_knows_its_file(folder: Path) -> None:
    compiled: Callable[..., Any] = finder([]).compile
    for number, (source, name) in enumerate([("def f(): return 1", "/a/x.py"), ("def f(): return 1", "/b/x.py")]):
        scope: dict[str, Any] = {}
        exec(compiled(source=source, filename=name, mode="exec", flags=0, dont_inherit=True), scope)  # noqa: S102
        assert (scope["f"](), scope["f"].__code__.co_filename) == (1, name), number
    assert len(list(folder.iterdir())) == 1
    with pytest.raises(SyntaxError):
        compiled(source="def", filename="/a/x.py", mode="exec", flags=0, dont_inherit=True)


def test_a_plugin_with_a_python_warning_is_compiled_each_time_and_warns_each_time(folder: Path) -> None:
    """As the sanity test ``import`` does, which takes each warning as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for compiled in (finder([]).compile, finder([]).compile):
            with pytest.raises(SyntaxError, match="is"):
                compiled("x = 1 is 1", "/a/x.py", "exec", flags=0, dont_inherit=True)
    assert not folder.exists()


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The templates that Jinja has compiled, and not taken from the cache."""
    seen: list[Any] = []
    generate = jinja2.environment.generate

    def generate_and_count(node: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(node)
        return generate(node, *arguments, **options)

    monkeypatch.setattr(jinja2.environment, "generate", generate_and_count)
    return seen


TEMPLATES = [
    "plain",
    "{{ one }} and {{ two | default('x') }}",
    "{% for n in many %}{{ n | upper }}{% if n is string %}!{% endif %}{% endfor %}",
    r"{{ one | regex_replace('^(.*)$', '\1\1') }}",
]
EXPRESSIONS = ["one == 1", "many | map('upper') | list", "two is defined and not other is defined", "{'a': one}.a"]


def expression(source: str) -> Any:
    return AnsibleEnvironment().compile_expression(source, False)._template.root_render_func.__code__


@pytest.mark.parametrize("source", TEMPLATES)
def test_a_template_is_compiled_once_and_its_code_is_the_same(source: str, generated: list[Any]) -> None:
    plain = Environment.compile(AnsibleEnvironment(), source)
    generated.clear()
    for _process in range(3):
        assert AnsibleEnvironment().compile(source) == plain
    assert len(generated) == 1


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_an_expression_is_compiled_once_and_its_code_is_the_same(source: str, generated: list[Any]) -> None:
    first = expression(source)
    assert expression(source) == first
    assert len(generated) == 1


def test_a_setting_of_the_environment_makes_another_template(generated: list[Any]) -> None:
    for sign in ("{{", "[["):
        AnsibleEnvironment(variable_start_string=sign, variable_end_string="]]").compile("{{ one ]] [[ one ]]")
    assert len(generated) == 2


def test_a_filter_that_wants_the_context_now_is_called_with_it(generated: list[Any]) -> None:
    source = "{{ one | upper }}"
    plain = AnsibleEnvironment().compile(source)
    changed = AnsibleEnvironment()
    changed.filters = {"upper": pass_context(lambda _context, value: value)}
    assert changed.compile(source) != plain
    assert len(generated) == 2
    gone = AnsibleEnvironment()
    gone.filters = {}
    with pytest.raises(TemplateError):
        gone.compile(source)


@pytest.mark.parametrize("source", ["{{ one", "{% if %}", "{{ one | no_such_filter }}"])
def test_an_invalid_template_fails_each_time(source: str, folder: Path) -> None:
    for _process in range(2):
        with pytest.raises(TemplateError):
            AnsibleEnvironment().compile(source)
    assert not folder.exists()


class Packing:
    """A process of Ansible that packs modules, with temporary files of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.packed = folder, 0
        self._find_module_utils: Callable[..., Any] = self._pack
        kept_work._keep_packed_modules(self)

    def _get_ansible_module_fqn(self, path: str) -> str:
        if "/roles/" in path:
            raise ValueError(path)
        return f"ansible_collections.a.b.plugins.modules.{Path(path).stem}"

    def _pack(self, *, b_module_data: bytes, module_path: str, module_compression: str, other: str) -> bytes:
        """As Ansible does it: the existence of the file decides."""
        file = self.folder / "ansiballz_cache" / f"{self._fqn(module_path)}-{module_compression}-none"
        if not file.exists():
            self.packed += 1
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"packed " + b_module_data)
        return file.read_bytes() + other.encode()

    def _fqn(self, path: str) -> str:
        try:
            return self._get_ansible_module_fqn(path)
        except ValueError:
            return f"ansible.legacy.{Path(path).stem}"

    def run(self, source: bytes, path: str = "/a/b/plugins/modules/m.py") -> bytes:
        """Pack the module, as it is sent."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(constants, "DEFAULT_LOCAL_TMP", str(self.folder))
            sent: bytes = self._find_module_utils(
                b_module_data=source, module_path=path, module_compression="ZIP_DEFLATED", other=" sent"
            )
        return sent


@pytest.fixture
def utils(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that modules of a collection import."""
    file = tmp_path / "ansible_collections" / "a" / "b" / "plugins" / "module_utils" / "room" / "file.py"
    file.parent.mkdir(parents=True)
    file.write_text("one = 1\n")
    config = SimpleNamespace(collection_paths=[str(tmp_path)])
    monkeypatch.setattr("ansible.utils.collection_loader.AnsibleCollectionConfig", config)
    return file


def test_a_module_is_packed_once_for_all_processes(tmp_path: Path, utils: Path) -> None:
    one, two = Packing(tmp_path / "one"), Packing(tmp_path / "two")
    for process in (one, one, two, two):
        assert process.run(b"text") == b"packed text sent"
    assert (one.packed, two.packed) == (1, 0)


def test_a_module_is_packed_again_after_a_change_of_it_or_of_what_it_imports(tmp_path: Path, utils: Path) -> None:
    Packing(tmp_path / "one").run(b"text")
    other = Packing(tmp_path / "other text")
    assert (other.run(b"other"), other.packed) == (b"packed other sent", 1)
    utils.write_text("one = 22\n")
    changed = Packing(tmp_path / "changed")
    assert (changed.run(b"text"), changed.packed) == (b"packed text sent", 1)
    (utils.parent / "new.py").write_text("")
    more = Packing(tmp_path / "more")
    assert (more.run(b"text"), more.packed) == (b"packed text sent", 1)


def test_a_module_of_a_role_is_always_packed(tmp_path: Path, utils: Path) -> None:
    for name in ("one", "two"):
        process = Packing(tmp_path / name)
        process.run(b"text", "/roles/r/library/m.py")
        assert process.packed == 1


def test_an_ansible_core_without_these_parts_is_left_alone() -> None:
    def executed(_module: Any) -> None:
        """A module that has been imported."""

    for change in kept_work._CHANGES.values():
        loader = SimpleNamespace(exec_module=executed)
        kept_work._change_after(loader, change)
        loader.exec_module(SimpleNamespace())


def test_the_cache_is_active_in_the_test_environment() -> None:
    """The environment of the tests imports it at each start."""
    from ansible.executor import module_common
    from ansible.utils.collection_loader import _collection_finder

    for function in (
        AnsibleEnvironment.compile,
        AnsibleEnvironment.compile_expression,
        module_common._find_module_utils,
        _collection_finder._meta_yml_to_dict,
        _collection_finder.compile,
        _AnsibleTaggedStr.__deepcopy__,
    ):
        assert function.__module__ == "kept_work"


def test_a_deep_copy_is_equal_has_the_same_tags_and_is_independent(tmp_path: Path) -> None:
    file = tmp_path / "file.yml"
    file.write_text("texts: [a, b]\nnumber: 1\nhalf: 0.5\nnone:\ndeep: {er: [text]}\n")
    loader = DataLoader()
    one, kept = (loader.load_from_file(str(file), trusted_as_template=True, unsafe=unsafe) for unsafe in (False, True))

    def tagged(value: Any) -> Any:
        inner: Any = None
        if isinstance(value, dict):
            inner = [(tagged(key), tagged(item)) for key, item in value.items()]
        elif isinstance(value, list):
            inner = [tagged(item) for item in value]
        return type(value), inner if inner is not None else value, AnsibleTagHelper.tags(value)

    assert tagged(one) == tagged(kept)
    assert Origin.get_tag(one["deep"]["er"][0]).line_num == 5
    one["texts"].append("c")
    one["deep"]["er"][0] = "another"
    assert kept == {"texts": ["a", "b"], "number": 1, "half": 0.5, "none": None, "deep": {"er": ["text"]}}


def test_what_each_worker_needs_is_ready_before_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out = UnifiedTaskResult.get_result_key_to_resolved_field_mapping.__func__
    worked_out.cache_clear()
    monkeypatch.delitem(sys.modules, "ansible.plugins.action.normal", raising=False)
    monkeypatch.delitem(sys.modules, "ansible.executor.process.worker", raising=False)
    importlib.import_module("ansible.executor.process.worker")
    assert worked_out.cache_info().currsize == 2
    assert "ansible.plugins.action.normal" in sys.modules
