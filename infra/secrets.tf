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
  for_each = local.engines

  secret_id = google_secret_manager_secret.encryption.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.key].member
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

# Every function of the engine renders expressions.
resource "google_secret_manager_secret_iam_member" "user" {
  for_each = { for pair in setproduct(local.engines, var.secrets) : "${pair[0]}/${pair[1]}" => pair }

  secret_id = google_secret_manager_secret.user[each.value[1]].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.value[0]].member
}
