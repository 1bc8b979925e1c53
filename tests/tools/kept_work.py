# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Caches what each start of Ansible computes again, although it depends on texts that have not changed.

That is ansible-core's routing table of plugins, the code of Jinja templates and of plugins of collections, and
each module packed with all that it imports: most of the CPU seconds of a small playbook. The demo starts six, and the
tests hundreds. Every start of Python in their virtual environments imports this file (``places.Venv`` installs it). It
changes modules of ansible-core as they are imported. Each result is stored beside the environment, under the hash of
all that it depends on. An ansible-core without these parts works as usual.

Within one start it saves what each task's worker, and each inclusion of a role, would repeat.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as in typing, whose import costs each start of Python more than this file saves
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType
    from typing import Any

_FOLDER = f"{sys.prefix}/kept-work"
_UNUSED_SECONDS = 3600.0  # a module packed with sources that have changed since is not needed again


def _key(*parts: str | bytes) -> str:
    import hashlib

    digest = hashlib.sha256()
    for part in (sys.version, *parts):
        encoded = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded) + encoded)
    return digest.hexdigest()


def _kept(key: str) -> Any:
    """What is stored under this key, or None."""
    import marshal

    try:
        with open(f"{_FOLDER}/{key}", "rb") as file:
            return marshal.loads(file.read())  # noqa: S302 - written below
    except (OSError, EOFError, TypeError, ValueError):  # missing, or cut off by a full disk
        return None


def _keep(key: str, value: Any) -> None:
    import marshal

    _write(f"{_FOLDER}/{key}", marshal.dumps(value))


