output "api_url" {
  description = "Where the API and the web pages are: for whom api_invokers, api_iap or api_public with api_login let in."
  value       = local.urls.api

  depends_on = [google_cloud_run_service_iam_member.api, google_cloud_run_service_iam_member.proxy]
}

output "api_login_secrets" {
  description = "The secrets with the password (and the token) of the API: gcloud secrets versions access latest --secret=..."
  value       = sort([for secret in google_secret_manager_secret.login : secret.secret_id])
}

output "bucket" {
  description = "The bucket that people put files into; its objects start flows."
  value       = google_storage_bucket.own["files"].name

  depends_on = [google_storage_notification.files]
}

output "dashboard" {
  description = "Where to look."
  value       = "https://console.cloud.google.com/monitoring/dashboards?project=${var.project_id}"
}

output "dead_letters" {
  description = "The subscription that holds what nobody could handle, for a week."
  value       = google_pubsub_subscription.dead.id
}

output "env" {
  description = "The settings, as lines that a shell reads: eval \"$(terraform output -raw env)\", then tiercel --on gcp."
  value       = join("", [for name, value in merge(local.environment, local.watched) : "export ${name}='${value}'\n"])

  depends_on = [google_pubsub_subscription.push, google_cloud_scheduler_job.tick, google_firestore_index.query]
}

output "encryption_key_secret" {
  description = "The secret with the key that the env output leaves out: gcloud secrets versions access latest --secret=..."
  value       = google_secret_manager_secret.encryption.secret_id
}

output "executions_topic" {
  description = "The topic where a message asks for an execution."
  value       = local.topic_ids.executions

  depends_on = [google_pubsub_subscription.push]
}

output "iap_command" {
  description = "What switches Identity-Aware Proxy on for the API, after each apply; empty without api_iap. `make deploy` runs it."
  value       = length(var.api_iap) == 0 ? "" : "gcloud beta run services update ${local.services.api} --project ${var.project_id} --region ${var.region} --iap --quiet"

  depends_on = [google_cloud_run_service_iam_member.proxy]
}

output "secrets" {
  description = "The secrets of flows that wait for their values."
  value       = sort([for secret in google_secret_manager_secret.user : secret.secret_id])
}
