# The job for tasks that are too much for a function, where there is an image for it (`make worker-image`). It lies still:
# the function `execute` begins a run of it for a task, which walks on from there.

resource "google_cloud_run_v2_job" "worker" {
  for_each = local.jobs

  name                = "${var.prefix}-${each.key}"
  location            = var.region
  deletion_protection = false # it holds nothing

  template {
    task_count = 1

    template {
      service_account = google_service_account.function[each.key].email
      timeout         = "${var.worker.timeout}s"

      # The sixth attempt of a task whose worker has died five times is its failure: nothing is left standing.
      max_retries = 5

      containers {
        image = var.worker_image

        resources {
          limits = { cpu = var.worker.cpu, memory = var.worker.memory }
        }

        dynamic "env" {
          for_each = merge(local.environment, { TIERCEL_TIMEOUT = tostring(var.worker.timeout) })
          content {
            name  = env.key
            value = env.value
          }
        }

        env {
          name = "TIERCEL_ENCRYPTION_KEY"
          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.encryption.secret_id
              version = "latest"
            }
          }
        }
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_version.encryption,
    google_secret_manager_secret_iam_member.encryption,
    google_artifact_registry_repository.images,
    time_sleep.accounts,
  ]
}

# It may begin runs of this job, with a message for each, and nothing else of Cloud Run.
resource "google_cloud_run_v2_job_iam_member" "execute" {
  for_each = local.jobs

  name     = google_cloud_run_v2_job.worker[each.key].name
  location = var.region
  role     = "roles/run.jobsExecutorWithOverrides"
  member   = google_service_account.function["execute"].member

  # A job that is made anew has lost its grants.
  lifecycle {
    replace_triggered_by = [google_cloud_run_v2_job.worker[each.key].id]
  }
}
