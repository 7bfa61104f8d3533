# The buckets: files that people bring, the internal storage, and the functions' code.

resource "google_storage_bucket" "own" {
  for_each = local.buckets

  name                        = each.value
  location                    = upper(var.region)
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = each.key == "source"
  }

  dynamic "lifecycle_rule" {
    for_each = each.key == "source" ? [1] : []
    content {
      action { type = "Delete" }
      condition {
        num_newer_versions = 3
        with_state         = "ARCHIVED"
      }
    }
  }

  lifecycle_rule {
    action { type = "AbortIncompleteMultipartUpload" }
    condition { age = 2 }
  }

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "gcs" {
  topic  = google_pubsub_topic.own["objects"].id
  role   = "roles/pubsub.publisher"
  member = data.google_storage_project_service_account.gcs.member
}

resource "google_storage_notification" "files" {
  for_each = setunion([google_storage_bucket.own["files"].name], var.watched_buckets)

  bucket         = each.value
  topic          = google_pubsub_topic.own["objects"].id
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]

  depends_on = [google_pubsub_topic_iam_member.gcs, time_sleep.accounts]
}

resource "google_storage_bucket_object" "package" {
  for_each = local.functions

  name   = "${each.key}-${filesha256("${var.packages}/${each.key}.zip")}.zip"
  bucket = google_storage_bucket.own["source"].name
  source = "${var.packages}/${each.key}.zip"
}
