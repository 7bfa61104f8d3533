# The APIs, and the accounts by which Google's own services act.

locals {
  apis = toset(concat(length(var.api_iap) > 0 ? ["iap"] : [], [
    "artifactregistry", "billingbudgets", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler",
    "cloudtasks", "firestore", "iam", "logging", "monitoring", "pubsub", "run", "secretmanager", "storage",
  ]))
}

resource "google_project_service" "api" {
  for_each = local.apis

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service_identity" "pubsub" {
  provider = google-beta

  service    = "pubsub.googleapis.com"
  depends_on = [google_project_service.api]
}

resource "google_project_service_identity" "iap" {
  count    = length(var.api_iap) > 0 ? 1 : 0
  provider = google-beta

  service    = "iap.googleapis.com"
  depends_on = [google_project_service.api]
}

data "google_project" "this" {
  project_id = var.project_id
}

data "google_storage_project_service_account" "gcs" {
  depends_on = [google_project_service.api]
}

# A fresh project's service accounts are not known everywhere at once.
resource "time_sleep" "accounts" {
  create_duration = "60s"

  depends_on = [
    google_project_service_identity.pubsub,
    google_service_account.function,
    google_service_account.pusher,
    google_service_account.builder,
  ]
}
