import { Duration } from "aws-cdk-lib"
import { MathExpression, Metric } from "aws-cdk-lib/aws-cloudwatch"
import type { JobKey } from "../shared/contract/jobs.ts"
import { type MetricName, namespace } from "../shared/contract/metrics.ts"
import { indexes } from "../shared/store/table.ts"
import { names } from "./names.ts"
import { type Stage, tableNameOf } from "./stage.ts"

const period = Duration.minutes(5)

/** The metrics that alarms and dashboard share, in periods of five minutes: ours, and those that AWS counts of what we run. */
export function measures(stageName: string, stage: Stage) {
  const known = names(stageName)
  const api = { ApiName: known.api, Stage: "api" }
  const table = { TableName: tableNameOf(stageName, stage) }
  const metric = (Namespace: string, metricName: string, dimensionsMap: Record<string, string>, statistic = "Sum") =>
    new Metric({ namespace: Namespace, metricName, dimensionsMap, statistic, period })

  /** A metric that isn't there counts as 0: AWS writes none while there is nothing to count. */
  const sumOf = (label: string, metrics: readonly Metric[]) =>
    new MathExpression({
      expression: metrics.map((_, n) => `FILL(m${n}, 0)`).join(" + "),
      usingMetrics: Object.fromEntries(metrics.map((one, n) => [`m${n}`, one])),
      label,
      period,
    })

  return {
    ours: (name: MetricName, statistic?: string) => metric(namespace, name, { Stage: stageName }, statistic),
    refusedWith: (code: string) => metric(namespace, "Refused", { Stage: stageName, Code: code }),
    lambda: (key: string, name: string, statistic?: string) =>
      metric("AWS/Lambda", name, { FunctionName: known.function(key) }, statistic),
    job: (key: JobKey, name: string) => metric("AWS/Lambda", name, { FunctionName: known.function(`jobs/${key}`) }),
    api: (name: string, statistic?: string) => metric("AWS/ApiGateway", name, api, statistic),
    table: (name: string) => metric("AWS/DynamoDB", name, table),
    /** Reads and writes, of the table and of each index: each has a capacity of its own. */
    throttles: sumOf(
      "throttled",
      [table, ...Object.keys(indexes).map((index) => ({ ...table, GlobalSecondaryIndexName: index }))].flatMap((part) =>
        ["ReadThrottleEvents", "WriteThrottleEvents"].map((name) => metric("AWS/DynamoDB", name, part)),
      ),
    ),
    /** What lies in the dead-letter queue of an asynchronous path. */
    deadLetters: (path: string) =>
      metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName: known.deadLetterQueue(path) }, "Maximum"),
    /** Lines of the authorizer's log that the subscription of a job could not hand on. */
    undelivered: (key: JobKey) =>
      sumOf(
        key,
        ["DeliveryErrors", "DeliveryThrottling"].map((name) =>
          metric("AWS/Logs", name, {
            LogGroupName: known.logGroup("authorizer"),
            DestinationType: "Lambda",
            FilterName: key,
          }),
        ),
      ),
  }
}
export type Measures = ReturnType<typeof measures>
