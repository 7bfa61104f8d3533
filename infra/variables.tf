variable "alert_email" {
  description = "Where alerts are sent; empty for no alerts."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.alert_email == "" || can(regex("^[^@ ]+@[^@ ]+$", var.alert_email))
    error_message = "alert_email must be an address such as team@example.com, or empty."
  }
}

variable "api_iap" {
  description = "Who gets to the API and its pages through Identity-Aware Proxy, with a browser: IAM members. See docs/deploy.md."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.api_iap : can(regex("^(user|group|domain):.+", member))])
    error_message = "Each of api_iap must be a user, a group or a domain, such as group:data@example.com."
  }

  validation {
    condition     = length(var.api_iap) == 0 || (!var.api_public && var.api_login == null)
    error_message = "api_iap goes with neither api_public nor api_login: the proxy is the one door then."
  }
}

variable "api_invokers" {
  description = "Who may call the API with an identity token: IAM members such as user:ada@example.com; nobody by default."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for member in var.api_invokers :
      can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+", member))
    ])
    error_message = "Each of api_invokers must be an IAM member, such as group:data@example.com; for everybody, say api_public with api_login."
  }
}

variable "api_login" {
  description = "A user name that the API and its pages ask for; the password, and with token = true a token, are drawn and lie in Secret Manager. Another version draws others."
  type = object({
    user    = string
    token   = optional(bool, false)
    version = optional(number, 1)
  })
  default = null

  validation {
    condition     = var.api_login == null || can(regex("^[^:[:space:]]+$", var.api_login.user))
    error_message = "api_login.user must be a name without colons and spaces (HTTP Basic)."
  }
}

variable "api_public" {
  description = "Whether everybody may reach the API, who then has to log in."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.api_public || var.api_login != null
    error_message = "api_public needs api_login: without it the flows would be everybody's."
  }
}

variable "budget" {
  description = "A monthly budget that is watched: the billing account and the amount in its currency."
  type = object({
    billing_account = string
    amount          = optional(number, 10)
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account must look like 012345-6789AB-CDEF01."
  }
}

variable "deletion_protection" {
  description = "Whether the database and the buckets refuse to be destroyed with what they hold."
  type        = bool
  default     = true
  nullable    = false
}

variable "environment" {
  description = "What the pages call this installation, such as Production, and the colour that goes with it."
  type = object({
    name  = optional(string, "")
    color = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^(|#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|[a-zA-Z]{3,30})$", var.environment.color))
    error_message = "environment.color must be a colour such as #c0322b or tomato."
  }
}

variable "functions" {
  description = "What is changed about single functions, by name: memory, CPU, seconds, requests at a time, instances."
  type = map(object({
    memory        = optional(string)
    cpu           = optional(string)
    timeout       = optional(number)
    concurrency   = optional(number)
    max_instances = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.functions) : contains(["advance", "api", "execute", "on_message", "on_object", "tick"], name)])
    error_message = "functions has an unknown name; there are advance, api, execute, on_message, on_object and tick."
  }
}

variable "manage_secrets" {
  description = "Whether the API and its pages may make, change and remove the secrets that flows read, SECRET_*; their values are shown to nobody."
  type        = bool
  default     = false
  nullable    = false
}

variable "packages" {
  description = "The folder of the zips that `make package` builds."
  type        = string
  default     = "../dist/functions"
  nullable    = false
}

variable "prefix" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "tiercel"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 3 to 17 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "project_id" {
  description = "The project into which everything goes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id (6 to 30 lower-case letters, digits, hyphens), not its name or number."
  }
}

variable "region" {
  description = "The region of the functions, the database and the buckets."
  type        = string
  default     = "europe-west1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west1."
  }
}

variable "secrets" {
  description = "Secrets that flows read with secret('NAME'): their names; the values are set by hand, or by a pipeline."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.secrets : can(regex("^[A-Z0-9_]{1,200}$", name))])
    error_message = "Each of secrets must be upper-case letters, digits and underscores: the name as secret() is given it."
  }
}

variable "watched_buckets" {
  description = "Buckets of this project, besides the one that is made here, whose objects start flows."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "watched_topics" {
  description = "Pub/Sub topics of this project whose messages start flows."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "worker" {
  description = "What the job of long tasks is: memory, CPU, seconds that a run may take, and how the types of tasks begin that go there however short they are."
  type = object({
    memory  = optional(string, "4Gi")
    cpu     = optional(string, "2")
    timeout = optional(number, 86400)
    tasks   = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.worker.timeout >= 600 && var.worker.timeout <= 604800
    error_message = "worker.timeout must be from 600 seconds, for a function takes what is shorter, to 604800 (Cloud Run: seven days)."
  }
}

variable "worker_image" {
  description = "The image of the job of long tasks, as `make worker-image` names it; empty for no such job."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.worker_image == "" || can(regex("^[^/[:space:]]+/[^[:space:]]+$", var.worker_image))
    error_message = "worker_image must name an image with its registry, such as europe-west1-docker.pkg.dev/my-project/tiercel-functions/worker:1, or be empty."
  }
}
