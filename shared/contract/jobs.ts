import type { TableAction } from "./endpoints.ts"
import type { EventType } from "./events.ts"

/** What starts a job. */
export type JobSource =
  /** Log lines of the authorizer that hold this quoted term, through a subscription filter. */
  | { authorizerLog: string }
  /**
   * Changes of the table's rows whose partition keys begin with one of these, through the table's stream. Two jobs at most: more
   * than two readers of a shard throttle each other.
   */
  | { tableStream: readonly string[] }
  /** Events on the stage's bus; and at a rate, should one be missed. */
  | { events: readonly EventType[]; everyMinutes: number }
  /** Runs by itself, at this rate. */
  | { everyMinutes: number }
  /** Only who may call lambda:InvokeFunction on it. */
  | "operator"
  /** The same, and each deployment: CloudFormation invokes it as a custom resource. */
  | "deployment"

/** True for what has no source of its own: whoever IAM lets invoke it, starts it. */
export const isGuardedByIam = (source: JobSource): source is "operator" | "deployment" => typeof source === "string"

export interface Job {
  source: JobSource
  table: readonly TableAction[]
  secrets: readonly "keyring"[]
  timeoutSeconds: number
  /**
   * Where it may send something: objects into the audit archive, events onto the bus, notices to the alarm address, mail; who may
   * sign in, to the stage's own user pool. A stage without a pool has no job that sends there.
   */
  sends?: readonly Outlet[]
}

export type Outlet = "archive" | "bus" | "alarm-topic" | "mail" | "user-pool"

const daily = 1440

/** THE table of jobs. A key is the handler's path: `functions/jobs/<key>.ts`. Lambda, grant, source and queue derive from it. */
export const jobs = {
  "record-usage": {
    source: { authorizerLog: "token.used" },
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem"],
    secrets: [],
    timeoutSeconds: 60,
  },
  "purge-deleted-accounts": {
    source: { everyMinutes: 5 },
    table: ["BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Query@list"],
    secrets: [],
    timeoutSeconds: 300,
  },
  "apply-expiry-policy": {
    source: { events: ["settings.updated"], everyMinutes: daily },
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "Query@expiry"],
    secrets: [],
    timeoutSeconds: 900,
  },
  "flag-unused-tokens": {
    source: { everyMinutes: daily },
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "Query@idle"],
    secrets: [],
    timeoutSeconds: 900,
  },
  "remind-expiring-tokens": {
    // Oftener than daily, or the last day's reminder could come with the end.
    source: { everyMinutes: 360 },
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "Query@expiry"],
    secrets: [],
    timeoutSeconds: 900,
  },
  "check-integrity": {
    source: { everyMinutes: 7 * daily },
    table: ["GetItem", "BatchGetItem", "PutItem#JOB", "Query", "Query@list", "Query@expiry"],
    secrets: [],
    timeoutSeconds: 900,
  },
  "watch-refusals": {
    source: { authorizerLog: "token.refused" },
    table: ["GetItem", "PutItem", "UpdateItem"],
    secrets: [],
    timeoutSeconds: 60,
  },
  "archive-audit-events": {
    source: { tableStream: ["AUD#", "MARK#"] },
    table: [],
    secrets: [],
    timeoutSeconds: 60,
    sends: ["archive"],
  },
  "publish-events": {
    source: { tableStream: ["AUD#"] },
    table: [],
    secrets: [],
    timeoutSeconds: 60,
    sends: ["bus"],
  },
  "send-digests": {
    source: { everyMinutes: daily },
    table: ["GetItem", "BatchGetItem", "PutItem#JOB", "Query@list"],
    secrets: [],
    timeoutSeconds: 900,
    sends: ["alarm-topic", "mail"],
  },
  "sync-user-pool": {
    source: {
      events: [
        "account.created",
        "account.updated",
        "account.deactivated",
        "account.reactivated",
        "account.deleting",
        "account.deleted",
      ],
      everyMinutes: 60,
    },
    table: ["GetItem", "BatchGetItem", "Query@list"],
    secrets: [],
    timeoutSeconds: 900,
    sends: ["user-pool"],
  },
  "mark-archive": {
    source: { everyMinutes: 5 },
    table: ["PutItem#MARK"],
    secrets: [],
    timeoutSeconds: 30,
  },
  "create-first-admin": {
    source: "deployment",
    table: ["GetItem", "PutItem", "UpdateItem"],
    secrets: [],
    timeoutSeconds: 30,
  },
  "issue-admin-token": {
    source: "operator",
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem"],
    secrets: ["keyring"],
    timeoutSeconds: 30,
  },
} as const satisfies Record<string, Job>

export type JobKey = keyof typeof jobs
export const jobRows = Object.entries(jobs) as [JobKey, Job][]
