# Who may do what: an account for each function and for the job, one that calls them, one that builds them.

resource "google_service_account" "function" {
  for_each = local.runners

  account_id   = "${var.prefix}-${replace(each.key, "_", "-")}"
  display_name = "Tiercel: the ${contains(local.jobs, each.key) ? "job" : "function"} ${each.key}"

  depends_on = [google_project_service.api]
}

resource "google_service_account" "pusher" {
  account_id   = "${var.prefix}-pusher"
  display_name = "Tiercel: calls the functions (Pub/Sub, Cloud Tasks, Cloud Scheduler)"

  depends_on = [google_project_service.api]
}

resource "google_service_account" "builder" {
  account_id   = "${var.prefix}-builder"
  display_name = "Tiercel: builds the functions"

  depends_on = [google_project_service.api]
}

# ------------------------------------------------------------ what the engine needs

resource "google_project_iam_member" "database" {
  for_each = local.runners

  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.function[each.key].member

  condition {
    title      = "${var.prefix}-database"
    expression = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.state.name}\""
  }
}

resource "google_storage_bucket_iam_member" "storage" {
  for_each = local.runners

  bucket = google_storage_bucket.own["storage"].name
  role   = "roles/storage.objectUser"
  member = google_service_account.function[each.key].member
}

# A trigger moves or deletes the object that it saw.
resource "google_storage_bucket_iam_member" "watched" {
  for_each = setunion([local.buckets.files], var.watched_buckets)

  bucket = each.value
  role   = "roles/storage.objectUser"
  member = google_service_account.function["on_object"].member

  depends_on = [google_storage_bucket.own]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = { for pair in setproduct(local.runners, ["events", "tasks"]) : "${pair[0]}/${pair[1]}" => pair }

  topic  = google_pubsub_topic.own[each.value[1]].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.function[each.value[0]].member
}

resource "google_pubsub_topic_iam_member" "burial" {
  for_each = setsubtract(local.called, ["tick"])

  topic  = google_pubsub_topic.dead.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.function[each.key].member
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = local.runners

  name     = google_cloud_tasks_queue.timers.name
  location = var.region
  role     = "roles/cloudtasks.enqueuer"
  member   = google_service_account.function[each.key].member
}

# A timer is made in the name of the account that will call.
resource "google_service_account_iam_member" "timer" {
  for_each = local.runners

  service_account_id = google_service_account.pusher.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.function[each.key].member
}

# The API lists the names of secrets, which only a grant on the project allows; values it reads as the other functions do.
# A role of one's own would be narrower, but its name cannot be had again for weeks after a destroy.
resource "google_project_iam_member" "secret_names" {
  project = var.project_id
  role    = "roles/secretmanager.viewer"
  member  = google_service_account.function["api"].member
}

# Where the API may make secrets: those called SECRET_*, and no others. A secret is made in the project, so that the
# condition lets the project through as well; the role allows nothing there but to make and to list secrets.
resource "google_project_iam_member" "secret_admin" {
  count = var.manage_secrets ? 1 : 0

  project = var.project_id
  role    = "roles/secretmanager.admin"
  member  = google_service_account.function["api"].member

  condition {
    title      = "Secrets of flows"
    expression = "resource.type == \"cloudresourcemanager.googleapis.com/Project\" || resource.name.startsWith(\"${local.flow_secrets}\")"
  }
}

# Nobody knows their names beforehand, so whoever renders expressions may read all of them.
resource "google_project_iam_member" "secret_values" {
  for_each = var.manage_secrets ? local.runners : toset([])

  project = var.project_id
  role    = "roles/secretmanager.secretAccessor"
  member  = google_service_account.function[each.key].member

  condition {
    title      = "Secrets of flows"
    expression = "resource.name.startsWith(\"${local.flow_secrets}\")"
  }
}

# ------------------------------------------------------------ who may call

resource "google_cloud_run_service_iam_member" "pusher" {
  for_each = local.called

  service  = google_cloudfunctions2_function.function[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.pusher.member

  # A function that is made anew has lost its grants.
  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.function[each.key].id]
  }
}

resource "google_cloud_run_service_iam_member" "api" {
  for_each = setunion(var.api_invokers, var.api_public ? ["allUsers"] : [])

  service  = google_cloudfunctions2_function.function["api"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.function["api"].id]
  }
}

# Behind Identity-Aware Proxy: its own account calls the API, for the people whom it lets through.
resource "google_cloud_run_service_iam_member" "proxy" {
  count = length(var.api_iap) > 0 ? 1 : 0

  service  = google_cloudfunctions2_function.function["api"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_project_service_identity.iap[0].member

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.function["api"].id]
  }
}

resource "google_iap_web_cloud_run_service_iam_member" "people" {
  for_each = var.api_iap

  cloud_run_service_name = google_cloudfunctions2_function.function["api"].name
  location               = var.region
  role                   = "roles/iap.httpsResourceAccessor"
  member                 = each.value

  depends_on = [google_project_service.api]
}

# Pub/Sub signs its pushes in the name of the account that calls.
resource "google_service_account_iam_member" "push_tokens" {
  service_account_id = google_service_account.pusher.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_project_service_identity.pubsub.member
}

# ------------------------------------------------------------ what a build needs

resource "google_project_iam_member" "builder" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.builder.member
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder.member
}

resource "google_storage_bucket_iam_member" "builder" {
  bucket = google_storage_bucket.own["source"].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.builder.member
}

# Cloud Functions copies the sources into a bucket of its own, which is not there before the first build.
resource "google_project_iam_member" "builder_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member

  condition {
    title      = "${var.prefix}-function-sources"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
  }
}
