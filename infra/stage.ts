import { RetentionDays } from "aws-cdk-lib/aws-logs"
import { names } from "./names.ts"

/**
 * What differs between stages: this file is where a deployment is configured. A stage is one deployment; its name is in every
 * physical name, so several share an account. The addresses at example.com are placeholders, which `npm run deploy` refuses.
 */
export interface Stage {
  /** Becomes the first administrator with the first deployment: while there has never been one. */
  adminEmail: string
  /** Gets the alarms, after a confirmation by mail. */
  alarmEmail: string
  /** Contact of the service accounts that name none. */
  serviceEmail: string
  /**
   * From which address the daily digests go to each account's own email: SES must have verified it, or its domain, in the
   * stage's account and region. Absent: all of it is in the digest that the alarm address gets.
   */
  mailFrom?: string
  /**
   * Who signs humans in, by OpenID Connect: Okta, Entra, Auth0, Keycloak, or any other. Absent: a Cognito user pool, which the stage
   * makes, and to which every human of it is invited.
   */
  signIn?: {
    /** As its ID tokens have it in `iss`, to the letter. */
    issuer: string
    /** Of a public client (no secret, PKCE) whose redirect URI is https://<domain>/callback. */
    clientId: string
    /** Takes emails that the issuer doesn't call verified (Entra says nothing of it): only where nobody chooses their own there. */
    trustEmail?: true
  }
  /**
   * The host at which people open the console, such as `symbolon.corp.example`: the issuer sends them back to `https://<domain>/callback`, and to
   * `https://<domain>/` after a sign-out. Absent: the stage's own user pool sends them to `http://localhost:3000/`, and nowhere else.
   */
  domain?: string
  /** Of every log group. */
  logRetention: RetentionDays
  /** How far back the table can be restored: 1 to 35 days. */
  recoveryDays: number
  /**
   * How long nobody can delete an object of the audit archive, nor shorten this: in mode COMPLIANCE not even the account's
   * root; in mode GOVERNANCE who is allowed to bypass it. What is written is locked for as long as it was told then.
   */
  auditLock: { mode: "COMPLIANCE" | "GOVERNANCE"; days: number }
  /** After a restore: the table that has taken the place of DataStack's. `npm run replay` prints both. */
  restored?: { tableName: string; streamArn: string }
  /** How long the personal token lives that an operator mints; absent: for ever. */
  adminTokenHours?: number
  /** Requests per second, sustained and in a burst, before API Gateway answers 429. */
  throttle: { rate: number; burst: number }
  /** Other AWS accounts, by their 12 digits, whose API Gateway may call the authorizer. */
  authorizerAccounts: readonly string[]
  /** A web ACL before the API, in a stack of its own; absent: none. */
  webAcl?: {
    /** Requests of one address in five minutes before it is blocked: 10 or more. */
    requestsPerAddress: number
  }
}

export const stages: Record<string, Stage> = {
  /** What `npm start` serves: the same stacks, on this machine. */
  local: {
    adminEmail: "admin@example.com",
    alarmEmail: "alarms@example.com",
    serviceEmail: "service@example.com",
    mailFrom: "symbolon@example.com",
    // Of `npm start`, at its usual port.
    signIn: { issuer: "http://127.0.0.1:3001", clientId: "console" },
    logRetention: RetentionDays.ONE_DAY,
    recoveryDays: 1,
    auditLock: { mode: "GOVERNANCE", days: 1 },
    throttle: { rate: 1000, burst: 2000 },
    authorizerAccounts: [],
  },
  dev: {
    adminEmail: "admin@example.com",
    alarmEmail: "alarms@example.com",
    serviceEmail: "service@example.com",
    logRetention: RetentionDays.ONE_MONTH,
    recoveryDays: 7,
    auditLock: { mode: "GOVERNANCE", days: 30 },
    adminTokenHours: 24,
    throttle: { rate: 100, burst: 200 },
    authorizerAccounts: [],
  },
  prod: {
    adminEmail: "admin@example.com",
    alarmEmail: "alarms@example.com",
    serviceEmail: "service@example.com",
    logRetention: RetentionDays.ONE_YEAR,
    recoveryDays: 35,
    auditLock: { mode: "COMPLIANCE", days: 365 },
    adminTokenHours: 24,
    throttle: { rate: 1000, burst: 2000 },
    authorizerAccounts: [],
    webAcl: { requestsPerAddress: 10_000 },
  },
}

/** The table that a stage uses: DataStack's, or the one that was restored in its place. */
export const tableNameOf = (name: string, { restored }: Stage): string => restored?.tableName ?? names(name).table

/** Throws for an unknown stage, naming the known ones. */
export function stageOf(name: string): Stage {
  const stage = stages[name]
  if (!stage) throw new Error(`there is no stage ${name}: infra/stage.ts knows ${Object.keys(stages).join(", ")}`)
  return stage
}
