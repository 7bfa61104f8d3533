# The functions, each from its zip, each with an account of its own. Those that Pub/Sub, Cloud Tasks and Cloud Scheduler
# call are internal: calls of these services in the same project count as such (Cloud Run, Restrict network ingress).

resource "google_cloudfunctions2_function" "function" {
  for_each = local.sized

  name     = local.services[each.key]
  location = var.region

  build_config {
    runtime         = "python312"
    entry_point     = each.key
    service_account = "projects/${var.project_id}/serviceAccounts/${google_service_account.builder.email}"

    docker_repository = google_artifact_registry_repository.images.id

    # Bytecode that goes by the sources' hashes, not by their dates: functions/README.md, Cold start.
    environment_variables = { SOURCE_DATE_EPOCH = "1577836800" }

    source {
      storage_source {
        bucket = google_storage_bucket.own["source"].name
        object = google_storage_bucket_object.package[each.key].name
      }
    }
  }

  service_config {
    available_memory                 = each.value.memory
    available_cpu                    = each.value.cpu
    timeout_seconds                  = each.value.timeout
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = 0
    max_instance_count               = each.value.max_instances
    ingress_settings                 = contains(local.called, each.key) ? "ALLOW_INTERNAL_ONLY" : "ALLOW_ALL"
    all_traffic_on_latest_revision   = true
    service_account_email            = google_service_account.function[each.key].email

    # As many threads as requests at a time: functions-framework has four for each CPU by itself, and the others would wait.
    environment_variables = merge(
      local.environment,
      each.key == "api" ? local.door : {},
      each.key == "execute" ? local.begins : {},
      { LOG_EXECUTION_ID = "true", THREADS = tostring(each.value.concurrency), TIERCEL_TIMEOUT = tostring(each.value.timeout) },
    )

    dynamic "secret_environment_variables" {
      for_each = local.secret_environment[each.key]
      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = secret_environment_variables.value.secret
        version    = secret_environment_variables.value.version
      }
    }
  }

  depends_on = [
    google_cloud_tasks_queue.timers,
    google_firestore_field.unindexed,
    google_firestore_field.until,
    google_firestore_index.query,
    google_pubsub_topic.dead,
    google_pubsub_topic.own,
    google_artifact_registry_repository_iam_member.builder,
    google_project_iam_member.builder,
    google_storage_bucket_iam_member.builder,
    google_secret_manager_secret_version.encryption,
    google_secret_manager_secret_iam_member.encryption,
    google_secret_manager_secret_iam_member.login,
    time_sleep.accounts,
  ]
}

# The images that are built from the zips. The latest of each stays: Cloud Run has a copy of those that it runs, and the
# way back is another `make deploy`.
resource "google_artifact_registry_repository" "images" {
  repository_id = "${var.prefix}-functions"
  description   = "Images of Tiercel's functions."
  location      = var.region
  format        = "DOCKER"

  cleanup_policies {
    id     = "keep-the-latest"
    action = "KEEP"
    most_recent_versions { keep_count = 1 }
  }

  cleanup_policies {
    id     = "delete-the-rest"
    action = "DELETE"
    condition { older_than = "86400s" }
  }

  depends_on = [google_project_service.api]
}
