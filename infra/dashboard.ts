import { Duration } from "aws-cdk-lib"
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
} from "aws-cdk-lib/aws-cloudwatch"
import type { Construct } from "constructs"
import { refusals } from "../shared/contract/refusals.ts"
import { asynchronousPathsOf } from "./alarms.ts"
import { measures } from "./measures.ts"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"
import { jobsOf } from "./stage-jobs.ts"

/** A stage at a glance, from the metrics that its alarms watch. */
export class StageDashboard extends Dashboard {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, alarms: Alarm[]) {
    const measure = measures(stageName, stage)
    const graph = (title: string, left: IMetric[], right: IMetric[] = []): IWidget =>
      new GraphWidget({ title, left, right, width: 8, height: 6, leftYAxis: { min: 0 }, rightYAxis: { min: 0 } })
    super(scope, id, {
      dashboardName: names(stageName).dashboard,
      defaultInterval: Duration.hours(12),
      widgets: [
        [new AlarmStatusWidget({ title: "Alarms", alarms, width: 24, height: 5 })],
        [
          graph("Requests", [measure.api("Count"), measure.api("4XXError"), measure.api("5XXError")]),
          graph(
            "Refusals by code",
            Object.keys(refusals).map((code) => measure.refusedWith(code).with({ label: code })),
          ),
          graph("Refusals in sum, and what they found", [
            measure.ours("Refused"),
            measure.ours("WrongSecret"),
            measure.ours("Orphan"),
            measure.ours("UnknownState"),
            measure.ours("SignInRefused"),
          ]),
        ],
        [
          graph(
            "Authorizer, in milliseconds",
            ["p50", "p99"].map((statistic) =>
              measure.lambda("authorizer", "Duration", statistic).with({ label: statistic }),
            ),
            [measure.lambda("authorizer", "ConcurrentExecutions", "Maximum")],
          ),
          graph("Authorizer's faults", [
            measure.ours("AuthorizerFault"),
            measure.ours("KeyringRefreshFailed"),
            measure.lambda("authorizer", "Throttles"),
          ]),
          graph(
            "Latency of the API, in milliseconds",
            ["p50", "p99"].map((statistic) => measure.api("Latency", statistic).with({ label: statistic })),
          ),
        ],
        [
          graph(
            "Table: consumed capacity",
            ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"].map(measure.table),
          ),
          graph("Table: throttles and conflicts", [measure.throttles, measure.table("TransactionConflict")]),
          graph("Administrators made, audit events tampered with, rows that contradict each other", [
            measure.ours("AdminGranted"),
            measure.job("issue-admin-token", "Invocations"),
            measure.ours("AuditTampered"),
            measure.ours("IntegrityFindings"),
          ]),
        ],
        [
          graph(
            "Jobs: failures, and runs",
            jobsOf(stage).map(([key]) => measure.job(key, "Errors").with({ label: `${key}: failed` })),
            jobsOf(stage).map(([key]) => measure.job(key, "Invocations").with({ label: `${key}: ran` })),
          ),
          graph(
            "Dead letters",
            asynchronousPathsOf(stage).map((path) => measure.deadLetters(path).with({ label: path })),
          ),
          graph("Oldest deletion, in seconds", [measure.ours("PurgeAge", "Maximum")]),
        ],
      ],
    })
  }
}
