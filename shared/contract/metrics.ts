/**
 * What the product measures itself: names that functions emit and alarms watch. In CloudWatch's embedded metric format: a log
 * line with the member `_aws` becomes metrics, without a call. A denial is a metric, never an error of a Lambda.
 */
export const namespace = "Symbolon"

export const metrics = {
  /** A credential was refused; by its code, too. A request without one is not counted. */
  Refused: "Count",
  /** A token was named that exists, with a secret that is none of its. */
  WrongSecret: "Count",
  /** A proven token has no account: a fault of ours, refused like any invalid token. */
  Orphan: "Count",
  /** A proven token, or its account, is in a state that we don't know: a fault of ours, refused. */
  UnknownState: "Count",
  /** A verification came to no verdict, and the caller was answered 503. */
  AuthorizerFault: "Count",
  /** The keyring, or a secret beside it, could not be fetched: who has a copy goes on with it. */
  KeyringRefreshFailed: "Count",
  /** How long ago the oldest deletion began that is still to be purged, as a run of the purge finds it. */
  PurgeAge: "Seconds",
  /** An audit event was changed, or deleted, on the table. */
  AuditTampered: "Count",
  /** Rows that contradict each other, as a whole check of the table found them: none, too. */
  IntegrityFindings: "Count",
  /** A sign-in was refused: the audit trail has the reasons. */
  SignInRefused: "Count",
  /** An account became an administrator: made, or promoted. */
  AdminGranted: "Count",
} as const
export type MetricName = keyof typeof metrics

type Unit = (typeof metrics)[MetricName]
type NameIn<U extends Unit> = { [Name in MetricName]: (typeof metrics)[Name] extends U ? Name : never }[MetricName]

/**
 * The members that make a log line carry metrics, by stage and, with a `Code`, by stage and code. `at` is in epoch
 * milliseconds. It doesn't read the table above, which the authorizer's bundle has no room for: the types hold both equal.
 */
export const measured = <U extends Unit>(
  Unit: U,
  values: { [Name in NameIn<U>]?: number },
  Stage: string,
  at: number,
  Code?: string,
) => ({
  _aws: {
    Timestamp: at,
    CloudWatchMetrics: [
      {
        Namespace: namespace,
        Dimensions: [["Stage"], ...(Code ? [["Stage", "Code"]] : [])],
        Metrics: Object.keys(values).map((Name) => ({ Name, Unit })),
      },
    ],
  },
  Stage,
  Code,
  ...values,
})
