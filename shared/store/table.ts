// Long because it is the whole key design: what items there are, and how each builds its keys.
import type { TokenType } from "../token/format.ts"
import { decodeBase62, encodeId } from "../token/format.ts"
import type { AccountState, TokenState, VerifiableAccount, VerifiableToken } from "../token/verdict.ts"
import type { Settings } from "./settings.ts"

/**
 * The key design of the one table: attribute names, indexes, a key builder per item. CDK, the local engine and the tests
 * read it from here. `test/infra/frozen.test.ts` holds a copy: changing a key later means moving every row.
 *
 * | item               | PK                          | SK           | list index           | idle index          | expiry index     |
 * |--------------------|-----------------------------|--------------|----------------------|---------------------|------------------|
 * | account            | ACC#<account>               | A            | ACC#SERVICE, ACC#USER|                     |                  |
 * | token              | TOK#<token>                 | T            | TOK#SERVICE, TOK#ACC#| IDLE#, FLAG#<shard> | EXP#<shard> / at |
 * | token-name guard   | ACC#<account>               | TN#<name>    |                      |                     |                  |
 * | user-id guard      | UID#<user_id>               | U            |                      |                     |                  |
 * | email guard        | MAIL#<sha256>               | U            |                      |                     |                  |
 * | sign-in binding    | SUB#<sha256>                | S            |                      |                     |                  |
 * | team               | TEAM#<key>                  | M            | TEAMS                |                     |                  |
 * | datastore          | DS#<id>                     | D            | DS#TEAM#<key>        |                     |                  |
 * | container          | DS#<id>                     | C#<id>       |                      |                     |                  |
 * | audit event        | AUD#<subject>               | <time id>    | AUD#<day>#<shard>    |                     |                  |
 * | idempotency record | IDEM#<principal>#<sha256>   | I            |                      |                     |                  |
 * | settings           | SET                         | policy       |                      |                     |                  |
 * | administrators     | SET                         | admins       |                      |                     |                  |
 * | archive mark       | MARK#<shard>                | M            |                      |                     |                  |
 * | refusals           | BURST#<bucket>, BURST#stage | 0, 1         |                      |                     |                  |
 * | a job's progress   | JOB#<job>                   | J            |                      |                     |                  |
 *
 * Ids stand in keys as 9 base62 characters, which sort by time of creation.
 * Every instant is a number of epoch milliseconds, but in `ttl` (seconds, as DynamoDB wants) and in index keys (text).
 */
export const tableKeys = { partition: "PK", sort: "SK" } as const

/** Only idempotency records (and sessions) carry it: TTL deletes late, so nothing's validity may hang on it. */
export const ttlAttribute = "ttl"

/** All KEYS_ONLY: an index names rows, whose contents are then read strongly. */
export const indexes = {
  list: { partition: "listPK", sort: "listSK" },
  idle: { partition: "idlePK", sort: "idleSK" },
  expiry: { partition: "expiryPK", sort: "expirySK" },
} as const
export type IndexName = keyof typeof indexes

export interface Key {
  PK: string
  SK: string
}

export interface AccountItem extends Key, VerifiableAccount {
  state: AccountState
  name: string
  email?: string
  purpose?: string
  /** The epoch below which no token is ever restored, since its holder told us of a compromise. */
  compromisedEpoch?: number
  /** Tokens on the table, revoked ones included: the quota counts these. */
  tokens: number
  /** As whom this human signs in: the issuer, and its name for them. */
  binding?: Identity
  /** Since when it is DELETING. */
  deletingAt?: number
  version: number
  lastUsed?: number
  createdAt: number
  createdById: number
  listPK: string
  listSK: string
}

/** Who somebody is to an issuer (OpenID Connect: `iss` and `sub`). */
export interface Identity {
  issuer: string
  subject: string
}

export interface TokenItem extends Key, VerifiableToken {
  state: TokenState
  name: string
  networks: Record<string, number>
  /** Reported as compromised: never restored. */
  compromised?: true
  /** The last reminder of its expiry: so many days before. */
  reminded?: number
  /** When its current secret was issued; absent: with the token. */
  issuedAt?: number
  /** When its current secret was first used, which ended a rotation's wait and began the overlap. */
  promotedAt?: number
  /** The latest use of the previous secret, and from where: who is late. */
  previousLastUsed?: number
  previousNetwork?: string
  /** Of a rotation that waits for the first use of its new secret: when it began, and what that use will make of the token. */
  pendingSince?: number
  nextExpiresAt?: number
  overlapSeconds?: number
  /** Of the newest secret that the token ever had, dropped ones included: no two have the same number. */
  lastGeneration?: number
  /** The personal token with which this personal token was made. */
  createdWith?: number
  version: number
  createdAt: number
  createdById: number
  listPK: string
  listSK: string
  idlePK?: string
  idleSK?: string
  expiryPK: string
  expirySK: string
}

