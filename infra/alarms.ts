import { Duration } from "aws-cdk-lib"
import { Alarm, type IMetric, MathExpression, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch"
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions"
import type { ITopic } from "aws-cdk-lib/aws-sns"
import { Construct } from "constructs"
import { type Measures, measures } from "./measures.ts"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"
import { asynchronousJobsOf, jobsOf } from "./stage-jobs.ts"

interface AlarmRow {
  /** Its name after the stage's, and its article's in docs/runbook.md. */
  id: string
  /** What it says when it rings, in a sentence. */
  means: string
  metric: IMetric
  /** It rings from this value on. */
  threshold: number
  /** So many periods in a row; absent: one. */
  periods?: number
  /** No value rings too; absent: it is fine. */
  silenceRings?: true
}

export const secretChanged = "secret-changed"
export const failedBurst = "failed-burst"
export const compromised = "compromised"

/** What the topic is told by a rule and not by an alarm: each has its article, and its asynchronous path. */
const toldRules: readonly string[] = [secretChanged, failedBurst, compromised]

/** What runs without anybody waiting for it: each has a dead-letter queue. */
export const asynchronousPathsOf = (stage: Stage): string[] => [...asynchronousJobsOf(stage), ...toldRules]

/**
 * Every alarm. Not the authorizer's errors as Lambda counts them: a request without a credential is one, by API Gateway's rules.
 * What it can count itself is AuthorizerFault; a crash, or a time-out, shows in endpoint-errors. The http-authorizer is before APIs of other teams
 * alone, and in none of our API's metrics.
 */
function alarmRows(measure: Measures, stage: Stage): AlarmRow[] {
  const jobs = jobsOf(stage)
  return [
    {
      id: "refusals",
      means: "Credentials were refused once a second or more, for ten minutes.",
      metric: measure.ours("Refused"),
      threshold: 300,
      periods: 2,
    },
    {
      // A checksum keeps out who mistypes: who gets here has made the string, or an old secret.
      id: "wrong-secret",
      means: "A token that exists was presented with a secret that is none of its.",
      metric: measure.ours("WrongSecret"),
      threshold: 1,
    },
    {
      id: "sign-in-refusals",
      means: "Twenty sign-ins were refused in five minutes.",
      metric: measure.ours("SignInRefused"),
      threshold: 20,
    },
    {
      id: "orphan",
      means: "A proven token has no account.",
      metric: measure.ours("Orphan"),
      threshold: 1,
    },
    {
      id: "unknown-state",
      means: "A proven token, or its account, is in a state that this version doesn't know.",
      metric: measure.ours("UnknownState"),
      threshold: 1,
    },
    {
      // One is what a client's own retry is for.
      id: "authorizer-faults",
      means: "The authorizer came to no verdict, and answered 503.",
      metric: measure.ours("AuthorizerFault"),
      threshold: 5,
    },
    ...(["authorizer", "http-authorizer"] as const).flatMap((key): AlarmRow[] => [
      {
        // Above one attempt's 800 ms, so one request in a hundred needs a second one; far below the deadline of 2,800 ms.
        id: `${key}-p99`,
        means: `One verification of the ${key} in a hundred takes a second or longer.`,
        metric: measure.lambda(key, "Duration", "p99"),
        threshold: 1000,
        periods: 3,
      },
      {
        id: `${key}-throttles`,
        means: `Lambda refused to run the ${key}: the account's concurrency is used up.`,
        metric: measure.lambda(key, "Throttles"),
        threshold: 1,
      },
    ]),
    {
      // Of this one Lambda's count says something: it throws for a fault alone.
      id: "http-authorizer-errors",
      means: "The http-authorizer came to no verdict, crashed or ran out of time.",
      metric: measure.lambda("http-authorizer", "Errors"),
      threshold: 5,
    },
    {
      // A share, since forty endpoints have not one volume; and a floor, or the one failed request of a night would ring.
      id: "endpoint-errors",
      means: "One request in a hundred, and five at least, was answered 5xx.",
      metric: new MathExpression({
        expression: "IF(errors >= 5, 100 * errors / requests, 0)",
        usingMetrics: { errors: measure.api("5XXError"), requests: measure.api("Count") },
        label: "% of requests answered 5xx",
        period: measure.api("Count").period,
      }),
      threshold: 1,
    },
    ...jobs.map(
      ([key]): AlarmRow => ({
        id: `${key}-errors`,
        means: `The job ${key} failed.`,
        metric: measure.job(key, "Errors"),
        threshold: 1,
      }),
    ),
    // A schedule's own queue is the same one: what it could not even hand over is in there too.
    ...asynchronousPathsOf(stage).map(
      (key): AlarmRow => ({
        id: `${key}-undone`,
        means: `Something that ${key} was to do was given up, and lies in its dead-letter queue.`,
        metric: measure.deadLetters(key),
        threshold: 1,
      }),
    ),
    {
      id: "integrity-findings",
      means: "The weekly check found rows that contradict each other.",
      metric: measure.ours("IntegrityFindings"),
      threshold: 1,
    },
    ...jobs
      .filter(([, { source }]) => typeof source === "object" && "authorizerLog" in source)
      .map(
        ([key]): AlarmRow => ({
          id: `${key}-undelivered`,
          means: `Lines of the authorizer's log did not reach ${key}.`,
          metric: measure.undelivered(key),
          threshold: 1,
        }),
      ),
    ...jobs
      .filter(([, { source }]) => typeof source === "object" && "tableStream" in source)
      .map(
        ([key]): AlarmRow => ({
          id: `${key}-late`,
          means: `The oldest change that ${key} has not got through yet is ten minutes old; the stream forgets it after a day.`,
          metric: measure.lambda(`jobs/${key}`, "IteratorAge", "Maximum"),
          threshold: 600_000,
        }),
      ),
    {
      id: "audit-tampered",
      means: "An audit event was changed or deleted on the table, which no function of ours may.",
      metric: measure.ours("AuditTampered"),
      threshold: 1,
    },
    {
      // A run says an age even when nothing waits, so silence is a purge that doesn't run: three runs missed.
      id: "purge-late",
      means: "A deletion began half an hour ago and isn't done, or the purge doesn't run.",
      metric: measure.ours("PurgeAge", "Maximum").with({ period: Duration.minutes(15) }),
      threshold: 1800,
      silenceRings: true,
    },
    {
      id: "table-throttles",
      means: "The table, or an index of it, refused requests for want of capacity.",
      metric: measure.throttles,
      threshold: 10,
    },
    {
      // Each is tried again up to a dozen times. So many mean that writers stand in each other's way.
      id: "table-conflicts",
      means: "Transactions met each other on the same rows, a hundred times in five minutes.",
      metric: measure.table("TransactionConflict"),
      threshold: 100,
    },
    {
      // A failed fetch is repeated after 30 s: this is more than one environment's bad moment.
      id: "keyring-refresh-failing",
      means: "Environments go on with the keyring that they have, and new ones can't verify.",
      metric: measure.ours("KeyringRefreshFailed"),
      threshold: 3,
    },
    {
      id: "admin-granted",
      means: "An account became an administrator.",
      metric: measure.ours("AdminGranted"),
      threshold: 1,
    },
    {
      id: "break-glass-used",
      means: "An operator had an administrator's token minted, past the API.",
      metric: measure.job("issue-admin-token", "Invocations"),
      threshold: 1,
    },
  ]
}

/** The alarms of a stage, each to the topic, when it rings and when it is over. */
export class Alarms extends Construct {
  readonly all: Alarm[]

  constructor(scope: Construct, id: string, stageName: string, stage: Stage, topic: ITopic) {
    super(scope, id)
    const action = new SnsAction(topic)
    this.all = alarmRows(measures(stageName, stage), stage).map((row) => {
      const alarm = new Alarm(this, row.id, {
        alarmName: names(stageName).alarm(row.id),
        alarmDescription: `${row.means} ${articleOf(row.id)}`,
        metric: row.metric,
        threshold: row.threshold,
        evaluationPeriods: row.periods ?? 1,
        treatMissingData: row.silenceRings ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      })
      alarm.addAlarmAction(action)
      alarm.addOkAction(action)
      return alarm
    })
  }
}

/** Where to read on, at the end of what an alarm says. */
export const articleOf = (id: string): string => `Runbook: docs/runbook.md#${id}`
