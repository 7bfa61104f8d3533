project_id      = "demo-project"
prefix          = "flows-prod"
alert_email     = "team@example.com"
api_iap         = ["group:people@example.com"]
api_invokers    = ["group:data@example.com", "serviceAccount:ci@demo-project.iam.gserviceaccount.com"]
secrets         = ["WAREHOUSE_PASSWORD", "TOKEN_2"]
watched_buckets = ["uploads", "exports"]
watched_topics  = ["orders", "returns"]
functions       = { execute = { memory = "4Gi", cpu = "2", concurrency = 2 } }
budget          = { billing_account = "012345-6789AB-CDEF01", amount = 20 }
worker_image    = "europe-west1-docker.pkg.dev/demo-project/flows-prod-functions/worker:1"
worker          = { memory = "8Gi", cpu = "4", tasks = ["io.kestra.plugin.scripts.", "io.kestra.plugin.dbt."] }
environment     = { name = "Production", color = "#c0322b" }
manage_secrets  = true
