# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All refusals of the simulator, in VCD's own words where they are public.

Texts marked *assumed* are the simulator's own, because no public source quotes the real ones. Clients must not depend
on them.
"""

from __future__ import annotations

from collections.abc import Iterable


class ApiError(Exception):
    """A refusal: HTTP status, VCD's minorErrorCode, and the message, which VCD puts after the request id."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class TokenRefused(Exception):
    """A refusal of the OAuth service: HTTP 400 in the form of RFC 6749 (assumed)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def bad_request(message: str) -> ApiError:
    """400: the request cannot be carried out."""
    return ApiError(400, "BAD_REQUEST", message)


def bad_field(path: str, problem: str) -> ApiError:
    """400: one field of a body is wrong. The value is never repeated, because it may be a private key."""
    return bad_request(f'Invalid value for field "{path}": {problem}.')


def bad_urn() -> ApiError:
    return bad_request("Invalid urn string")


def bad_filter() -> ApiError:
    return bad_request("Cannot parse the supplied filter")


def unauthorized() -> ApiError:
    return ApiError(401, "UNAUTHORIZED", "This operation is denied: log in first, or again.")


def forbidden(rights: str, operation: str, target: str) -> ApiError:
    """403: the right is missing or the object does not exist. VCD does not say which."""
    return ApiError(
        403,
        "ACCESS_TO_RESOURCE_IS_FORBIDDEN",
        f"Either you need some or all of the following rights [{rights}] to perform operations [{operation}] "
        f"for {target} or the target entity is invalid.",
    )


def not_found(path: str) -> ApiError:
    return ApiError(404, "NOT_FOUND", f"Nothing answers at {path}.")


def not_built(method: str, template: str) -> ApiError:
    return ApiError(501, "NOT_IMPLEMENTED", f"VCD has {method} {template}, this simulator does not: nothing was done.")


def method_not_allowed(method: str, template: str, allowed: Iterable[str]) -> ApiError:
    names = ", ".join(sorted(allowed))
    return ApiError(405, "METHOD_NOT_ALLOWED", f"{method} is not possible on {template}: {names}.", {"Allow": names})


def not_acceptable(supported: Iterable[str]) -> ApiError:
    names = ", ".join(supported)
    return ApiError(
        406,
        "NOT_ACCEPTABLE",
        "The request has invalid accept header: Invalid API version requested. "
        f"Supported API versions are: [{names}] ([D] indicates deprecated versions)",
    )


def too_old(since: str) -> ApiError:
    return ApiError(406, "NOT_ACCEPTABLE", f"The operation exists since API version {since}.")


def unsupported_media(content_type: str, wanted: str) -> ApiError:
    return ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type '{content_type}' is not {wanted}.")


def busy(kind: str, uuid: str, operation: str) -> ApiError:
    """400 BUSY_ENTITY: another task holds the entity. The wording is VCD's own, and clients match it."""
    return ApiError(
        400,
        "BUSY_ENTITY",
        f"The entity Ref: com.vmware.vcloud.entity.{kind}:{uuid} is busy completing an operation {operation}.",
    )


def precondition_failed() -> ApiError:
    return ApiError(412, "PRECONDITION_FAILED", "The entity has changed since the ETag of If-Match was read.")
