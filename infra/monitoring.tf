# What a person looks at, and what calls a person.

locals {
  alerting = var.alert_email != ""

  # Lines of the functions' logs that are counted.
  logged = {
    errors  = { what = "Errors of functions", filter = "severity>=ERROR" }
    refused = { what = "Messages that nobody understands", filter = "jsonPayload.message:\"goes to the dead-letter topic\" OR textPayload:\"goes to the dead-letter topic\"" }
  }

  own_services = join(" OR ", [for service in values(local.services) : "\"${service}\""])
  pushed       = "monitoring.regex.full_match(\"${join("|", [for push in keys(local.pushes) : "${var.prefix}-${push}"])}\")"
  ticked       = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${local.services.tick}\" AND metric.type=\"run.googleapis.com/request_count\""

  alerts = {
    dead_letters = {
      title     = "a message went to the dead letters"
      runbook   = "poisoned"
      filter    = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.dead.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      threshold = 0
      duration  = "0s"
      reducer   = "REDUCE_MAX"
      aligner   = "ALIGN_MAX"
    }
    late_messages = {
      title     = "a message has waited for a quarter of an hour"
      runbook   = "late"
      filter    = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=${local.pushed} AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      threshold = 900
      duration  = "0s"
      reducer   = "REDUCE_MAX"
      aligner   = "ALIGN_MAX"
    }
    errors = {
      title     = "functions report errors"
      runbook   = "stuck"
      filter    = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.line["errors"].name}\""
      threshold = 5
      duration  = "0s"
      reducer   = "REDUCE_SUM"
      aligner   = "ALIGN_DELTA"
    }
  }

  charts = {
    "Requests a second, by function" = {
      filter  = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/request_count\" AND resource.labels.service_name=monitoring.regex.full_match(\"${join("|", values(local.services))}\")"
      aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = ["resource.label.service_name"]
    }
    "Latency of requests, 95 of 100, in ms" = {
      filter  = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/request_latencies\" AND resource.labels.service_name=monitoring.regex.full_match(\"${join("|", values(local.services))}\")"
      aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", group = ["resource.label.service_name"]
    }
    "Oldest message that waits, in seconds" = {
      filter  = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.labels.subscription_id=${local.pushed}"
      aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", group = ["resource.label.subscription_id"]
    }
    "Dead letters" = {
      filter  = local.alerts.dead_letters.filter
      aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", group = []
    }
    "Timers that wait" = {
      filter  = "resource.type=\"cloud_tasks_queue\" AND metric.type=\"cloudtasks.googleapis.com/queue/depth\" AND resource.labels.queue_id=\"${google_cloud_tasks_queue.timers.name}\""
      aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", group = []
    }
    "Cold starts: how long an instance takes to begin, 95 of 100, in ms" = {
      filter  = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/container/startup_latencies\" AND resource.labels.service_name=monitoring.regex.full_match(\"${join("|", values(local.services))}\")"
      aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", group = ["resource.label.service_name"]
    }
    "Errors and refused messages" = {
      filter  = "resource.type=\"cloud_run_revision\" AND metric.type=monitoring.regex.full_match(\"logging.googleapis.com/user/${var.prefix}-(errors|refused)\")"
      aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = ["metric.type"]
    }
  }
}

resource "google_logging_metric" "line" {
  for_each = local.logged

  name        = "${var.prefix}-${each.key}"
  description = each.value.what
  filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${local.own_services}) AND (${each.value.filter})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }

  depends_on = [google_project_service.api]
}

# Three lines a minute that say that all is well: they would be most of what is logged. What goes wrong is kept, and
# metrics count what is left out as well.
resource "google_logging_project_exclusion" "ticks" {
  name        = "${var.prefix}-ticks"
  description = "Ticks that went well."
  filter = join(" ", [
    "severity<WARNING AND (",
    "(resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${local.services.tick}\" AND log_id(\"run.googleapis.com/requests\")) OR",
    "(resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=\"${google_cloud_scheduler_job.tick.name}\"))",
  ])

  depends_on = [google_project_service.api]
}

resource "google_monitoring_notification_channel" "email" {
  count = local.alerting ? 1 : 0

  display_name = "${var.prefix}: ${var.alert_email}"
  type         = "email"
  labels       = { email_address = var.alert_email }

  depends_on = [google_project_service.api]
}

# A policy on a metric that was made a moment ago is refused.
resource "time_sleep" "metrics" {
  create_duration = "30s"

  depends_on = [google_logging_metric.line]
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.alerting ? local.alerts : {}

  display_name          = "${var.prefix}: ${each.value.title}"
  combiner              = "OR"
  notification_channels = google_monitoring_notification_channel.email[*].id

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = each.value.duration

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }
    }
  }

  documentation {
    content   = "What to do: docs/deploy.md, Runbook, ${each.value.runbook}."
    mime_type = "text/markdown"
  }

  depends_on = [time_sleep.metrics]
}

resource "google_monitoring_alert_policy" "silence" {
  count = local.alerting ? 1 : 0

  display_name          = "${var.prefix}: no tick for ten minutes"
  combiner              = "OR"
  notification_channels = google_monitoring_notification_channel.email[*].id

  conditions {
    display_name = "no tick for ten minutes"

    condition_absent {
      filter   = "${local.ticked} AND metric.labels.response_code_class=\"2xx\""
      duration = "600s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = "Schedules do not start. What to do: docs/deploy.md, Runbook, late."
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_dashboard" "overview" {
  dashboard_json = jsonencode({
    displayName = "Tiercel: ${var.prefix}"
    gridLayout = {
      columns = "2"
      widgets = [for title, chart in local.charts : {
        title = title
        xyChart = { dataSets = [{
          plotType = "LINE"
          timeSeriesQuery = { timeSeriesFilter = {
            filter = chart.filter
            aggregation = {
              alignmentPeriod    = "60s"
              perSeriesAligner   = chart.aligner
              crossSeriesReducer = chart.reducer
              groupByFields      = chart.group
            }
          } }
        }] }
      }]
    }
  })

  depends_on = [google_project_service.api]
}