def _write(path: str, data: bytes) -> None:
    """Write the whole file or nothing, because other processes read and write the same file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    own = f"{path}.{os.getpid()}"
    with open(own, "wb") as file:
        file.write(data)
    os.replace(own, path)


# -- ansible.utils.collection_loader._collection_finder --------------------------------------------------------------


def _keep_collections(finder: Any) -> None:
    """The routing table of a collection (ansible.builtin's has 10,000 lines), and the code of its plugins."""
    parse = finder._meta_yml_to_dict

    def parsed(text: str | bytes, content_id: Any) -> Any:
        key = _key("routing", text)
        if (found := _kept(key)) is None:
            found = parse(text, content_id)
            _keep(key, found)
        return found

    def compiled(source: Any, filename: str, mode: str, **more: Any) -> Any:
        import _imp

        if mode != "exec" or more != {"flags": 0, "dont_inherit": True} or not isinstance(source, (str, bytes)):
            return compile(source, filename, mode, **more)
        key = _key("plugin", source)
        if (found := _kept(key)) is None:
            found = compile(source, filename, mode, **more)
            _keep(key, found)
        else:
            _imp._fix_co_filename(found, filename)
        return found

    finder._meta_yml_to_dict = parsed
    finder.compile = compiled


# -- ansible._internal._templating._jinja_bits -----------------------------------------------------------------------


def _keep_templates(bits: Any) -> None:
    """The code of a template or an expression.

    It also depends on how each filter and test that it names must be called: that is stored
    beside the code, and compared.
    """
    from jinja2 import __version__
    from jinja2.compiler import _PassArg
    from jinja2.environment import TemplateExpression
    from jinja2.visitor import NodeVisitor

    environment, settings_of_all, compiling = (
        bits.AnsibleEnvironment,
        bits._TemplateConfig,
        bits._TemplateCompileContext,
    )
    compile_template, compile_expression = environment.compile, environment.compile_expression
    fields = tuple(bits._TEMPLATE_OVERRIDE_FIELD_NAMES)

    def key_of(own: Any, kind: str, source: str) -> str:
        context = compiling.current(optional=True)
        settings = [context and context.escape_backslashes, settings_of_all.allow_embedded_templates]
        settings += [getattr(own, name) for name in fields] + sorted(own.extensions)
        return _key("template", __version__, kind, repr(settings), source)

    def seen_of(own: Any, name: str) -> str:
        kind, _dot, plugin = name.partition(" ")
        try:
            found = (own.filters if kind == "Filter" else own.tests)[plugin]
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not as it was seen
            return "missing"
        return str(_PassArg.from_obj(found))

    class Names(NodeVisitor):
        def __init__(self) -> None:
            self.found: set[str] = set()

        def generic_visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
            if type(node).__name__ in ("Filter", "Test"):
                self.found.add(f"{type(node).__name__} {node.name}")
            return super().generic_visit(node, *args, **kwargs)

    def found_of(own: Any, key: str) -> Any:
        kept = _kept(key)
        if kept is None or any(seen_of(own, name) != seen for name, seen in kept[1].items()):
            return None
        return kept[0]

    def keep(own: Any, key: str, code: Any, tree: Any) -> None:
        names = Names()
        names.visit(tree)
        seen = {name: seen_of(own, name) for name in names.found}
        if "missing" not in seen.values():
            _keep(key, (code, seen))

    def compiled(own: Any, source: Any, name: Any = None, filename: Any = None, *more: Any, **options: Any) -> Any:
        if not isinstance(source, str) or name or filename or more or options or own._debuggable_template_source:
            return compile_template(own, source, name, filename, *more, **options)
        key = key_of(own, "template", source)
        if (code := found_of(own, key)) is None:
            code = compile_template(own, source)
            keep(own, key, code, own.parse(source))
        return code

    def expression(own: Any, source: str, undefined_to_none: bool = True) -> Any:
        if own._debuggable_template_source:
            return compile_expression(own, source, undefined_to_none)
        key = key_of(own, "expression", source)
        if (code := found_of(own, key)) is None:

            def compile_tree(tree: Any, *arguments: Any, **options: Any) -> Any:
                code = compile_template(own, tree, *arguments, **options)
                keep(own, key, code, tree)
                return code

            own.compile = compile_tree
            try:
                return compile_expression(own, source, undefined_to_none)
            finally:
                del own.compile
        template = own.template_class.from_code(own, code, own.make_globals(None), None)
        return TemplateExpression(template, undefined_to_none)

    environment.compile = compiled
    environment.compile_expression = expression


# -- ansible.executor.module_common ----------------------------------------------------------------------------------


def _keep_packed_modules(common: Any) -> None:
    """The archive of a module: one that another process has packed is copied to where this process looks for it."""
    from ansible import constants
    from ansible.release import __version__
    from ansible.utils.collection_loader import AnsibleCollectionConfig

    pack = common._find_module_utils

    def packed(*, b_module_data: bytes, module_path: str, module_compression: str, **more: Any) -> Any:
        given = {"b_module_data": b_module_data, "module_path": module_path, "module_compression": module_compression}
        try:
            name = f"{common._get_ansible_module_fqn(module_path)}-{module_compression}-none"
        except ValueError:  # a role's own module
            return pack(**given, **more)
        own = f"{constants.DEFAULT_LOCAL_TMP}/ansiballz_cache/{name}"
        if os.path.exists(own):
            return pack(**given, **more)
        state = _key(__version__, *_states(AnsibleCollectionConfig.collection_paths))
        kept = f"{_FOLDER}/packed-{state}/{_key(name, module_path, b_module_data)}"
        if not _copied(kept, own):
            done = pack(**given, **more)
            _forget_packed(state)
            _copied(own, kept)
            return done
        return pack(**given, **more)

    common._find_module_utils = packed


def _copied(source: str, target: str) -> bool:
    """Copy a file. Returns whether it existed."""
    try:
        with open(source, "rb") as file:
            _write(target, file.read())
    except OSError:
        return False
    return True


def _states(paths: Iterable[str]) -> Iterator[str]:
    """What modules of these collections can import: path, size and time of each file, or of the list of files."""
    import glob

    for path in paths:
        for folder in sorted(glob.glob(f"{path}/ansible_collections/*/*")):
            files = [f"{folder}/MANIFEST.json"]
            if not os.path.exists(files[0]):
                files = [f"{folder}/meta/runtime.yml", *_files_below(f"{folder}/plugins/module_utils")]
            for file in files:
                try:
                    state = os.stat(file)
                except OSError:
                    continue
                yield f"{file} {state.st_size} {state.st_mtime_ns}"


def _files_below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (f"{parent}/{name}" for name in sorted(names) if name.endswith(".py"))


def _forget_packed(state: str) -> None:
    """Remove what was packed from sources that have changed since. A process that still needs it packs it again."""
    import glob
    import shutil
    import time

    for folder in glob.glob(f"{_FOLDER}/packed-*"):
        try:
            if not folder.endswith(state) and time.time() - os.stat(folder).st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # another process has removed it
            continue


# -- ansible.parsing.dataloader --------------------------------------------------------------------------------------


def _keep_texts(_dataloader: Any) -> None:
    """A text or number and its tags, none of which can change, is its own deep copy.

    Each inclusion of a role copies the whole content of its files; most of an argument spec is texts, and each
    has two tags.
    """
    from ansible.module_utils._internal import _datatag

    def itself(own: Any, _copied: Any) -> Any:
        return own

    for kind in (
        _datatag.AnsibleDatatagBase,
        _datatag._AnsibleTaggedStr,
        _datatag._AnsibleTaggedInt,
        _datatag._AnsibleTaggedFloat,
    ):
        kind.__deepcopy__ = itself


# -- ansible.executor.process.worker ---------------------------------------------------------------------------------


def _prepare_workers(_worker: Any) -> None:
    """Import and compute once, before the first worker starts, what each worker would: it is a fork for one task."""
    import importlib

    from ansible._internal._task import UnifiedTaskResult

    for of_module in (False, True):
        UnifiedTaskResult.get_result_key_to_resolved_field_mapping(source_is_module=of_module)
    for name in (
        "ansible.module_utils._internal._json._profiles._module_legacy_c2m",
        "ansible.module_utils._internal._json._profiles._module_legacy_m2c",
        "ansible.plugins.action.normal",
    ):
        importlib.import_module(name)


# -- on import of each module ---------------------------------------------------------------------------------------


_CHANGES: dict[str, Callable[[Any], None]] = {
    "ansible.utils.collection_loader._collection_finder": _keep_collections,
    "ansible._internal._templating._jinja_bits": _keep_templates,
    "ansible.executor.module_common": _keep_packed_modules,
    "ansible.parsing.dataloader": _keep_texts,
    "ansible.executor.process.worker": _prepare_workers,
}


class _Finder:
    """Finds no modules itself, but changes these right after they were executed."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if name not in _CHANGES:
            return None
        for finder in sys.meta_path:
            spec = None if finder is _Finder else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                _change_after(spec.loader, _CHANGES[name])
                return spec
        return None


def _change_after(loader: Any, change: Callable[[Any], None]) -> None:
    execute = loader.exec_module

    def executed(module: ModuleType) -> None:
        execute(module)
        try:
            change(module)
        except (AttributeError, ImportError):  # another ansible-core, without the parts to change
            return

    loader.exec_module = executed


if _Finder not in sys.meta_path:
    sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]  # a class with the one method that is asked for