/** A signed-in human's: a token that no list, sweep, guard or count knows. DynamoDB forgets it after its end. */
export interface SessionItem
  extends Omit<TokenItem, "listPK" | "listSK" | "idlePK" | "idleSK" | "expiryPK" | "expirySK"> {
  type: "Session"
  expiresAt: number
  [ttlAttribute]: number
}

/** Holds a token's name within its account; the account's guards are also the strongly consistent list of its tokens. */
export interface TokenNameItem extends Key {
  tokenId: number
}

/** Holds a user_id, an email, or who signs in, for one account. A `tombstone` keeps the id of a deleted service account for ever. */
export interface IdentityItem extends Key {
  accountId: number
  tombstone?: true
}

export interface TeamItem extends Key {
  key: string
  name: string
  /** Accounts and datastores that name this team; it can't be deleted while there is one. */
  uses: number
  version: number
  createdAt: number
  createdById: number
  listPK: string
  listSK: string
}

export interface DatastoreItem extends Key {
  id: number
  name: string
  /** A key; `public` for everyone's. */
  team: string
  createdAt: number
  createdById: number
  listPK: string
  listSK: string
}

export interface ContainerItem extends Key {
  id: number
  name: string
  createdAt: number
  createdById: number
}

export interface IdempotencyItem extends Key {
  requestHash: string
  /** What the request was answered, when that holds no secret. */
  reply?: unknown
  /** The token that was made, whose answer isn't kept. */
  tokenId?: number
  expiresAt: number
  [ttlAttribute]: number
}

export interface AuditItem extends Key {
  id: string
  at: number
  action: string
  outcome: "success" | "failure"
  actor: { id: number; userId: string; handle?: string }
  subject: { id: number; userId: string; handle?: string }
  ip: string
  userAgent: string
  requestId: string
  reason?: string
  before: Record<string, unknown>
  after: Record<string, unknown>
  /** Put back into a restored table from the archive, at this instant. */
  replayedAt?: number
  listPK: string
  listSK: string
}

export interface SettingsItem extends Key {
  policy: Partial<Settings>
  version: number
}

/** What was refused lately to the networks of one bucket: see refusals.ts. */
export interface RefusalsItem extends Key {
  /** The beginning of the five minutes that it counts. */
  since: number
  /** Names of the log lines, shortened: what is delivered twice counts once. */
  lines: string[]
  networks: string[]
  handles: string[]
  /** The burst of these five minutes has its event. */
  reported: boolean
  version: number
}

/** How many bursts the stage has told of in five minutes. */
export interface BurstsItem extends Key {
  since: number
  told: number
}

/** Rewritten every few minutes, so that the audit archive can tell that nothing is missing. */
export interface MarkItem extends Key {
  at: number
}

/** How far the integrity check has come, and what it has counted so far; or, once finished, in all. */
export interface IntegrityItem extends Key {
  /** Grows with each write, over all checks: of two runs at once only one goes on. */
  version: number
  startedAt: number
  finishedAt?: number
  /** Which partition of an index it is at, and the sort key there below which it goes on. */
  source: number
  after?: string
  tokens: number
  accounts: number
  /** By kind. */
  findings: Record<string, number>
}

export const accountKey = (id: number): Key => ({ PK: `ACC#${encodeId(id)}`, SK: "A" })
export const tokenKey = (id: number): Key => ({ PK: `TOK#${encodeId(id)}`, SK: "T" })
export const userIdKey = (userId: string): Key => ({ PK: `UID#${userId}`, SK: "U" })
export const emailKey = (emailHash: string): Key => ({ PK: `MAIL#${emailHash}`, SK: "U" })
export const subjectKey = (subjectHash: string): Key => ({ PK: `SUB#${subjectHash}`, SK: "S" })
export const teamKey = (key: string): Key => ({ PK: `TEAM#${key}`, SK: "M" })
export const teamList = (key: string) => ({ listPK: "TEAMS", listSK: key })
export const datastoreKey = (id: number): Key => ({ PK: `DS#${encodeId(id)}`, SK: "D" })
export const containerPrefix = "C#"
export const containerKey = (datastoreId: number, id: number): Key => ({
  PK: datastoreKey(datastoreId).PK,
  SK: containerPrefix + encodeId(id),
})
/** Where a datastore stands in the list index: under its team. */
export const datastoreListing = (id: number, team: string) => ({ listPK: `DS#TEAM#${team}`, listSK: encodeId(id) })
/** Where an account that is being deleted stands in the list index, until it is gone. */
export const purgeList = "PURGE"
/** The stage's policy, as it differs from the defaults. */
export const settingsKey: Key = { PK: "SET", SK: "policy" }
export const administratorsKey: Key = { PK: "SET", SK: "admins" }
export const idempotencyKey = (principal: number, keyHash: string): Key => ({
  PK: `IDEM#${encodeId(principal)}#${keyHash}`,
  SK: "I",
})
/** `subject` is the kind and key of what was changed: ACC<account>, TEAM<key>, SET, KEYRING, DS<id>; or AUTH, REVIEW, SIGNIN. */
export const auditKey = (subject: string, id: string): Key => ({ PK: auditPrefix + subject, SK: id })
/** What the audit archive takes from the table's stream: events, and marks. */
export const auditPrefix = "AUD#"
export const markPrefix = "MARK#"
export const markKey = (shard: string): Key => ({ PK: markPrefix + shard, SK: "M" })

