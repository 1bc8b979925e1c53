# Three Services with two ports each, as the cloud provider program of a cluster creates them, and all objects around
# them. `changed` switches to the second state, in which almost every object differs.

terraform {
  required_providers {
    vcd = { source = "vmware/vcd" }
  }
}

provider "vcd" {}

variable "changed" {
  type    = bool
  default = false
}

variable "certificate" { type = string }
variable "private_key" {
  type      = string
  sensitive = true
}

locals {
  services = {
    web  = { scenario = "shared_external", ports = { http = 80, https = 443 } }
    shop = { scenario = "shared_external", ports = { http = 80, admin = 8080 } }
    api  = { scenario = "shared_internal", ports = { http = 80, grpc = var.changed ? 9091 : 9090 } }
  }
  ports = merge([
    for service, one in local.services : {
      for name, port in one.ports : "${service}-${name}" => {
        service  = service
        port     = port
        internal = one.scenario == "shared_internal"
      }
    }
  ]...)
  internal_vip = "192.168.8.2"
  dnat         = { for name, one in local.ports : name => one if one.internal }
}

data "vcd_org" "acme" {
  name = "acme"
}

data "vcd_nsxt_edgegateway" "edge" {
  name = "acme-edge"
}

data "vcd_nsxt_alb_edgegateway_service_engine_group" "shared" {
  edge_gateway_id           = data.vcd_nsxt_edgegateway.edge.id
  service_engine_group_name = "seg-shared"
}

data "vcd_network_routed_v2" "nodes" {
  name            = "k8s-net"
  edge_gateway_id = data.vcd_nsxt_edgegateway.edge.id
}

data "vcd_vdc_group" "group" {
  name = "acme-group"
}

data "vcd_nsxt_edgegateway" "group_edge" {
  name     = "group-edge"
  owner_id = data.vcd_vdc_group.group.id
}

data "vcd_ip_space" "public" {
  name = "public"
}

# -- addresses -------------------------------------------------------------------------------------------------------

resource "vcd_ip_space_ip_allocation" "external" {
  for_each    = local.services
  org_id      = data.vcd_org.acme.id
  ip_space_id = data.vcd_ip_space.public.id
  type        = "FLOATING_IP"
}

resource "vcd_ip_space_ip_allocation" "reserved" {
  org_id      = data.vcd_org.acme.id
  ip_space_id = data.vcd_ip_space.public.id
  type        = "FLOATING_IP"
  usage_state = "USED_MANUAL"
  description = var.changed ? "for the next Service" : "for a Service"
}

# -- groups and firewall ---------------------------------------------------------------------------------------------

resource "vcd_nsxt_ip_set" "workers" {
  edge_gateway_id = data.vcd_nsxt_edgegateway.edge.id
  name            = "tf-workers"
  description     = "the nodes"
  ip_addresses    = var.changed ? ["10.10.0.11", "10.10.0.12", "10.10.0.13"] : ["10.10.0.11", "10.10.0.12"]
}

resource "vcd_nsxt_security_group" "nodes" {
  edge_gateway_id        = data.vcd_nsxt_edgegateway.edge.id
  name                   = "tf-nodes"
  description            = var.changed ? "the network of the nodes" : ""
  member_org_network_ids = [data.vcd_network_routed_v2.nodes.id]
}

resource "vcd_nsxt_dynamic_security_group" "tagged" {
  vdc_group_id = data.vcd_vdc_group.group.id
  name         = "tf-tagged"

  criteria {
    rule {
      type     = "VM_TAG"
      operator = "EQUALS"
      value    = var.changed ? "worker" : "node"
    }
    rule {
      type     = "VM_NAME"
      operator = "STARTS_WITH"
      value    = "acme-"
    }
  }
}

