project_id          = "demo-project"
prefix              = "tiercel-us"
region              = "us-central1"
deletion_protection = false
