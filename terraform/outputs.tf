output "function_name" {
  description = "The function that judges builds."
  value       = aws_lambda_function.function.function_name
}

output "function_alias" {
  description = "The alias of that function that events, deadlines and sweeps invoke."
  value       = local.alias.arn
}

output "log_group_name" {
  description = "The log group that holds the record of each judged build."
  value       = aws_cloudwatch_log_group.log_group.name
}

output "undelivered_events_url" {
  description = "The queue of events and deadlines that Lambda did not accept."
  value       = aws_sqs_queue.undelivered_events.url
}

output "failed_invocations_url" {
  description = "The queue of events on which the function failed."
  value       = aws_sqs_queue.failed_invocations.url
}

output "people_topic_arn" {
  description = "The topic for notifications of violations. Subscribe a mail address, for example."
  value       = one(aws_sns_topic.people_topic[*].arn)
}

output "chats_topic_arn" {
  description = "The topic to name in a channel of Amazon Q Developer in chat applications."
  value       = one(aws_sns_topic.chats_topic[*].arn)
}

output "member_bus_arn" {
  description = "The bus that org/member.yaml forwards events to."
  value       = one(aws_cloudwatch_event_bus.member_bus[*].arn)
}

output "function_role_arn" {
  description = "The role that org/member.yaml trusts."
  value       = aws_iam_role.function_role.arn
}

# Unlike CloudFormation, Terraform does not run CodeDeploy.
output "appspec" {
  description = "With a deployment: what `aws deploy create-deployment` needs to move traffic to the version that was just published."
  value = local.deploys_gradually ? jsonencode({
    version = 0.0
    Resources = [{
      function = {
        Type = "AWS::Lambda::Function"
        Properties = {
          Name           = aws_lambda_function.function.function_name
          Alias          = local.alias.name
          CurrentVersion = local.alias.function_version
          TargetVersion  = aws_lambda_function.function.version
        }
      }
    }]
    Hooks = [{ BeforeAllowTraffic = aws_lambda_function.deployment_check[0].function_name }]
  }) : null
}