resource "vcd_nsxt_firewall" "edge" {
  edge_gateway_id = data.vcd_nsxt_edgegateway.edge.id

  rule {
    name            = "clients"
    action          = "ALLOW"
    direction       = "IN"
    ip_protocol     = "IPV4"
    destination_ids = [vcd_nsxt_security_group.nodes.id]
  }
  rule {
    name                 = "services"
    action               = var.changed ? "ALLOW" : "DROP"
    direction            = "IN_OUT"
    ip_protocol          = "IPV4_IPV6"
    source_ids           = [vcd_nsxt_ip_set.workers.id]
    app_port_profile_ids = [for one in vcd_nsxt_app_port_profile.port : one.id]
  }
  dynamic "rule" {
    for_each = var.changed ? ["last"] : []
    content {
      name        = rule.value
      action      = "DROP"
      direction   = "OUT"
      ip_protocol = "IPV6"
      enabled     = false
    }
  }
}

# -- certificates ----------------------------------------------------------------------------------------------------

resource "vcd_library_certificate" "web" {
  alias                  = var.changed ? "tf-web-2" : "tf-web"
  description            = "for the web"
  certificate            = var.certificate
  private_key            = var.private_key
}

# -- the objects of the Services -------------------------------------------------------------------------------------

resource "vcd_nsxt_app_port_profile" "port" {
  for_each    = local.dnat
  name        = "tf-${each.key}"
  description = var.changed ? "changed" : ""
  context_id  = data.vcd_nsxt_edgegateway.edge.owner_id
  scope       = "TENANT"

  app_port {
    protocol = "TCP"
    port     = [each.value.port]
  }
}

resource "vcd_nsxt_nat_rule" "port" {
  for_each            = local.dnat
  edge_gateway_id     = data.vcd_nsxt_edgegateway.edge.id
  name                = "tf-${each.key}"
  description         = var.changed ? "changed" : ""
  rule_type           = "DNAT"
  external_address    = vcd_ip_space_ip_allocation.external[each.value.service].ip_address
  internal_address    = local.internal_vip
  dnat_external_port  = each.value.port
  app_port_profile_id = vcd_nsxt_app_port_profile.port[each.key].id
}

resource "vcd_nsxt_alb_pool" "port" {
  for_each        = local.ports
  edge_gateway_id = data.vcd_nsxt_edgegateway.edge.id
  name            = "tf-${each.key}"
  default_port    = 30000 + each.value.port
  algorithm       = var.changed ? "ROUND_ROBIN" : "LEAST_CONNECTIONS"
  member_group_id = each.value.service == "shop" ? vcd_nsxt_ip_set.workers.id : null

  health_monitor {
    type = "TCP"
  }
  dynamic "persistence_profile" {
    for_each = each.value.service == "web" ? ["CLIENT_IP"] : []
    content {
      type = persistence_profile.value
    }
  }
  dynamic "member" {
    for_each = each.value.service == "shop" ? [] : ["10.10.0.11", "10.10.0.12"]
    content {
      ip_address = member.value
      port       = 30000 + each.value.port
      ratio      = var.changed ? 2 : 1
    }
  }
}

resource "vcd_nsxt_alb_virtual_service" "port" {
  for_each                 = local.ports
  edge_gateway_id          = data.vcd_nsxt_edgegateway.edge.id
  name                     = "tf-${each.key}"
  description              = var.changed ? "changed" : ""
  pool_id                  = vcd_nsxt_alb_pool.port[each.key].id
  service_engine_group_id  = data.vcd_nsxt_alb_edgegateway_service_engine_group.shared.service_engine_group_id
  virtual_ip_address       = each.value.internal ? local.internal_vip : vcd_ip_space_ip_allocation.external[each.value.service].ip_address
  application_profile_type = each.key == "web-https" ? "HTTPS" : "L4"
  ca_certificate_id        = each.key == "web-https" ? vcd_library_certificate.web.id : null

  service_port {
    start_port  = each.value.port
    type        = "TCP_PROXY"
    ssl_enabled = each.key == "web-https"
  }
}

# -- in the VDC group ------------------------------------------------------------------------------------------------

resource "vcd_nsxt_ip_set" "group" {
  edge_gateway_id = data.vcd_nsxt_edgegateway.group_edge.id
  name            = "tf-group"
  ip_addresses    = ["198.51.100.0/24"]
}
