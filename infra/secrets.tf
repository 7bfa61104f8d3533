# Secrets: the key of the installation, and those of flows, whose values are set by hand (docs/deploy.md).

# Drawn once, and nowhere but in Secret Manager: neither the plan nor the state holds it. 32 letters are 190 bits.
ephemeral "random_password" "encryption" {
  length  = 32
  special = false
}

resource "google_secret_manager_secret" "encryption" {
  secret_id           = "${var.prefix}-encryption-key"
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas { location = var.region }
    }
  }

  depends_on = [google_project_service.api]
}

# The version's number stays 1: a new key could not read what the old one wrote.
resource "google_secret_manager_secret_version" "encryption" {
  secret                 = google_secret_manager_secret.encryption.id
  secret_data_wo         = base64encode(ephemeral.random_password.encryption.result)
  secret_data_wo_version = 1
}

resource "google_secret_manager_secret_iam_member" "encryption" {
  for_each = local.runners

  secret_id = google_secret_manager_secret.encryption.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.key].member
}

# What the API asks for, where a login is wanted: drawn in the same way; another `version` draws another one.
locals {
  logins = {
    for name, key in { TIERCEL_PASSWORD = "api-password", TIERCEL_TOKEN = "api-token" } : name => key
    if var.api_login != null && (name == "TIERCEL_PASSWORD" || try(var.api_login.token, false))
  }
}

ephemeral "random_password" "login" {
  for_each = local.logins

  length  = 32
  special = false
}

resource "google_secret_manager_secret" "login" {
  for_each = local.logins

  secret_id = "${var.prefix}-${each.value}"

  replication {
    user_managed {
      replicas { location = var.region }
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_version" "login" {
  for_each = local.logins

  secret                 = google_secret_manager_secret.login[each.key].id
  secret_data_wo         = ephemeral.random_password.login[each.key].result
  secret_data_wo_version = var.api_login.version

  # The function is given the new one before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret_iam_member" "login" {
  for_each = local.logins

  secret_id = google_secret_manager_secret.login[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function["api"].member
}

resource "google_secret_manager_secret" "user" {
  for_each = var.secrets

  secret_id = "SECRET_${each.value}"

  replication {
    user_managed {
      replicas { location = var.region }
    }
  }

  depends_on = [google_project_service.api]
}

# Every function of the engine renders expressions, and so does the job.
resource "google_secret_manager_secret_iam_member" "user" {
  for_each = { for pair in setproduct(local.runners, var.secrets) : "${pair[0]}/${pair[1]}" => pair }

  secret_id = google_secret_manager_secret.user[each.value[1]].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.value[0]].member
}
