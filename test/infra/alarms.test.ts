import { beforeAll, describe, expect, inject, it } from "vitest"
import { jobRows } from "../../shared/contract/jobs.ts"
import { metrics, namespace } from "../../shared/contract/metrics.ts"
import { refusals } from "../../shared/contract/refusals.ts"
import { flat, type Properties, type Resource, Templates } from "./templates.ts"

/**
 * C1, as far as CloudWatch is concerned. Of the stage `local`, whose alarms are those of all, but for the job that keeps a user pool:
 * test/runbook.test.ts has the alarms of a stage with one, and template.test.ts the rest.
 */
let templates: Templates
beforeAll(() => {
  templates = new Templates(inject("assembly"))
})

const stage = "local"
const all = (type: string) => templates.ofType(type)
const only = (type: string): Resource => {
  const [one, ...others] = all(type)
  if (!one || others.length > 0) throw new Error(`${others.length + 1} of ${type}`)
  return one
}
const alarms = () => all("AWS::CloudWatch::Alarm")
const idOf = ({ Properties }: Resource): string => Properties.AlarmName.replace(`symbolon-${stage}-`, "")
const alarm = (id: string): Resource => {
  const found = alarms().find((one) => idOf(one) === id)
  if (!found) throw new Error(`no alarm ${id}`)
  return found
}

interface Watched {
  namespace: string
  name: string
  statistic: string
  period: number
  dimensions: Record<string, string>
}

/** The metrics that an alarm reads, however many. */
function watchedBy({ Properties }: Resource): Watched[] {
  const { Metrics, MetricName, Namespace, Dimensions, Statistic, ExtendedStatistic, Period } = Properties
  const read = (metric: Properties, statistic: string, period: number): Watched => ({
    namespace: metric.Namespace,
    name: metric.MetricName,
    statistic,
    period,
    dimensions: Object.fromEntries(metric.Dimensions.map(({ Name, Value }: Properties) => [Name, flat(Value)])),
  })
  if (MetricName) return [read({ MetricName, Namespace, Dimensions }, Statistic ?? ExtendedStatistic, Period)]
  return (Metrics as Properties[]).flatMap(({ MetricStat }) =>
    MetricStat ? [read(MetricStat.Metric, MetricStat.Stat, MetricStat.Period)] : [],
  )
}

/** `Symbolon Refused`, `AWS/Lambda Errors symbolon-local-authorizer`, … */
const inWords = ({ namespace, name, dimensions }: Watched): string => {
  const { FunctionName, QueueName } = dimensions
  return [namespace, name, FunctionName ?? QueueName].filter(Boolean).join(" ")
}
const jobsHere = jobRows.filter(([, { sends }]) => !sends?.includes("user-pool"))
const jobName = (key: string) => `symbolon-${stage}-jobs-${key}`

