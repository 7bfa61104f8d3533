project_id          = "demo-project"
prefix              = "tiercel-us"
region              = "us-central1"
api_public          = true
api_login           = { user = "ada", token = true }
deletion_protection = false
