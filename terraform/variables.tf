# What is enforced

variable "mode" {
  description = "The most that buildbrake may do. \"report\" judges every build and stops none. \"enforce\" follows the mode of each rule in the policy. \"off\" turns every rule off."
  type        = string
  # The first deployment stops nothing.
  default = "report"

  validation {
    condition     = contains(["enforce", "report", "off"], var.mode)
    error_message = "must be enforce, report or off"
  }
}

variable "sweep_schedule" {
  description = "How often every running build is checked, including those whose event was lost. The alarm no_heartbeat goes off after three times this long without a sweep."
  type        = string
  default     = "rate(15 minutes)"

  validation {
    condition     = contains(["rate(1 minute)", "rate(5 minutes)", "rate(15 minutes)", "rate(30 minutes)", "rate(1 hour)"], var.sweep_schedule)
    error_message = "must be rate(1 minute), rate(5 minutes), rate(15 minutes), rate(30 minutes) or rate(1 hour)"
  }
}

variable "stop_limit" {
  description = "The number of builds stopped in ten seconds, in all accounts and regions together, that trips an alarm. Within about a minute, buildbrake then stops no more, and only reports, until there have been fewer for five minutes. 0 for no limit."
  type        = number
  default     = 0

  validation {
    condition     = var.stop_limit >= 0 && var.stop_limit <= 10000 && floor(var.stop_limit) == var.stop_limit
    error_message = "must be a whole number from 0 to 10000"
  }
}

# Notifications and alarms

variable "event_bus" {
  description = "The name or ARN of the event bus that gets an event for each build and broken rule, such as \"default\". Empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^[A-Za-z0-9._-]+$|^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._-]+$", var.event_bus))
    error_message = "must be empty, or the name or ARN of an event bus"
  }
}

variable "violation_topic" {
  description = "Whether to create an SNS topic for notifications of violations, by mail for example. It needs an event bus of this account and region."
  type        = bool
  default     = false

  validation {
    condition     = !var.violation_topic || var.event_bus != ""
    error_message = "a topic gets its messages from an event bus; set event_bus, to \"default\" for example"
  }
}

variable "chat_topic" {
  description = "Whether to create an SNS topic for Slack or Microsoft Teams, through Amazon Q Developer in chat applications. It needs an event bus of this account and region."
  type        = bool
  default     = false

  validation {
    condition     = !var.chat_topic || var.event_bus != ""
    error_message = "a topic gets its messages from an event bus; set event_bus, to \"default\" for example"
  }
}

variable "build_log" {
  description = "Whether the reason for a stop is also written to the CloudWatch log of the stopped build."
  type        = bool
  default     = false
}

variable "build_log_groups" {
  description = "The ARNs of the log groups that reasons may be written to, each with \":*\" or another star at its end, which stands for the streams, too. Empty for those that CodeBuild makes, /aws/codebuild/*."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for group in var.build_log_groups : can(regex("^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[^,]*\\*$", group))])
    error_message = "must be ARNs of log groups, each with a star at its end"
  }
}

variable "alarm_topic" {
  description = "The ARN of the SNS topic that all alarms go to. Empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.alarm_topic))
    error_message = "must be empty, or the ARN of a standard SNS topic"
  }
}

variable "dashboard" {
  description = "Whether to create a dashboard. Three are free in each account, others cost 3 USD a month."
  type        = bool
  default     = true
}

# How a new policy, setting or function is deployed

variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "buildbrake"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,29}$", var.name))
    error_message = "must be a letter, and up to 29 letters, digits and hyphens"
  }
}

variable "packages" {
  description = "The folder with function.zip, policy.zip and check.zip, as `make terraform-package` writes them."
  type        = string
}

variable "architecture" {
  description = "The processor that the function is built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "must be x86_64 or arm64"
  }
}

variable "deployment" {
  description = "How CodeDeploy moves traffic to a new version, after a check that judges the running builds and stops none. \"off\" moves it at once, without a check."
  type        = string
  default     = "off"

  validation {
    condition = contains([
      "off",
      "AllAtOnce",
      "Canary10Percent5Minutes",
      "Canary10Percent10Minutes",
      "Canary10Percent15Minutes",
      "Canary10Percent30Minutes",
      "Linear10PercentEvery1Minute",
      "Linear10PercentEvery2Minutes",
      "Linear10PercentEvery3Minutes",
      "Linear10PercentEvery10Minutes",
    ], var.deployment)
    error_message = "must be off, or the end of the name of one of CodeDeploy's configurations for Lambda"
  }
}

