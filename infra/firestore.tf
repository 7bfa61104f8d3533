# The state: a database, the indexes of the queries that the code puts, and nothing indexed that nobody asks for.

resource "google_firestore_database" "state" {
  name                              = var.prefix
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_protection ? "ABANDON" : "DELETE"
  point_in_time_recovery_enablement = var.deletion_protection ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"

  depends_on = [google_project_service.api]
}

locals {
  # What is asked for by equality, each in the order of `date` (shared/tiercel/adapters/gcp/queries.py). Firestore merges
  # such indexes, so one field each serves every combination; what the engine itself asks for often has its own.
  equalities = {
    execution = [
      ["namespace"], ["flow_id"], ["state"], ["owner"],
      ["namespace", "flow_id"], ["namespace", "flow_id", "state"], ["owner", "state"],
    ]
    flow    = [["namespace"]]
    trigger = [["namespace"], ["flow_id"], ["state"], ["namespace", "flow_id"]]
    watch   = [["state"]]
  }

  # `within` is an array (a namespace and those above it); nothing promises that such indexes are merged.
  below = {
    execution = [
      for chosen in setproduct(["", "namespace"], ["", "flow_id"], ["", "state"], ["", "owner"]) : concat(["within"], compact(chosen))
    ]
    trigger = [
      for chosen in setproduct(["", "namespace"], ["", "flow_id"], ["", "state"]) : concat(["within"], compact(chosen))
    ]
  }

  # Lists of executions are read from both ends.
  orders = { execution = ["ASCENDING", "DESCENDING"] }

  indexes = merge(flatten([
    for kind, sets in local.equalities : [
      for fields in concat(sets, lookup(local.below, kind, [])) : {
        for order in lookup(local.orders, kind, ["ASCENDING"]) :
        "${kind}/${join("+", fields)}/${lower(order)}" => { collection = kind, fields = fields, order = order }
      }
    ]
  ])...)

  # What is never asked for is not indexed (shared/tiercel/adapters/gcp/bodies.py): bodies are most of what is written.
  bodies = ["b", "z", "u", "w"]
  unindexed = merge(
    { for kind in [
      "alone", "dashboard", "execution", "flow", "flowrev", "kv", "lane", "listener", "namespace", "slots", "stats", "taskcache",
      "trigger", "watch", "window",
    ] : kind => local.bodies },
    { for kind in ["failures", "leaf", "runs"] : kind => ["e", "n"] },
  )

  # What has an end of its own: keys with a ttl, results that are kept for a time (taskCache).
  ends = toset(["kv", "taskcache"])
}

resource "google_firestore_index" "query" {
  for_each = local.indexes

  database    = google_firestore_database.state.name
  collection  = each.value.collection
  query_scope = "COLLECTION"

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value
      order        = fields.value == "within" ? null : "ASCENDING"
      array_config = fields.value == "within" ? "CONTAINS" : null
    }
  }

  fields {
    field_path = "date"
    order      = each.value.order
  }
}

resource "google_firestore_field" "unindexed" {
  for_each = merge([
    for kind, fields in local.unindexed : { for field in fields : "${kind}/${field}" => { kind = kind, field = field } }
  ]...)

  database   = google_firestore_database.state.name
  collection = each.value.kind
  field      = each.value.field

  index_config {}
}

# One query of each minute finds the triggers that are due, and messages that nobody has sent: their notes lie in another
# collection of that name (shared/tiercel/adapters/gcp/outbox.py).
resource "google_firestore_field" "due" {
  database   = google_firestore_database.state.name
  collection = "trigger"
  field      = "date"

  index_config {
    dynamic "indexes" {
      for_each = toset(["COLLECTION", "COLLECTION_GROUP"])
      content {
        order       = "ASCENDING"
        query_scope = indexes.key
      }
    }
  }
}

# Firestore removes them within a day or so; until then whoever reads them sees that their time is over.
resource "google_firestore_field" "until" {
  for_each = local.ends

  database   = google_firestore_database.state.name
  collection = each.key
  field      = "until"

  ttl_config {}
  index_config {}
}
