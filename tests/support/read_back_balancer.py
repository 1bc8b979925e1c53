# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of the load balancer, for the test that what was written can be read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from read_back import REST, Kind, Place, ref
from vcdsim.resources import (
    alb_infrastructure,
    edge_gateways,
    http_policies,
    pools,
    service_engine_groups,
    virtual_services,
)


def pool_bodies(at: Place) -> list[dict[str, Any]]:
    first = {
        "name": "pool",
        "description": "d",
        "enabled": False,
        "passiveMonitoringEnabled": False,
        "defaultPort": 8080,
        "gracefulTimeoutPeriod": 5,
        "algorithm": "ROUND_ROBIN",
        "healthMonitors": [{"type": "TCP", "name": "mine"}],
        "persistenceProfile": {"type": "HTTP_COOKIE", "value": "c"},
        "members": [{"ipAddress": "10.10.0.11", "port": 8081, "ratio": 3, "enabled": False}],
        "gatewayRef": ref(at.edge),
        "sslEnabled": True,
        "caCertificateRefs": [ref(at.certificate)],
        "commonNameCheckEnabled": True,
        "domainNames": ["a.example"],
    }
    return [first, {"name": "other", "gatewayRef": ref(at.edge), "memberGroupRef": ref(at.ip_set)}]


def service_bodies(at: Place) -> list[dict[str, Any]]:
    profile = {"name": "mine", "systemDefined": False}
    first = at.service_body(at.pool("of-test")) | {
        "description": "d",
        "enabled": False,
        "applicationProfile": {"type": "HTTPS", **profile},
        "certificateRef": ref(at.certificate),
        "ipv6VirtualIpAddress": "2001:db8::5",
        "servicePorts": [
            {"portStart": 443, "portEnd": 444, "sslEnabled": True, "tcpUdpProfile": {"type": "TCP_PROXY", **profile}}
        ],
        "transparentModeEnabled": True,
        "nonCriticalLoggingEnabled": True,
    }
    return [first, first | {"name": "renamed", "virtualIpAddress": "203.0.113.41", "enabled": True}]


def settings_bodies(at: Place) -> list[dict[str, Any]]:
    networks = {"serviceNetworkDefinition": "10.99.0.1/25", "ipv6ServiceNetworkDefinition": "2001:db8:7::1/120"}
    at.write("PUT", at.settings, {"enabled": False})  # the service network of a running load balancer cannot change
    features = {"supportedFeatureSet": "PREMIUM", "transparentModeEnabled": True}
    return [{"enabled": True, **networks, **features, **at.named_cloud}]


def policy(rules: Callable[[], dict[str, Any]]) -> Callable[[Place], list[dict[str, Any]]]:
    def bodies(_at: Place) -> list[dict[str, Any]]:
        return [{"values": [{"name": "r", "active": False, "logging": True, "matchCriteria": {"x": 1}, **rules()}]}]

    return bodies


HEADER = [{"action": "ADD", "name": "X-A", "value": "1"}]


TARGET = {"protocol": "HTTPS", "host": "h", "port": 81, "path": "/p", "keepQuery": True}


ANSWER = {"content": "c", "contentType": "text/plain", "statusCode": 403}


def request_rules(_at: Place) -> list[dict[str, Any]]:
    rewrite = {"host": "h", "path": "/p", "query": "q", "keepQuery": True}
    rules = [
        {"name": "a", "headerActions": HEADER, "rewriteUrlAction": rewrite, "matchCriteria": {"x": 1}},
        {"name": "b", "active": False, "logging": True, "redirectAction": {**TARGET, "statusCode": 302}},
    ]
    return [{"values": rules}]


def security_rules(_at: Place) -> list[dict[str, Any]]:
    rate = {"count": 3, "period": 4, "closeConnectionAction": "CLOSE"}
    more = {"redirectAction": {**TARGET, "statusCode": 302}, "localResponseAction": ANSWER}
    actions = [
        {"rateLimitAction": rate | more},
        {"redirectToHttpsAction": {"port": 443}},
        {"localResponseAction": ANSWER},
        {"allowOrCloseConnectionAction": "CLOSE"},
    ]
    extra = {"active": False, "logging": True, "matchCriteria": {"x": 1}}
    return [{"values": [{"name": f"r{number}", **extra, **one} for number, one in enumerate(actions)]}]


