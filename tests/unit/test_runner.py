# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which a module ends: one result, no traceback, no secret, no control character in its texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import ISSUES, CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import PrintableUrl
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import base_url
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from module_output import output_of
from plain_messages import complaint
from test_printable import HOSTILE, harmful, texts
from test_secrets import FORMS, MARKS, PASSWORDS

SPEC = ArgumentSpec({"password": {"type": "str", "no_log": True}, "url": {"type": PrintableUrl("str")}})
TOKEN = "eyJ-token-0001"
# As with -vvvv: the options in the result, and a traceback where Ansible has one.
LOUD = {
    "_ansible_verbosity": 4,
    "_ansible_inject_invocation": True,
    "_ansible_tracebacks_for": ["error"],
    "_ansible_diff": True,
}


def end_of(
    perform: Callable[[], Any], *, enter: Callable[[], Any] = dict, leave: Callable[[], Any] = dict, **options: Any
) -> tuple[dict[str, Any], str]:
    """The result of a module with these functions, and its whole output."""

    @contextmanager
    def connect(_params: Mapping[str, Any]) -> Iterator[None]:
        enter()
        try:
            yield
        finally:
            leave()

    text = output_of(lambda: run_module(SPEC, connect, lambda *_given: perform()), {**LOUD, **options})
    return json.loads(text), text


def raising(error: BaseException) -> Callable[[], Any]:
    """A function that raises this error."""

    def fail() -> Any:
        raise error

    return fail


def test_a_run_shows_tracebacks_only_if_it_asks_for_them() -> None:
    texts_of = [end_of(raising(KeyError("x")), _ansible_tracebacks_for=asked)[1] for asked in ([], ["error"], [])]
    assert ["Traceback (" in text for text in texts_of] == [False, True, False]


def deep() -> Any:
    """Recurse until Python raises an error."""
    return deep()


