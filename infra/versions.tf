terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "~> 7.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.13"
    }
  }

  # Teams keep the state in a bucket: backend.tf.example, docs/deploy.md.
}

provider "google" {
  project = var.project_id
  region  = var.region

  default_labels = { application = var.prefix }
}

# Budgets belong to a billing account: their API wants to know whose quota is used.
provider "google" {
  alias = "billing"

  billing_project       = var.project_id
  user_project_override = true
}

provider "google-beta" {
  project = var.project_id
  region  = var.region

  default_labels = { application = var.prefix }
}
