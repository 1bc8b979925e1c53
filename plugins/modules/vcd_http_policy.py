#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_http_policy
short_description: Manage the HTTP policies of an NSX ALB virtual service of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Manages the rules with which a virtual service changes, redirects or refuses HTTP requests, and changes responses. The module writes only if
    something differs.
  - HTTP policies are part of a virtual service, and are deleted with it. M(vcd.kubernetes.vcd_virtual_service) keeps them when it re-creates a virtual service.
  - Requires API version 38.0 (Cloud Director 10.5.0) or newer, and a virtual service with the application profile V(HTTP) or V(HTTPS).
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  state:
    description:
      - V(present) writes the lists that are given where they differ, and leaves the others unchanged.
      - V(absent) removes all rules. It is no error if the virtual service does not exist.
    type: str
    choices: [present, absent]
    default: present
  virtual_service:
    description: The virtual service, by name or URN.
    type: str
    required: true
  redirect_to_https:
    description:
      - Whether a security rule redirects all HTTP requests to HTTPS. All other security rules stay as they are.
      - V(true) uses a rule that already does so, whatever its name, and activates it if it is inactive. If there is no such rule, the module adds
        C(redirect-to-https) as the first one.
      - V(false) removes such rules.
      - With O(security_rules), this applies to that list.
    type: bool
  https_port:
    description: The port to which O(redirect_to_https) redirects.
    type: int
    default: 443
  request_rules:
    description:
      - The rules for requests, in their order. The list replaces the existing one, and an empty list removes all.
      - They apply before a request goes to the pool.
    type: list
    elements: dict
    suboptions:
      name: &name
        description: The name of the rule.
        type: str
        required: true
      active: &active
        description: Whether the rule is active.
        type: bool
        default: true
      logging: &logging
        description: Whether matches are logged.
        type: bool
        default: false
      match_criteria:
        description: The criteria, all of which have to match. Without any, the rule applies to all requests.
        type: dict
        suboptions: &request_criteria
          client_ip_address:
            description: The client's IP address.
            type: dict
            suboptions:
              criteria: &is_in
                description: Whether the value must be one of these, or none of them.
                type: str
                choices: [IS_IN, IS_NOT_IN]
                required: true
              ip_addresses:
                description: Addresses, networks (CIDR), and ranges such as V(10.0.0.1-10.0.0.9).
                type: list
                elements: str
                required: true
          service_ports:
            description: The port of the virtual service.
            type: dict
            suboptions:
              criteria: *is_in
              ports:
                description: The ports.
                type: list
                elements: int
                required: true
          protocol_type:
            description: The protocol.
            type: str
            choices: [HTTP, HTTPS]
          http_methods:
            description: The method of the request.
            type: dict
            suboptions:
              criteria: *is_in
              methods:
                description: The methods.
                type: list
                elements: str
                choices: [GET, PUT, POST, DELETE, HEAD, OPTIONS, TRACE, CONNECT, PATCH, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK]
                required: true
          path:
            description: The path of the request.
            type: dict
            suboptions:
              criteria: &text_or_regex
                description: How the value is compared with each text.
                type: str
                choices: &texts_and_regex
                  - BEGINS_WITH
                  - DOES_NOT_BEGIN_WITH
                  - CONTAINS
                  - DOES_NOT_CONTAIN
                  - ENDS_WITH
                  - DOES_NOT_END_WITH
                  - EQUALS
                  - DOES_NOT_EQUAL
                  - REGEX_MATCH
                  - REGEX_DOES_NOT_MATCH
                required: true
              paths:
                description: The texts.
                type: list
                elements: str
                required: true
          query:
            description: Texts in the query of the request, each as V(key=value).
            type: list
            elements: str
          request_headers: &headers
            description: Headers, all of which have to match.
            type: list
            elements: dict
            suboptions:
              criteria: &text_or_existence
                description: How the value is compared with each text, or whether it exists.
                type: str
                choices: &texts_and_existence
                  - EXISTS
                  - DOES_NOT_EXIST
                  - BEGINS_WITH
                  - DOES_NOT_BEGIN_WITH
                  - CONTAINS
                  - DOES_NOT_CONTAIN
                  - ENDS_WITH
                  - DOES_NOT_END_WITH
                  - EQUALS
                  - DOES_NOT_EQUAL
                required: true
              name:
                description: The name of the header.
                type: str
                required: true
              values:
                description: The texts. Required, except with V(EXISTS) and V(DOES_NOT_EXIST).
                type: list
                elements: str
          cookie:
            description: A cookie.
            type: dict
            suboptions:
              criteria: *text_or_existence
              name:
                description: The name of the cookie.
                type: str
                required: true
              value:
                description: The text. Required, except with V(EXISTS) and V(DOES_NOT_EXIST).
                type: str
      actions:
        description: What to do. A V(redirect) excludes the others.
        type: dict
        required: true
        suboptions:
          redirect: &redirect
            description: Answer with a redirect.
            type: dict
            suboptions:
              protocol: &protocol
                description: The protocol of the new location.
                type: str
                choices: [HTTP, HTTPS]
                required: true
              host: &host
                description: The host of the new location. By default, the host of the request.
                type: str
              port: &port
                description: The port of the new location. By default, 80 for V(HTTP) and 443 for V(HTTPS).
                type: int
              path: &path
                description: The path of the new location. By default, the path of the request.
                type: str
              keep_query: &keep_query
                description: Whether the query of the request is kept.
                type: bool
                default: true
              status_code:
                description: The status code.
                type: int
                choices: [301, 302, 307]
                default: 302
          modify_header: &modify_header
            description: Change headers. Changes of one header are made in their order.
            type: list
            elements: dict
            suboptions:
              action:
                description: What to do with it.
                type: str
                choices: [ADD, REMOVE, REPLACE]
                required: true
              name:
                description: The name of the header.
                type: str
                required: true
              value:
                description: Its value. Required with V(ADD) and V(REPLACE).
                type: str
          rewrite_url:
            description: Change the URL of the request.
            type: dict
            suboptions:
              host_header:
                description: The new host. By default, the host of the request.
                type: str
              existing_path:
                description: The new path. By default, the path of the request.
                type: str
              query:
                description: The new query, or what is added to the existing one.
                type: str
              keep_query: *keep_query
  response_rules:
    description: The rules for responses, in their order. The list replaces the existing one, and an empty list removes all.
    type: list
    elements: dict
    suboptions:
      name: *name
      active: *active
      logging: *logging
      match_criteria:
        description: The criteria for the request and the response, all of which have to match. Without any, the rule applies to all responses.
        type: dict
        suboptions:
          <<: *request_criteria
          location_header:
            description: The header C(Location) of the response.
            type: dict
            suboptions:
              criteria: *text_or_regex
              values:
                description: The texts.
                type: list
                elements: str
                required: true
          response_headers: *headers
          status_code:
            description: The status code of the response.
            type: dict
            suboptions:
              criteria: *is_in
              http_status_codes:
                description: Status codes, or ranges such as V(200-299).
                type: list
                elements: str
                required: true
                aliases: [http_status_code]
      actions:
        description: What to do.
        type: dict
        required: true
        suboptions:
          rewrite_location_header:
            description: Change the header C(Location) of the response.
            type: dict
            suboptions:
              protocol: *protocol
              host: *host
              port: *port
              path: *path
              keep_query: *keep_query
          modify_header: *modify_header
  security_rules:
    description:
      - The rules for security, in their order. The list replaces the existing one, and an empty list removes all.
      - They apply before the rules for requests.
    type: list
    elements: dict
    suboptions:
      name: *name
      active: *active
      logging: *logging
      match_criteria:
        description: The criteria, all of which have to match. Without any, the rule applies to all requests.
        type: dict
        suboptions: *request_criteria
      actions:
        description: What to do, exactly one action.
        type: dict
        required: true
        suboptions:
          redirect_to_https:
            description: The port to which an HTTP request is redirected with HTTPS.
            type: int
          connections:
            description: Allow the request, or close the connection.
            type: str
            choices: [ALLOW, CLOSE]
          rate_limit:
            description: What to do if requests come too often. Without an action, this is only reported.
            type: dict
            suboptions:
              count:
                description: The maximum number of requests in each period, 1 to 1000000000.
                type: int
                required: true
              period:
                description: The period in seconds, 1 to 1000000000.
                type: int
                default: 1
              action_close_connection:
                description: Whether to close the connection.
                type: bool
                default: false
              action_redirect: *redirect
              action_local_response: &send_response
                description: Answer with this response.
                type: dict
                suboptions:
                  content:
                    description: The body of the response, in Base64.
                    type: str
                  content_type:
                    description: The type of its content, such as V(text/plain).
                    type: str
                  status_code:
                    description: The status code.
                    type: int
                    choices: [200, 204, 403, 404, 429, 501]
                    required: true
          send_response: *send_response