variable "deployment_stop_share" {
  description = "The share of the builds judged in five minutes, in percent, that a new version must stop to be taken back during its deployment."
  type        = number
  default     = 50

  validation {
    condition     = var.deployment_stop_share >= 1 && var.deployment_stop_share <= 100
    error_message = "must be from 1 to 100"
  }
}

variable "deployment_minimum_builds" {
  description = "How many builds a version must have judged in five minutes before the share that it stopped, or could not decide, counts."
  type        = number
  default     = 10

  validation {
    condition     = var.deployment_minimum_builds >= 1 && var.deployment_minimum_builds <= 10000
    error_message = "must be from 1 to 10000"
  }
}

# Where branches come from

variable "ask_pipelines" {
  description = "Whether buildbrake may ask CodePipeline for the branch of a build that a pipeline started."
  type        = bool
  default     = false
}

variable "ask_code_commit" {
  description = "Whether buildbrake may ask CodeCommit for the branch of a commit."
  type        = bool
  default     = false
}

variable "git_hosts" {
  description = "The git hosts that may be asked for the branch of a commit, with commas, as in github.com,*.example.com. Empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9.:/*,_\\[\\] -]*$", var.git_hosts))
    error_message = "must be hosts with commas between them"
  }
}

variable "git_credentials" {
  description = "The secrets with the credentials of private git hosts, with commas, as in github.com=arn:aws:secretsmanager:eu-west-1:111122223333:secret:git-AbCdEf. Name their ARNs in git_secrets, too."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^[A-Za-z0-9.:*_-]+=arn:aws[a-z-]*:secretsmanager:[^,=]+(, *[A-Za-z0-9.:*_-]+=arn:aws[a-z-]*:secretsmanager:[^,=]+)*$", var.git_credentials))
    error_message = "must be HOST=ARN of a secret, with commas between them"
  }
}

variable "git_secrets" {
  description = "The ARNs of the secrets in git_credentials. The function may read these secrets and no others."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for secret in var.git_secrets : can(regex("^arn:aws[a-z-]*:secretsmanager:[^,]+$", secret))])
    error_message = "must be ARNs of secrets"
  }
}

variable "organization_id" {
  description = "The id of the organization in AWS Organizations whose accounts are covered, as in o-1a2b3c4d5e. The file policy/accounts.txt lists them, and org/member.yaml is deployed in each. Empty for this account alone."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "must be empty, or the id of an organization"
  }
}

variable "member_regions" {
  description = "The regions that are covered, with commas, as in eu-west-1,us-east-1. Empty for this region alone."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^[a-z]{2,}(-[a-z]+)+-[0-9]+(,[a-z]{2,}(-[a-z]+)+-[0-9]+)*$", var.member_regions))
    error_message = "must be empty, or regions with commas between them"
  }

  validation {
    condition     = var.member_regions == "" || var.organization_id != ""
    error_message = "events of other regions come over a bus of the organization; set organization_id"
  }
}

variable "policy_layer_arn" {
  description = "The ARN of a version of a layer that contains shared/policy.yaml. It takes the place of policy/policy.yaml, so that the functions of many accounts have one policy. Empty for the policy of this deployment."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.policy_layer_arn))
    error_message = "must be empty, or the ARN of a layer with its version"
  }
}

variable "git_ca_bundle" {
  description = "The path of a PEM file with further roots for git hosts. A file in policy.zip is deployed to /opt."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^/.+$", var.git_ca_bundle))
    error_message = "must be empty, or an absolute path"
  }
}

# What is kept

variable "log_retention_days" {
  description = "How many days the records of judged builds are kept. They show which builds were stopped, and why."
  type        = number
  default     = 365

  validation {
    # CloudWatch Logs accepts only these periods (longer ones are left out here).
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "must be a period that CloudWatch Logs accepts"
  }
}

variable "queue_retention_days" {
  description = "How many days the two queues keep the events that could not be handled. They are whole events, with the values of plain environment variables."
  type        = number
  # The longest that SQS keeps a message: time to notice, and to redrive it.
  default = 14

  validation {
    condition     = var.queue_retention_days >= 1 && var.queue_retention_days <= 14
    error_message = "must be from 1 to 14"
  }
}

variable "kms_key" {
  description = "The ARN of the KMS key that encrypts the log group, the queues and the topics. Its key policy must let CloudWatch Logs, EventBridge and Lambda use it. Empty for encryption with keys of AWS."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key))
    error_message = "must be empty, or the ARN of a key (not of an alias)"
  }
}

# Roles

variable "role_path" {
  description = "The path of the roles that are created."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path))
    error_message = "must begin and end with a slash"
  }
}

variable "permissions_boundary" {
  description = "The ARN of the policy that bounds the permissions of the roles that are created. Empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "must be empty, or the ARN of an IAM policy"
  }
}
