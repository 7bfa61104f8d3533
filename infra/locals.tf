# What each function is: where the code says so, here it is in one place.

locals {
  functions = {
    advance    = { memory = "512Mi", cpu = "1", timeout = 120, concurrency = 16, max_instances = 20 }
    api        = { memory = "512Mi", cpu = "1", timeout = 3600, concurrency = 32, max_instances = 10 }
    execute    = { memory = "1Gi", cpu = "1", timeout = 540, concurrency = 4, max_instances = 50 }
    on_message = { memory = "512Mi", cpu = "1", timeout = 60, concurrency = 16, max_instances = 10 }
    on_object  = { memory = "512Mi", cpu = "1", timeout = 120, concurrency = 16, max_instances = 10 }

    # It waits for two answers, each minute: less than one CPU, which goes with one request at a time and 512 MiB at most.
    tick = { memory = "512Mi", cpu = "0.167", timeout = 120, concurrency = 1, max_instances = 1 }
  }

  sized = {
    for name, own in local.functions : name => merge(own, {
      for key, value in try(var.functions[name], {}) : key => value if value != null
    })
  }

  # All of them put the engine together. People call `api`; services call the others, which are internal.
  engines = toset(keys(local.functions))
  called  = setsubtract(local.engines, ["api"])

  # The job of long tasks, where it has an image, does what `execute` does, with the same rights.
  jobs    = toset(var.worker_image == "" ? [] : ["worker"])
  runners = setunion(local.engines, local.jobs)

  services = { for name in keys(local.functions) : name => "${var.prefix}-${replace(name, "_", "-")}" }

  # Cloud Run's addresses follow from the name, so functions can know one another without waiting for one another.
  urls = {
    for name, service in local.services : name => "https://${service}-${data.google_project.this.number}.${var.region}.run.app"
  }

  # The topics that Tiercel itself needs, each with the function that its messages go to.
  topics = {
    events     = "advance"
    tasks      = "execute"
    objects    = "on_object"
    executions = "on_message"
  }

  topic_ids = { for topic in concat(keys(local.topics), ["dead"]) : topic => "projects/${var.project_id}/topics/${var.prefix}-${topic}" }

  buckets = {
    files   = "${var.project_id}-${var.prefix}-files"
    storage = "${var.project_id}-${var.prefix}-storage"
    source  = "${var.project_id}-${var.prefix}-source"
  }

  environment = {
    GOOGLE_CLOUD_PROJECT     = var.project_id
    TIERCEL_ADVANCE_URL      = local.urls.advance
    TIERCEL_EXECUTE_URL      = local.urls.execute
    TIERCEL_BUCKET           = local.buckets.files
    TIERCEL_STORAGE_BUCKET   = local.buckets.storage
    TIERCEL_DATABASE         = google_firestore_database.state.name
    TIERCEL_EVENTS_TOPIC     = local.topic_ids.events
    TIERCEL_TASKS_TOPIC      = local.topic_ids.tasks
    TIERCEL_DEAD_TOPIC       = local.topic_ids.dead
    TIERCEL_EXECUTIONS_TOPIC = local.topic_ids.executions
    TIERCEL_QUEUE            = "projects/${var.project_id}/locations/${var.region}/queues/${var.prefix}-timers"
    TIERCEL_PUSH_ACCOUNT     = google_service_account.pusher.email
  }

  # What only the function that begins the job is told.
  begins = { for name, value in {
    TIERCEL_JOB       = "projects/${var.project_id}/locations/${var.region}/jobs/${var.prefix}-worker"
    TIERCEL_JOB_TASKS = join(",", sort(tolist(var.worker.tasks)))
  } : name => value if var.worker_image != "" && value != "" }

  # How the names begin of the secrets that flows read.
  flow_secrets = "projects/${data.google_project.this.number}/secrets/SECRET_"

  # What only the door for people is told: where no login is asked for, IAM alone lets people in.
  door = merge(
    { TIERCEL_URL = local.urls.api },
    { for name, value in { TIERCEL_API_OPEN = "true" } : name => value if var.api_login == null },
    { for name, value in { TIERCEL_MANAGE_SECRETS = "true" } : name => value if var.manage_secrets },
    { for name, value in { TIERCEL_ENVIRONMENT = var.environment.name, TIERCEL_ENVIRONMENT_COLOR = var.environment.color } : name => value if value != "" },
    { for name, value in { TIERCEL_USER = try(var.api_login.user, "") } : name => value if var.api_login != null },
  )

  # The variables that come out of Secret Manager, by function.
  secret_environment = {
    for function in local.engines : function => merge(
      { TIERCEL_ENCRYPTION_KEY = { secret = google_secret_manager_secret.encryption.secret_id, version = "latest" } },
      { for name, key in local.logins : name => {
        secret  = google_secret_manager_secret.login[name].secret_id
        version = google_secret_manager_secret_version.login[name].version
      } if function == "api" },
    )
  }

  # For whoever deploys flows (`tiercel apply`): no function needs to know what is watched.
  watched = {
    TIERCEL_WATCHED_BUCKETS = join(",", sort(concat([local.buckets.files], tolist(var.watched_buckets))))
    TIERCEL_WATCHED_TOPICS  = join(",", sort(tolist(var.watched_topics)))
  }
}
