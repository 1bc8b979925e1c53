# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""JMESPath queries of the info modules. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput

try:
    import jmespath

    JMESPATH_ERROR: ImportError | None = None
except ImportError as error:
    JMESPATH_ERROR = error


_TOO_DEEP = "is nested too deeply: give a simpler expression"


def _in_one_line(error: Exception) -> str:
    """The library's message, without the brackets of the lists that it shows."""
    return " ".join(str(error).translate({ord(one): None for one in "[]"}).split())


def compile_query(expression: str | None) -> Any:
    """Compile an expression before the first request; None when it is empty. Raises InvalidInput or CollectionError."""
    if not expression:
        return None
    if JMESPATH_ERROR is not None:
        raise CollectionError(
            "query: requires the Python library jmespath: install it on the machine that runs this module"
        )
    try:
        return jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise InvalidInput("query", expression, f"not a JMESPath expression: {_in_one_line(error)}") from None
    except RecursionError:
        raise InvalidInput("query", expression, _TOO_DEEP) from None


def run_query(compiled: Any, expression: str | None, data: Any) -> Any:
    """The result of a query, or the data itself without one."""
    if compiled is None:
        return data
    try:
        return compiled.search(data)
    except jmespath.exceptions.JMESPathError as error:
        raise InvalidInput("query", expression, f"cannot be applied: {_in_one_line(error)}") from None
    except RecursionError:
        raise InvalidInput("query", expression, _TOO_DEEP) from None
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        # the library checks the types of arguments, but not their values, such as a slice with step 0
        raise InvalidInput("query", expression, f"cannot be applied ({type(error).__name__})") from None
