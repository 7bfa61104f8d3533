# Messages: topics, what is pushed where, and where what nobody can handle goes.

resource "google_pubsub_topic" "own" {
  for_each = local.topics

  name                       = "${var.prefix}-${each.key}"
  message_retention_duration = "86400s"

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic" "dead" {
  name                       = "${var.prefix}-dead"
  message_retention_duration = "604800s"

  depends_on = [google_project_service.api]
}

# Kept for a week, so that a person can look: docs/deploy.md says how to send them again.
resource "google_pubsub_subscription" "dead" {
  name                       = "${var.prefix}-dead"
  topic                      = google_pubsub_topic.dead.id
  message_retention_duration = "604800s"
  ack_deadline_seconds       = 60

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "dead" {
  topic  = google_pubsub_topic.dead.id
  role   = "roles/pubsub.publisher"
  member = google_project_service_identity.pubsub.member
}

data "google_pubsub_topic" "watched" {
  for_each = var.watched_topics

  name = each.value
}

locals {
  # Every push: the topic, the function, and what the function must be told.
  pushes = merge(
    { for topic, function in local.topics : topic => {
      topic = google_pubsub_topic.own[topic].id, function = function
      query = function == "on_message" ? "?topic=${local.topic_ids[topic]}" : ""
    } },
    { for topic in var.watched_topics : "watched-${topic}" => {
      topic = data.google_pubsub_topic.watched[topic].id, function = "on_message"
      query = "?topic=projects/${var.project_id}/topics/${topic}"
    } },
  )
}

resource "google_pubsub_subscription" "push" {
  for_each = local.pushes

  name                       = "${var.prefix}-${each.key}"
  topic                      = each.value.topic
  ack_deadline_seconds       = 600
  message_retention_duration = "86400s"

  push_config {
    push_endpoint = "${local.urls[each.value.function]}${each.value.query}"

    oidc_token {
      service_account_email = google_service_account.pusher.email
      audience              = local.urls[each.value.function]
    }
  }

  # A claim on a task holds as long as a function may run: a message that meets one must outlive it.
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "60s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = 30
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_cloudfunctions2_function.function, google_cloud_run_service_iam_member.pusher, google_pubsub_topic_iam_member.dead]
}

resource "google_pubsub_subscription_iam_member" "dead" {
  for_each = local.pushes

  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = google_project_service_identity.pubsub.member

  # A subscription that is made anew has lost its grants.
  lifecycle {
    replace_triggered_by = [google_pubsub_subscription.push[each.key].id]
  }
}
