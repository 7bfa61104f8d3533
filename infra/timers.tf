# What is due later: Cloud Tasks for waits, Cloud Scheduler for the tick of each minute.

resource "google_cloud_tasks_queue" "timers" {
  name     = "${var.prefix}-timers"
  location = var.region

  rate_limits {
    max_dispatches_per_second = 500
    max_concurrent_dispatches = 100
  }

  retry_config {
    max_attempts  = 100
    min_backoff   = "1s"
    max_backoff   = "60s"
    max_doublings = 6
  }

  depends_on = [google_project_service.api]
}

resource "google_cloud_scheduler_job" "tick" {
  name             = "${var.prefix}-tick"
  description      = "What is due, and what was lost: once a minute."
  region           = var.region
  schedule         = "* * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "120s"

  retry_config {
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = local.urls.tick

    oidc_token {
      service_account_email = google_service_account.pusher.email
      audience              = local.urls.tick
    }
  }

  depends_on = [google_cloudfunctions2_function.function, google_cloud_run_service_iam_member.pusher]
}
