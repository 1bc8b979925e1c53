# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server's refusals, as Status objects. Texts and reasons are Kubernetes' own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class FieldError:
    """One reason why one field of an object is invalid."""

    type: str
    field: str
    body: str

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"

    @property
    def cause(self) -> Json:
        return {"reason": self.type, "message": self.body, "field": self.field}


def printed_value(value: object) -> str:
    """A value as field errors print it: JSON, with nil for an absent value."""
    return "null" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def invalid_value(field: str, value: object, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", field, f"Invalid value: {printed_value(value)}: {detail}")


def forbidden_field(field: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", field, f"Forbidden: {detail}")


def required(field: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", field, f"Required value: {detail}" if detail else "Required value")


def not_supported(field: str, value: str, supported: list[str]) -> FieldError:
    listed = ", ".join(f'"{item}"' for item in sorted(supported))
    return FieldError(
        "FieldValueNotSupported", field, f"Unsupported value: {printed_value(value)}: supported values: {listed}"
    )


def too_long(field: str, limit: int) -> FieldError:
    return FieldError("FieldValueTooLong", field, f"Too long: may not be more than {limit} bytes")


def duplicate(field: str, value: object) -> FieldError:
    return FieldError("FieldValueDuplicate", field, f"Duplicate value: {printed_value(value)}")


class ApiError(Exception):
    """A refusal. ``status`` is the body (a Kubernetes ``Status``)."""

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers: dict[str, str] = {}

    @property
    def status(self) -> Json:
        body: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


def _details(group: str, kind: str, name: str, **more: Any) -> Json:
    found = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in found.items() if value} | more


def qualified(group: str, name: str) -> str:
    """``deployments.apps``; objects of the core group have no suffix."""
    return f"{name}.{group}" if group else name


def not_found(group: str, plural: str, name: str) -> ApiError:
    message = f'{qualified(group, plural)} "{name}" not found'
    return ApiError(404, "NotFound", message, _details(group, plural, name))


def already_exists(group: str, plural: str, name: str) -> ApiError:
    message = f'{qualified(group, plural)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(group, plural, name))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def forbidden(group: str, plural: str, name: str, why: str) -> ApiError:
    subject = qualified(group, plural) + (f' "{name}"' if name else "")
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _details(group, plural, name))


def forbidden_path(why: str) -> ApiError:
    return ApiError(403, "Forbidden", f"forbidden: {why}", {})


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def invalid(group: str, kind: str, name: str, errors: list[FieldError]) -> ApiError:
    texts = list(dict.fromkeys(str(error) for error in errors))
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    message = f'{qualified(group, kind)} "{name}" is invalid: {joined}'
    details = _details(group, kind, name, causes=[error.cause for error in errors])
    return ApiError(422, "Invalid", message, details)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def too_many_requests(message: str) -> ApiError:
    error = ApiError(429, "TooManyRequests", message, {"retryAfterSeconds": 1})
    error.headers["Retry-After"] = "1"
    return error


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def unsupported_media_type(accepted: list[str]) -> ApiError:
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", message)


def not_acceptable(accepted: list[str]) -> ApiError:
    message = f"only the following media types are accepted: {', '.join(accepted)}"
    return ApiError(406, "NotAcceptable", message)


def too_large(limit: int) -> ApiError:
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def rejected_patch(why: str) -> ApiError:
    """A JSON patch that is well formed but does not match the object."""
    details = {"causes": [{"reason": "UnexpectedServerResponse", "message": why}]}
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, details)


def internal_error(why: str) -> ApiError:
    return ApiError(500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]})


def not_implemented(what: str) -> ApiError:
    """501, the double's own: a real API server supports this, so a client must not conclude that it is absent."""
    return ApiError(501, "NotImplemented", f"kube_double does not support {what}", {})
