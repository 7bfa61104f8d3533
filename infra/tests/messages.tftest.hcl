# Every push has an identity, a dead letter and a backoff; every function its size; nothing is public by default.

variables {
  project_id     = "demo-project"
  watched_topics = ["orders"]
  functions      = { execute = { memory = "2Gi" } }
}

run "messages_functions_and_what_is_kept" {
  command = plan

  assert {
    condition     = keys(google_pubsub_subscription.push) == ["events", "executions", "objects", "tasks", "watched-orders"]
    error_message = "A topic has no subscription, or one too many."
  }

  assert {
    condition = alltrue([
      for each in google_pubsub_subscription.push :
      length(each.dead_letter_policy) == 1 && length(each.retry_policy) == 1 && each.expiration_policy[0].ttl == ""
    ])
    error_message = "A subscription loses messages: it has no dead letter, no backoff, or it expires."
  }

  assert {
    condition = alltrue([
      for each in google_pubsub_subscription.push :
      length(each.push_config[0].oidc_token) == 1 && startswith(each.push_config[0].push_endpoint, each.push_config[0].oidc_token[0].audience)
    ])
    error_message = "A push shows no token, or one for another address."
  }

  assert {
    condition     = keys(google_pubsub_subscription_iam_member.dead) == keys(google_pubsub_subscription.push)
    error_message = "Pub/Sub may not take messages off a subscription for the dead letters."
  }

  assert {
    condition     = length(google_cloud_run_service_iam_member.api) == 0 && length(google_cloud_run_service_iam_member.proxy) == 0
    error_message = "Somebody may call the API without being named."
  }

  assert {
    condition     = google_cloud_scheduler_job.tick.http_target[0].oidc_token[0].audience == google_cloud_scheduler_job.tick.http_target[0].uri
    error_message = "The tick shows a token for another address."
  }

  assert {
    condition = alltrue([
      for each in google_cloudfunctions2_function.function :
      each.service_config[0].available_memory != null && each.service_config[0].max_instance_request_concurrency > 0
      && each.service_config[0].min_instance_count == 0 && each.service_config[0].max_instance_count > 0
    ])
    error_message = "A function has no memory, no concurrency or no bound, or costs while idle."
  }

  assert {
    condition     = google_cloudfunctions2_function.function["execute"].service_config[0].available_memory == "2Gi"
    error_message = "The variable functions changes nothing."
  }

  assert {
    condition     = google_cloudfunctions2_function.function["execute"].service_config[0].timeout_seconds == 540
    error_message = "A function that is changed in one point loses its other ones."
  }

  assert {
    condition = alltrue([
      for name, each in google_storage_bucket_object.package : strcontains(each.name, filesha256("${var.packages}/${name}.zip"))
    ])
    error_message = "A new zip would not be deployed."
  }

  assert {
    condition = alltrue([
      for name, each in google_cloudfunctions2_function.function :
      each.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY" || name == "api"
    ])
    error_message = "A function that only services call can be reached from outside."
  }

  assert {
    condition     = google_firestore_database.state.delete_protection_state == "DELETE_PROTECTION_ENABLED" && !google_storage_bucket.own["storage"].force_destroy
    error_message = "A destroy would take the executions with it."
  }
}

run "a_typo_is_refused" {
  command = plan

  variables {
    functions = { exceute = { memory = "2Gi" } }
  }

  expect_failures = [var.functions]
}
