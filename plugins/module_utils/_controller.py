# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What inventory plugins, lookups and filters share: they run on the controller, without a `_runner`.

All their messages pass through here: in one line, without secrets, without a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, defect
from ansible_collections.vcd.kubernetes.plugins.module_utils._nearest import nearest
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS

Found = TypeVar("Found")


def in_one_line(work: Callable[[], Found], error_class: Callable[[str], Exception]) -> Found:
    """What ``work`` returns. If it fails, raises an exception of this class with the reason."""
    try:
        return work()
    except CollectionError as error:
        problem = error
    except Exception as error:  # noqa: BLE001  # the last handler: the text of an unknown error must not be shown
        problem = defect(error)
    # Outside any except block: inside one, the new exception would include the first one's text.
    raise error_class(said(problem.message))


def known_only(given: Iterable[str], options: Iterable[str], plugin: str) -> None:
    """Raise CollectionError for an option that ``plugin`` does not have. Ansible checks this only for modules."""
    known = sorted(options)
    for name in given:
        if name not in known:
            raise CollectionError(f"{plugin} has no option {name!r}{nearest(name, known)}")


def said(text: str) -> str:
    """A text for a person in the form in which it may be shown: without secrets, and printable."""
    return printable(SECRETS.mask(text))
