# One object of each kind that both Terraform's provider and the collection have, in tests/fixtures/vcd/everything.yml.
# test_shared_objects.py has the same values as options of the modules.

terraform {
  required_providers {
    vcd = { source = "vmware/vcd" }
  }
}

provider "vcd" {}

provider "vcd" {
  alias    = "system"
  user     = "administrator"
  password = "system-secret-1"
  org      = "System"
  sysorg   = "System"
}

variable "certificate" { type = string }
variable "private_key" {
  type      = string
  sensitive = true
}
variable "vm" { type = string }

data "vcd_org" "acme" {
  name = "acme"
}

data "vcd_nsxt_edgegateway" "edge" {
  name = "acme-edge"
}

data "vcd_vdc_group" "group" {
  name = "acme-group"
}

data "vcd_nsxt_edgegateway" "group_edge" {
  name     = "group-edge"
  owner_id = data.vcd_vdc_group.group.id
}

data "vcd_nsxt_alb_edgegateway_service_engine_group" "one" {
  edge_gateway_id           = data.vcd_nsxt_edgegateway.edge.id
  service_engine_group_name = "seg-1"
}

data "vcd_nsxt_alb_service_engine_group" "two" {
  provider = vcd.system
  name     = "seg-2"
}

data "vcd_ip_space" "public" {
  name = "public"
}

resource "vcd_ip_space_ip_allocation" "one" {
  org_id      = data.vcd_org.acme.id
  ip_space_id = data.vcd_ip_space.public.id
  type        = "FLOATING_IP"
  value       = "198.51.100.20"
  usage_state = "USED_MANUAL"
  description = "both-web"

  # an import does not know it
  lifecycle {
    ignore_changes = [value]
  }
}

resource "vcd_nsxt_ip_set" "one" {
  org = "acme"
  edge_gateway_id = data.vcd_nsxt_edgegateway.edge.id
  name            = "both-office"
  description     = "of the office"
  ip_addresses    = ["198.51.100.0/24", "10.0.0.1-10.0.0.9"]
}

resource "vcd_nsxt_dynamic_security_group" "one" {
  org = "acme"
  vdc_group_id = data.vcd_vdc_group.group.id
  name         = "both-nodes"
  description  = "the nodes"

  criteria {
    rule {
      type     = "VM_TAG"
      operator = "EQUALS"
      value    = "both-worker"
    }
    rule {
      type     = "VM_NAME"
      operator = "STARTS_WITH"
      value    = "acme-"
    }
  }
}

resource "vcd_security_tag" "one" {
  org = "acme"
  name   = "both-worker"
  vm_ids = [var.vm]
}

resource "vcd_nsxt_app_port_profile" "one" {
  org = "acme"
  name        = "both-web"
  description = "of the web"
  context_id  = data.vcd_nsxt_edgegateway.edge.owner_id
  scope       = "TENANT"

  app_port {
    protocol = "TCP"
    port     = ["8080"]
  }

  # an import does not know it
  lifecycle {
    ignore_changes = [context_id]
  }
}

resource "vcd_nsxt_firewall" "edge" {
  org = "acme"
  edge_gateway_id = data.vcd_nsxt_edgegateway.edge.id

  rule {
    name                 = "both-web"
    action               = "ALLOW"
    direction            = "IN"
    ip_protocol          = "IPV4"
    destination_ids      = [vcd_nsxt_ip_set.one.id]
    app_port_profile_ids = [vcd_nsxt_app_port_profile.one.id]
  }
  rule {
    name        = "both-last"
    action      = "DROP"
    direction   = "IN_OUT"
    ip_protocol = "IPV4_IPV6"
    enabled     = false
  }
}

resource "vcd_nsxt_nat_rule" "one" {
  org = "acme"
  edge_gateway_id     = data.vcd_nsxt_edgegateway.edge.id
  name                = "both-web"
  description         = "of the web"
  rule_type           = "DNAT"
  external_address    = "203.0.113.21"
  internal_address    = "10.10.0.11"
  dnat_external_port  = "80"
  app_port_profile_id = vcd_nsxt_app_port_profile.one.id
}

resource "vcd_library_certificate" "one" {
  org = "acme"
  alias       = "both-web"
  description = "of the web"
  certificate = var.certificate
  private_key = var.private_key

  # an import does not know it
  lifecycle {
    ignore_changes = [private_key]
  }
}

resource "vcd_nsxt_alb_pool" "one" {
  org = "acme"
  edge_gateway_id = data.vcd_nsxt_edgegateway.edge.id
  name            = "both-web"
  description     = "of the web"
  algorithm       = "ROUND_ROBIN"
  default_port    = 8080

  member {
    ip_address = "10.10.0.11"
    port       = 8080
    ratio      = 2
  }
  member {
    ip_address = "10.10.0.12"
    enabled    = false
  }
  health_monitor {
    type = "TCP"
  }
  persistence_profile {
    type  = "HTTP_COOKIE"
    value = "web"
  }
}

resource "vcd_nsxt_alb_virtual_service" "one" {
  org = "acme"
  edge_gateway_id          = data.vcd_nsxt_edgegateway.edge.id
  name                     = "both-web"
  description              = "of the web"
  pool_id                  = vcd_nsxt_alb_pool.one.id
  service_engine_group_id  = data.vcd_nsxt_alb_edgegateway_service_engine_group.one.service_engine_group_id
  virtual_ip_address       = "203.0.113.22"
  application_profile_type = "HTTPS"
  ca_certificate_id        = vcd_library_certificate.one.id

  service_port {
    start_port  = 443
    type        = "TCP_PROXY"
    ssl_enabled = true
  }
}

resource "vcd_nsxt_alb_virtual_service_http_req_rules" "one" {
  virtual_service_id = vcd_nsxt_alb_virtual_service.one.id

  rule {
    name   = "header"
    active = true
    match_criteria {
      path {
        criteria = "BEGINS_WITH"
        paths    = ["/shop"]
      }
    }
    actions {
      modify_header {
        action = "REPLACE"
        name   = "X-Shop"
        value  = "yes"
      }
    }
  }
}

resource "vcd_nsxt_alb_virtual_service_http_resp_rules" "one" {
  virtual_service_id = vcd_nsxt_alb_virtual_service.one.id

  rule {
    name   = "no server"
    active = true
    match_criteria {
      http_methods {
        criteria = "IS_IN"
        methods  = ["GET"]
      }
    }
    actions {
      modify_header {
        action = "REMOVE"
        name   = "Server"
      }
    }
  }
}

resource "vcd_nsxt_alb_virtual_service_http_sec_rules" "one" {
  virtual_service_id = vcd_nsxt_alb_virtual_service.one.id

  rule {
    name   = "no admin"
    active = true
    match_criteria {
      path {
        criteria = "BEGINS_WITH"
        paths    = ["/admin"]
      }
    }
    actions {
      connections = "CLOSE"
    }
  }
}

resource "vcd_nsxt_alb_settings" "group" {
  provider                      = vcd.system
  org                           = "acme"
  edge_gateway_id               = data.vcd_nsxt_edgegateway.group_edge.id
  is_active                     = true
  service_network_specification = "192.168.250.1/25"
  supported_feature_set         = "PREMIUM"
  is_transparent_mode_enabled   = true
}

resource "vcd_nsxt_alb_edgegateway_service_engine_group" "group" {
  provider                  = vcd.system
  org                       = "acme"
  edge_gateway_id           = vcd_nsxt_alb_settings.group.edge_gateway_id
  service_engine_group_id   = data.vcd_nsxt_alb_service_engine_group.two.id
  max_virtual_services      = 10
  reserved_virtual_services = 2
}