def of_service(path: str) -> Callable[[Place], str]:
    return lambda at: f"{REST}/virtualServices/{at.service}{path}"


KINDS = {
    "pool": Kind(
        pools.POOL,
        REST + "/pools",
        pool_bodies,
        lambda at: {"name": "least", "gatewayRef": ref(at.edge)},
    ),
    "virtual service": Kind(
        virtual_services.SERVICE,
        REST + "/virtualServices",
        service_bodies,
        lambda at: at.service_body(at.pool("of-least")),
    ),
    "load balancer settings": Kind(
        edge_gateways.LOAD_BALANCER,
        "",
        settings_bodies,
        lambda _at: {"enabled": True},
        one=lambda at: at.settings,
        put=False,
    ),
    "service engine group assignment": Kind(
        service_engine_groups.ASSIGNMENT,
        REST + "/serviceEngineGroups/assignments",
        lambda at: [
            {
                "serviceEngineGroupRef": ref(at.only(REST + "/serviceEngineGroups", "seg-premium")),
                "gatewayRef": ref(at.edge),
                "maxVirtualServices": 9,
                "minVirtualServices": 2,
            }
        ],
        lambda at: {
            "serviceEngineGroupRef": ref(at.only(REST + "/serviceEngineGroups", "seg-premium")),
            "gatewayRef": ref(at.edge),
            "maxVirtualServices": 5,
            "minVirtualServices": 0,
        },
    ),
    "service engine group": Kind(
        service_engine_groups.GROUP,
        REST + "/serviceEngineGroups",
        lambda at: [
            {
                "name": "g",
                "description": "d",
                "serviceEngineGroupBacking": at.group_backing,
                "reservationType": "SHARED",
                "supportedFeatureSet": "PREMIUM",
            }
        ],
        lambda at: {"name": "least", "serviceEngineGroupBacking": at.group_backing},
    ),
    "load balancer controller": Kind(
        alb_infrastructure.CONTROLLER_BODY,
        REST + "/controllers",
        lambda _at: [{"name": "n", "description": "d", "url": "https://a.example", "username": "u", "password": "p"}],
        lambda _at: {"name": "least", "url": "https://a.example", "username": "u"},
    ),
    "load balancer cloud": Kind(
        alb_infrastructure.CLOUD_BODY,
        REST + "/clouds",
        lambda at: [{"name": "c", "description": "d", "loadBalancerCloudBacking": at.cloud_backing()}],
        lambda at: {"name": "least", "loadBalancerCloudBacking": at.cloud_backing()},
    ),
    "HTTP request rules": Kind(
        http_policies.BODIES[http_policies.REQUEST],
        "",
        request_rules,
        lambda _at: {"values": []},
        one=of_service("/httpPolicy/requestRules"),
    ),
    "HTTP response rules": Kind(
        http_policies.BODIES[http_policies.RESPONSE],
        "",
        policy(lambda: {"headerActions": HEADER, "rewriteLocationHeaderAction": TARGET}),
        lambda _at: {"values": []},
        one=of_service("/httpPolicy/responseRules"),
    ),
    "HTTP security rules": Kind(
        http_policies.BODIES[http_policies.SECURITY],
        "",
        security_rules,
        lambda _at: {"values": []},
        one=of_service("/httpPolicy/securityRules"),
    ),
    "WAF configuration": Kind(
        http_policies.BODIES[http_policies.WAF],
        "",
        lambda _at: [{"active": True, "mode": "ENFORCEMENT"}],
        lambda _at: {},
        one=of_service("/waf/config"),
    ),
    "WAF allowlist": Kind(
        http_policies.BODIES[http_policies.ALLOWLIST],
        "",
        lambda _at: [{"values": [{"name": "r", "active": False, "matchCriteria": {"x": 1}, "action": "BYPASS"}]}],
        lambda _at: {"values": []},
        one=of_service("/waf/allowlist"),
    ),
}
