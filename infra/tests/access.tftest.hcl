# Least privilege, and nothing public.

variables {
  project_id      = "demo-project"
  api_invokers    = ["group:data@example.com"]
  secrets         = ["TOKEN"]
  watched_buckets = ["uploads"]
}

run "access" {
  command = plan

  assert {
    condition = alltrue([
      for each in concat(
        values(google_project_iam_member.database), [google_project_iam_member.builder, google_project_iam_member.builder_sources],
      ) : !contains(["roles/owner", "roles/editor", "roles/viewer"], each.role)
    ])
    error_message = "A basic role is granted on the project."
  }

  assert {
    condition     = alltrue([for each in values(google_project_iam_member.database) : length(each.condition) == 1])
    error_message = "A function may use every database of the project."
  }

  assert {
    condition     = length(google_project_iam_member.builder_sources.condition) == 1
    error_message = "The builder may read every bucket of the project."
  }

  assert {
    condition     = length(distinct([for each in google_service_account.function : each.account_id])) == length(google_cloudfunctions2_function.function)
    error_message = "Two functions share an account."
  }

  assert {
    condition     = alltrue([for name, each in google_cloudfunctions2_function.function : each.service_config[0].service_account_email == google_service_account.function[name].email])
    error_message = "A function does not run under its own account."
  }

  assert {
    condition     = alltrue([for each in google_cloudfunctions2_function.function : each.build_config[0].service_account != null && endswith(each.build_config[0].service_account, google_service_account.builder.email)])
    error_message = "A function is built by a default account."
  }

  assert {
    condition = (
      !contains(keys(google_pubsub_topic_iam_member.burial), "api")
      && google_project_iam_member.secret_names.role == "roles/secretmanager.viewer"
      && google_project_iam_member.secret_names.member == google_service_account.function["api"].member
    )
    error_message = "The function api has rights that it does not use, or others have its right to list secrets."
  }

  assert {
    condition     = google_cloudfunctions2_function.function["api"].service_config[0].environment_variables["TIERCEL_API_OPEN"] == "true" && length(google_secret_manager_secret.login) == 0
    error_message = "The API asks for a login that nobody has."
  }

  assert {
    condition     = [for each in google_storage_bucket_iam_member.watched : each.member] == [for each in google_storage_bucket_iam_member.watched : google_service_account.function["on_object"].member]
    error_message = "Others than on_object may write into buckets of people."
  }

  assert {
    condition     = keys(google_cloud_run_service_iam_member.api) == ["group:data@example.com"]
    error_message = "Others than api_invokers may call the API."
  }

  assert {
    condition     = !contains(keys(google_cloud_run_service_iam_member.pusher), "api")
    error_message = "The account of pushes may call the API."
  }

  assert {
    condition     = alltrue([for each in google_storage_bucket.own : each.public_access_prevention == "enforced" && each.uniform_bucket_level_access])
    error_message = "A bucket may be made public."
  }
}

run "everybody_may_come_who_logs_in" {
  command = plan

  variables {
    api_invokers = []
    api_public   = true
    api_login    = { user = "ada" }
  }

  assert {
    condition     = keys(google_cloud_run_service_iam_member.api) == ["allUsers"]
    error_message = "A public API cannot be reached."
  }

  assert {
    condition     = !contains(keys(google_cloudfunctions2_function.function["api"].service_config[0].environment_variables), "TIERCEL_API_OPEN")
    error_message = "A public API asks nobody for a login."
  }

  assert {
    condition     = [for each in google_secret_manager_secret_iam_member.login : each.member] == [google_service_account.function["api"].member]
    error_message = "Others than the API may read its password."
  }
}

run "nobody_makes_it_public_without_a_login" {
  command = plan

  variables {
    api_public = true
  }

  expect_failures = [var.api_public]
}

run "behind_the_proxy_there_is_no_other_door" {
  command = plan

  variables {
    api_iap    = ["group:people@example.com"]
    api_public = true
    api_login  = { user = "ada" }
  }

  expect_failures = [var.api_iap]
}

run "everybody_is_refused" {
  command = plan

  variables {
    api_invokers = ["allUsers"]
  }

  expect_failures = [var.api_invokers]
}