describe("every alarm", () => {
  it("has a name of its own, says what it means and where to read on", () => {
    const names = alarms().map(({ Properties }) => Properties.AlarmName)
    expect(new Set(names).size).toBe(names.length)
    for (const one of alarms()) {
      expect(one.Properties.AlarmName).toMatch(/^symbolon-local-[a-z0-9-]+$/)
      expect(one.Properties.AlarmDescription).toMatch(/^[A-Z][^\n]+\. Runbook: docs\/runbook\.md#[a-z0-9-]+$/)
      expect(one.Properties.AlarmDescription.split("#")[1]).toBe(idOf(one))
    }
  })

  it("tells the topic when it rings, and when it is over", () => {
    const topic = `arn:<AWS::Partition>:sns:<AWS::Region>:<AWS::AccountId>:${only("AWS::SNS::Topic").Properties.TopicName}`
    for (const { Properties } of alarms()) {
      expect([Properties.AlarmName, Properties.AlarmActions.map(flat), Properties.OKActions.map(flat)]).toEqual([
        Properties.AlarmName,
        [topic],
        [topic],
      ])
      expect(Properties.ActionsEnabled).not.toBe(false)
    }
  })

  it("is fine while nothing is counted, but for the purge, which counts with every run", () => {
    for (const one of alarms())
      expect([idOf(one), one.Properties.TreatMissingData]).toEqual([
        idOf(one),
        idOf(one) === "purge-late" ? "breaching" : "notBreaching",
      ])
  })

  it("rings at its threshold or above, and reads no more metrics than CloudWatch allows", () => {
    for (const { Properties } of alarms()) {
      expect(Properties.ComparisonOperator).toBe("GreaterThanOrEqualToThreshold")
      expect(Properties.Threshold).toBeGreaterThan(0)
      expect((Properties.Metrics ?? []).length).toBeLessThanOrEqual(10)
      expect(JSON.stringify(Properties)).not.toContain("SEARCH(")
    }
  })

  it("reads ours of its own stage, by names that the functions emit", () => {
    const ours = alarms()
      .flatMap(watchedBy)
      .filter((one) => one.namespace === namespace)
    expect(ours.length).toBeGreaterThan(0)
    for (const { name, dimensions } of ours) {
      expect(Object.keys(metrics)).toContain(name)
      expect(dimensions).toEqual({ Stage: stage })
    }
  })
})

describe("C1 there is an alarm for", () => {
  it("each metric of ours", () => {
    const watched = alarms()
      .flatMap(watchedBy)
      .filter((one) => one.namespace === namespace)
    expect(watched.map(({ name }) => name).sort()).toEqual(Object.keys(metrics).sort())
  })

  it("each job's errors", () => {
    const errors = alarms().filter((one) => watchedBy(one).some(({ name }) => name === "Errors"))
    const ofJobs = errors
      .flatMap(watchedBy)
      .map(inWords)
      .filter((words) => words.includes("-jobs-"))
    expect(ofJobs.sort()).toEqual(jobsHere.map(([key]) => `AWS/Lambda Errors ${jobName(key)}`).sort())
  })

  it("the depth of each dead-letter queue, from one message on", () => {
    const depths = alarms().filter((one) => watchedBy(one)[0]?.namespace === "AWS/SQS")
    expect(depths.flatMap(watchedBy).map(inWords).sort()).toEqual(
      all("AWS::SQS::Queue")
        .map(({ Properties }) => `AWS/SQS ApproximateNumberOfMessagesVisible ${Properties.QueueName}`)
        .sort(),
    )
    for (const { Properties } of depths) expect(Properties).toMatchObject({ Statistic: "Maximum", Threshold: 1 })
  })

  it("what each subscription can't hand on, by the filter's name", () => {
    const filters = all("AWS::Logs::SubscriptionFilter").map(({ Properties }) => Properties)
    const watched = alarms()
      .flatMap(watchedBy)
      .filter((one) => one.namespace === "AWS/Logs")
    expect(watched.map(({ name, dimensions }) => ({ name, ...dimensions }))).toEqual(
      filters.flatMap(({ LogGroupName, FilterName }) =>
        ["DeliveryErrors", "DeliveryThrottling"].map((name) => ({
          name,
          LogGroupName,
          FilterName,
          DestinationType: "Lambda",
        })),
      ),
    )
    expect(watched.length).toBeGreaterThan(0)
  })

  it("the authorizer's slowness and throttles, and not its errors: a request without a credential is one", () => {
    for (const key of ["authorizer", "http-authorizer"]) {
      const dimensions = { FunctionName: `symbolon-${stage}-${key}` }
      expect(watchedBy(alarm(`${key}-p99`))).toMatchObject([{ name: "Duration", statistic: "p99", dimensions }])
      // A second: more than one attempt of 800 ms, less than the deadline of 2,800.
      expect(alarm(`${key}-p99`).Properties.Threshold).toBe(1000)
      expect(watchedBy(alarm(`${key}-throttles`))).toMatchObject([{ name: "Throttles", statistic: "Sum", dimensions }])
    }
    expect(alarms().flatMap(watchedBy).map(inWords)).not.toContain(`AWS/Lambda Errors symbolon-${stage}-authorizer`)
  })

  it("the errors of the http-authorizer, which throws for a fault alone", () => {
    const dimensions = { FunctionName: `symbolon-${stage}-http-authorizer` }
    expect(watchedBy(alarm("http-authorizer-errors"))).toMatchObject([{ name: "Errors", statistic: "Sum", dimensions }])
  })

  it("endpoints' errors, as one, with a floor and a share, of this API", () => {
    const { Properties } = alarm("endpoint-errors")
    expect(Properties.Metrics[0].Expression).toBe("IF(errors >= 5, 100 * errors / requests, 0)")
    const dimensions = { ApiName: only("AWS::ApiGateway::RestApi").Properties.Name, Stage: "api" }
    expect(watchedBy(alarm("endpoint-errors"))).toMatchObject([
      { name: "5XXError", dimensions },
      { name: "Count", dimensions },
    ])
    expect(
      alarms()
        .flatMap(watchedBy)
        .filter(({ namespace }) => namespace === "AWS/ApiGateway"),
    ).toHaveLength(2)
  })

  it("throttles of the table and of every index, and for conflicts", () => {
    const { TableName, GlobalSecondaryIndexes } = only("AWS::DynamoDB::GlobalTable").Properties
    const parts = [undefined, ...GlobalSecondaryIndexes.map(({ IndexName }: Properties) => IndexName)]
    expect(watchedBy(alarm("table-throttles")).map(({ name, dimensions }) => ({ name, ...dimensions }))).toEqual(
      parts.flatMap((GlobalSecondaryIndexName) =>
        ["ReadThrottleEvents", "WriteThrottleEvents"].map((name) => ({
          name,
          TableName,
          ...(GlobalSecondaryIndexName && { GlobalSecondaryIndexName }),
        })),
      ),
    )
    expect(watchedBy(alarm("table-conflicts"))).toMatchObject([
      { name: "TransactionConflict", dimensions: { TableName } },
    ])
  })

  it("every break of the glass, and every administrator", () => {
    expect(alarm("break-glass-used").Properties).toMatchObject({ Threshold: 1, EvaluationPeriods: 1 })
    expect(watchedBy(alarm("break-glass-used")).map(inWords)).toEqual([
      `AWS/Lambda Invocations ${jobName("issue-admin-token")}`,
    ])
    expect(alarm("admin-granted").Properties).toMatchObject({ Threshold: 1, EvaluationPeriods: 1 })
  })

  it("a deletion that is half an hour old", () => {
    expect(alarm("purge-late").Properties).toMatchObject({ Threshold: 1800, EvaluationPeriods: 1 })
    expect(watchedBy(alarm("purge-late"))).toMatchObject([{ name: "PurgeAge", statistic: "Maximum", period: 900 }])
  })
})

describe("the topic", () => {
  it("mails the stage's address", () => {
    const { Properties } = only("AWS::SNS::Subscription")
    expect(Properties).toEqual({
      Protocol: "email",
      Endpoint: "alarms@example.com",
      TopicArn: { Ref: only("AWS::SNS::Topic").id },
    })
  })

  it("is published to by this stage's alarms and rules, by nobody without TLS, and under no key", () => {
    const topic = only("AWS::SNS::Topic")
    expect(topic.Properties.TopicName).toBe(`symbolon-${stage}-alarms`)
    expect(topic.Properties.KmsMasterKeyId).toBeUndefined()
    const statements = only("AWS::SNS::TopicPolicy").Properties.PolicyDocument.Statement as Properties[]
    expect(
      statements.map(({ Effect, Action, Principal, Condition }) => [
        Effect,
        Action,
        Principal.Service ?? Principal,
        [Object.values(Object.values(Condition)[0] as Properties)[0]].flat().map(flat),
      ]),
    ).toEqual([
      ["Deny", "sns:Publish", "*", ["false"]],
      [
        "Allow",
        "sns:Publish",
        "cloudwatch.amazonaws.com",
        [`arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:symbolon-${stage}-*`],
      ],
      [
        "Allow",
        "sns:Publish",
        "events.amazonaws.com",
        [`symbolon-${stage}-*`, `symbolon.${stage}/symbolon-${stage}-*`].map(
          (rule) => `arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/${rule}`,
        ),
      ],
    ])
  })
})

describe("the dashboard", () => {
  const body = () => flat(only("AWS::CloudWatch::Dashboard").Properties.DashboardBody)

  it("shows every alarm, and every metric of ours", () => {
    expect(only("AWS::CloudWatch::Dashboard").Properties.DashboardName).toBe(`symbolon-${stage}`)
    for (const { id } of alarms()) expect(body()).toContain(`<${id}.Arn>`)
    for (const name of Object.keys(metrics)) expect(body()).toContain(`"${namespace}","${name}","Stage","${stage}"`)
  })

  it("shows the refusals by each code", () => {
    for (const code of Object.keys(refusals))
      expect(body()).toContain(`"${namespace}","Refused","Code","${code}","Stage","${stage}"`)
  })
})