notes:
  - Before its first write, and in check mode, too, the module reads the rights of its user, and fails if the user lacks one that the write needs.
    C(docs/rights-vcd.md) of the collection lists them, and has a role to import.
  - Cloud Director stores each kind of rule as one list. Fields of a rule that this module does not know stay as they are as long as the rule does not change.
seealso:
  - module: vcd.kubernetes.vcd_http_policy_info
  - module: vcd.kubernetes.vcd_virtual_service
"""

EXAMPLES = r"""
- name: Create a pool for the virtual service
  vcd.kubernetes.vcd_pool:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: shop-http

- name: Serve HTTP
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: shop-http
    application_profile: HTTP
    virtual_ip_address: 203.0.113.45
    pool: shop-http
    service_engine_group: seg-shared
    service_ports:
      - start: 80

- name: Redirect all requests to HTTPS
  vcd.kubernetes.vcd_http_policy:
    edge_gateway: acme-edge
    virtual_service: shop-http
    redirect_to_https: true

- name: Allow the administrators' path only from the office, and tell the members that TLS was used
  vcd.kubernetes.vcd_http_policy:
    edge_gateway: acme-edge
    virtual_service: shop-http
    security_rules:
      - name: admin-from-the-office
        match_criteria:
          path: {criteria: BEGINS_WITH, paths: [/admin]}
          client_ip_address: {criteria: IS_NOT_IN, ip_addresses: [198.51.100.0/24]}
        actions:
          send_response: {status_code: 403, content_type: text/plain, content: "{{ 'not from here' | b64encode }}"}
      - name: not-too-often
        actions:
          rate_limit: {count: 1000, period: 60, action_close_connection: true}
    request_rules:
      - name: forwarded
        match_criteria:
          protocol_type: HTTPS
        actions:
          modify_header:
            - {action: REPLACE, name: X-Forwarded-Proto, value: https}

- name: Remove all policies
  vcd.kubernetes.vcd_http_policy:
    edge_gateway: acme-edge
    virtual_service: shop-http
    state: absent
"""

RETURN = r"""
http_policy:
  description:
    - The HTTP policies after the run or, in check mode, as predicted. Null when the virtual service does not exist, or can have none.
    - Rules have the form of the options and contain only what is set, so that they can be given to the module again.
  returned: success
  type: dict
  contains:
    virtual_service:
      description: The virtual service, with C(id) and C(name).
      type: dict
    request_rules:
      description: The rules for requests, as in O(request_rules).
      type: list
      elements: dict
    response_rules:
      description: The rules for responses, as in O(response_rules).
      type: list
      elements: dict
    security_rules:
      description: The rules for security, as in O(security_rules).
      type: list
      elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.manager import ensure
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.options import POLICY
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY

SPEC = CONNECTION | EDGE_GATEWAY | POLICY


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the policies to the wanted rules."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change = ensure(api, gateway, params, check_mode)
    return Outcome(change.changed, {"http_policy": change.after}, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