ERRORS: list[Callable[[], Any]] = [
    raising(ValueError(TOKEN)),
    raising(KeyError(TOKEN)),
    raising(requests.exceptions.InvalidHeader(f"Invalid header value: 'Bearer {TOKEN}\r\n'")),
    raising(UnicodeEncodeError("latin-1", f"Bearer {TOKEN}\u20ac", 0, 1, "ordinal not in range")),
    raising(OSError(5, TOKEN, TOKEN)),
    raising(MemoryError()),
    raising(StopIteration(TOKEN)),
    raising(AssertionError(TOKEN)),
    raising(type(f"Error{TOKEN[:3]}", (Exception,), {"__str__": lambda self: 1 / 0})()),
    deep,
    lambda: json.loads("[" * 100_000),
    lambda: int("9" * 5_000),
    lambda: base_url(5),  # type: ignore[arg-type]  # that is the defect
]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("stage", ["enter", "perform", "leave"])
def test_an_unexpected_exception_is_one_line_with_its_type_and_place(
    error: Callable[[], Any], stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    actions = {"perform": Outcome, "enter": dict, "leave": dict, stage: error}
    result, text = end_of(**actions, password="kube-secret-1")
    assert result["failed"] is True
    assert result["msg"].startswith("a defect of the collection: ")
    assert f" at {result['failure']['place']}; " in result["msg"]
    assert result["failure"]["exception"] in result["msg"]
    assert result["msg"].endswith(ISSUES)
    assert "\n" not in result["msg"]
    everything = text + "".join(capsys.readouterr())
    assert TOKEN not in everything
    assert "kube-secret-1" not in everything


def test_the_place_is_the_innermost_file_of_the_collection() -> None:
    result, _text = end_of(lambda: base_url(5))  # type: ignore[arg-type]  # that is the defect
    assert result["failure"]["place"].startswith("plugins/module_utils/_urls.py:")
    # an error inside a library is reported where the collection called it
    result, _text = end_of(lambda: base_url(b"\xff"))  # type: ignore[arg-type]  # that is the defect
    assert result["failure"]["place"].startswith("plugins/module_utils/")


def test_a_result_that_cannot_be_written_is_a_defect_too() -> None:
    result, text = end_of(lambda: Outcome(True, {"x": type("Odd", (), {"__repr__": lambda self: TOKEN})()}))
    assert result["msg"].startswith("a defect of the collection: ")
    assert TOKEN not in text


def test_an_expected_error_has_no_traceback_either() -> None:
    def perform() -> Any:
        try:
            raise ValueError(TOKEN)
        except ValueError as error:
            raise CollectionError("one line") from error

    result, text = end_of(perform)
    assert result["msg"] == "one line"
    assert TOKEN not in text


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
def test_an_interruption_stays_an_interruption(kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        end_of(raising(kind()))


@settings(max_examples=30)
@given(HOSTILE, HOSTILE)
def test_all_texts_of_a_result_are_printable(text: str, name: str) -> None:
    assume(not complaint(text))  # every test refuses a message like "None", whoever raises it
    failed, _text = end_of(raising(CollectionError(text, names=[name], value={name: text})))
    assert not [one for one in (failed["msg"], *texts(failed["failure"])) if harmful(one)]
    lines = {"lines": {"plan": [text]}, "summary": text, "findings": [{"message": text, "remedy": name, "name": name}]}
    diff = {"before": {"name": name}, "after": {"name": text}}
    done, _text = end_of(lambda: Outcome(True, lines, **diff, warnings=(f"w {text}",)))
    assert not [one for one in (done["lines"]["plan"][0], done["summary"], *texts(done["warnings"])) if harmful(one)]
    assert not [one for one in texts(done["diff"]) if harmful(one, "\n\t")]
    (finding,) = done["findings"]
    assert not harmful(finding["message"] + finding["remedy"])
    assert finding["name"] == name  # data stays


@settings(max_examples=50)
@given(PASSWORDS, PASSWORDS, st.sampled_from(sorted(FORMS)), HOSTILE)
def test_no_part_of_a_result_contains_a_secret_in_any_form(password: str, token: str, form: str, text: str) -> None:
    def echo() -> str:
        SECRETS.add_issued(token)
        return f"{text} {FORMS[form](password)} {FORMS[form](token)}"

    def fail() -> Any:
        raise CollectionError(echo(), text=echo(), details=[{echo(): echo()}])

    def succeed() -> Outcome:
        result = {"names": [echo()], "lines": [echo()], echo(): echo()}
        return Outcome(False, result, {echo(): 1}, {"x": echo()}, (echo(),))

    for perform in (fail, succeed):
        _result, output = end_of(perform, password=password, url=f"https://u:{MARKS[0]}@h?{MARKS[1]}")
        for mark in MARKS:
            assert mark not in output
            assert mark not in json.dumps(json.loads(output), ensure_ascii=False)
        assert form != "base64" or FORMS[form](password) not in output


def test_a_refused_option_shows_no_password_of_a_url() -> None:
    """Ansible ends the module before any code of the collection runs, and shows the options."""
    text = output_of(
        lambda: run_module(SPEC, lambda _params: raising(ValueError())(), lambda *_given: Outcome()),
        {**LOUD, "url": "https://kube:kube-secret-1@vcd.example.com", "no_such_option": 1},
    )
    assert "no_such_option" in json.loads(text)["msg"]
    assert "kube-secret-1" not in text
    assert "https://(hidden)@vcd.example.com" in text


NESTED = ArgumentSpec(
    {
        "password": {"type": "str", "no_log": True},
        "rules": {
            "type": "list",
            "elements": "dict",
            "options": {"actions": {"type": "dict", "aliases": ["acts"], "options": {"name": {"type": "str"}}}},
        },
    }
)


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ([None], "rules[0]"),
        ([{"actions": {}}, 7], "rules[1]"),
        ([{"actions": True}], "rules[0].actions"),
        ([{"acts": [None]}], "rules[0].acts"),
    ],
)
def test_an_entry_that_is_not_a_dictionary_is_named(rules: Any, place: str) -> None:
    """In some places ansible-core fails on such an entry with a traceback."""
    given_options = {"password": "hidden-zQ9zQ", "rules": rules}  # ansible-core shows where it was called if asked to
    text = output_of(lambda: run_module(NESTED, lambda _params: pytest.fail("connected"), pytest.fail), given_options)
    result = json.loads(text)
    assert result["failed"] is True
    assert place in result["msg"] or ("." not in place and "in the sub parameter field 'rules'" in result["msg"])
    assert "zQ9zQ" not in text
    assert NESTED.misplaced({"rules": rules}) == place


def test_entries_that_are_dictionaries_are_accepted() -> None:
    assert NESTED.misplaced({"rules": [{"actions": {"name": None}}, {}, "actions={}"], "password": "x"}) == ""
    assert NESTED.misplaced({"rules": None}) == ""
    assert NESTED.misplaced({}) == ""