/** Of two windows of time in turn: what comes late for the one before is counted there. */
export const refusalsKey = (bucket: number | "stage", window: number): Key => ({
  PK: `BURST#${String(bucket).padStart(3, "0")}`,
  SK: String(window % 2),
})
/** What a job has to remember from one run to the next. */
export const jobKey = (job: string): Key => ({ PK: `JOB#${job}`, SK: "J" })

export const tokenNamePrefix = "TN#"
/** Names that differ only in case or normal form are one name. */
export const tokenNameKey = (accountId: number, name: string): Key => ({
  PK: accountKey(accountId).PK,
  SK: tokenNamePrefix + name.normalize("NFC").toLowerCase(),
})

export const accountList = (userType: "Service" | "User"): string =>
  userType === "Service" ? "ACC#SERVICE" : "ACC#USER"
export const serviceTokenList = "TOK#SERVICE"
export const personalTokenList = (accountId: number): string => `TOK#ACC#${encodeId(accountId)}`

/** Where an account stands in the list index. */
export const accountListing = (id: number, userType: "Service" | "User") => ({
  listPK: accountList(userType),
  listSK: encodeId(id),
})

/** Where a token stands in the list index: service tokens together, personal ones under their human. */
export const tokenListing = (id: number, accountId: number, type: Exclude<TokenType, "Session">) => ({
  listPK: type === "Service" ? serviceTokenList : personalTokenList(accountId),
  listSK: encodeId(id),
})

const shards = 16
/** A function, so that bundles without marks carry nothing of it. */
export const shardNames = (): string[] => Array.from({ length: shards }, (_, n) => String(n).padStart(2, "0"))
const secondsPerDay = 86_400
/** The partitions of the expiry index. */
export const expiryPartitions = (): string[] => shardNames().map((shard) => `EXP#${shard}`)
/** Those of the idle index: of tokens by their last use, and of flagged ones by the time of their flag. */
export const idlePartitions = (): string[] => shardNames().map((shard) => `IDLE#${shard}`)
export const flaggedPartitions = (): string[] => shardNames().map((shard) => `FLAG#${shard}`)
const shardOf = (id: number): string => String(id % shards).padStart(2, "0")

/** Each token has a day boundary of its own, or every active token would move in the index at 00:00 UTC. */
function dayOf(id: number, instant: number): number {
  const offset = Math.imul(id % 0x7fffffff, 0x9e3779b1) >>> 0
  return Math.floor((instant / 1000 + (offset % secondsPerDay)) / secondsPerDay)
}
const dayKey = (day: number): string => String(day).padStart(6, "0")

/** Where a token stands in the idle index: the day of its last use, or of its creation when it was never used. */
export const idleListing = (id: number, usedAt: number): { idlePK: string; idleSK: string } => ({
  idlePK: `IDLE#${shardOf(id)}`,
  idleSK: `${dayKey(dayOf(id, usedAt))}#${encodeId(id)}`,
})

/** Where a token that is flagged as unused stands there instead: the day of its flag. */
export const flaggedListing = (id: number, flaggedAt: number): { idlePK: string; idleSK: string } => ({
  idlePK: `FLAG#${shardOf(id)}`,
  idleSK: `${dayKey(dayOf(id, flaggedAt))}#${encodeId(id)}`,
})

/** The sort key of the idle index below which every token stands whose instant is not after this one; and others of two days. */
export const idleBound = (instant: number): string => dayKey(Math.floor(instant / 1000 / secondsPerDay) + 2)

/**
 * Whether a token can be as old as that, by its sort key alone: false for all of those others whose day begins later. At most once a
 * token, when sweeps are a day apart, only its row can tell.
 */
export function mayBeIdleSince(idleSK: string, instant: number): boolean {
  const [day = "", id = ""] = idleSK.split("#")
  return Number(day) <= dayOf(decodeBase62(id), instant)
}

/** What begins the sort keys of tokens without an expiry: they stand last, so that a new policy finds them. */
export const neverExpires = "9999-12-31#"

/** Where a token stands in the expiry index. */
export const expiryListing = (id: number, expiresAt: number | undefined): { expiryPK: string; expirySK: string } => ({
  expiryPK: `EXP#${shardOf(id)}`,
  expirySK: `${expiresAt === undefined ? neverExpires : `${new Date(expiresAt).toISOString()}#`}${encodeId(id)}`,
})

/** Between the sort keys of tokens that expire at this very instant, whatever their ids, and those of later ones. */
export const expiryBound = (instant: number): string => `${new Date(instant).toISOString()}$`

/** Where an audit event stands in the list index: its day, spread over eight partitions. */
export const auditShards = 8
export const auditListing = (at: number, id: string, shard: number) => ({
  listPK: `AUD#${new Date(at).toISOString().slice(0, 10).replaceAll("-", "")}#${shard % auditShards}`,
  listSK: id,
})
