// Long because it is one list: every object and field of the API.
import * as z from "zod/mini"
import { cidr } from "./cidr.ts"
import { permissions, roles } from "./permissions.ts"
import { containsToken } from "./scanner.ts"

/**
 * The objects and fields of the API, as schemas. `zod/mini`, since the full import costs a Lambda 32 ms.
 * A check's message is fixed text: it is answered to the caller, who may have put a secret where a name belongs.
 */

const noTokens = "must not hold a bearer token"

/** Half of a surrogate pair has no UTF-8: the table would not take it. */
const wellFormed = z.refine<string>((value) => value.isWellFormed(), "must be well-formed Unicode")

const characters = (text: string): number => [...text].length

const text = (least: number, most: number) =>
  z.string().check(
    z.trim(),
    wellFormed,
    z.normalize("NFC"),
    z.refine(
      (value) => characters(value) >= least && characters(value) <= most,
      `must have ${least} to ${most} characters`,
    ),
    z.refine((value) => !/\p{Cc}/u.test(value), "must have no control characters"),
    z.refine((value) => !containsToken(value), noTokens),
  )

const name = text(1, 100)
const teamName = text(1, 64)
/** Free text that people read: why, what for. */
const note = text(0, 500)
export const reason = z.optional(note)
export const email = z.string().check(
  // First of all: beyond ASCII there are letters that turn into others when they are lower-cased, and white space that is trimmed.
  z.refine((value) => /^[\x20-\x7e]*$/.test(value), "must be an email address"),
  z.trim(),
  // Before it is lower-cased, which would hide a token and keep most of its secret.
  z.refine((value) => !containsToken(value), noTokens),
  z.toLowerCase(),
  z.maxLength(254, "must have at most 254 characters"),
  z.email("must be an email address"),
)
/** As somebody names an account: longer than any user_id can be, shorter than a key may be. */
export const userId = z.optional(z.string().check(z.maxLength(300, "must have at most 300 characters"), wellFormed))
const role = z.enum(roles)
const userType = z.enum(["Service", "User"])
const id = z.int().check(z.positive())
const instant = z.iso.datetime()

export const user = z.strictObject({
  id,
  user_id: z.string(),
  user_name: z.string(),
  email: z.string(),
  name: z.string(),
  user_type: userType,
  role,
  teams: z.array(z.string()),
  purpose: z.nullable(z.string()),
  active: z.boolean(),
  status: z.enum(["active", "inactive", "deleting"]),
  created_at: instant,
  created_by_id: z.int(),
  last_used: z.nullable(instant),
  bound: z.boolean(),
})
export type User = z.output<typeof user>

export const me = z.strictObject({
  ...user.shape,
  permissions: z.array(z.enum(Object.keys(permissions) as [keyof typeof permissions, ...(keyof typeof permissions)[]])),
  token: z.strictObject({ id, handle: z.string(), name: z.string(), expiration: z.nullable(instant) }),
})

/** Names may repeat, and mean one team: how many teams they are is counted by key, in shared/store/teams.ts. */
const teamList = z.array(teamName).check(z.maxLength(100, "must have at most 100 entries"))

export const newUser = z.strictObject({
  user_type: z._default(userType, "Service"),
  name,
  role,
  teams: z._default(teamList, []),
  email: z.optional(email),
  purpose: z.optional(note),
  reason,
})

/** Absent leaves a field as it is; null empties it (a service account's email then is the stage's address again). */
export const userChanges = z.strictObject({
  name: z.optional(name),
  role: z.optional(role),
  teams: z.optional(teamList),
  email: z.optional(z.nullable(email)),
  purpose: z.optional(z.nullable(note)),
  active: z.optional(z.boolean()),
  unbind: z.optional(z.literal(true)),
  reason,
})

/** What a client has got from the stage's issuer. Of any shape: that it is no ID token is a refusal like any other. */
export const newSession = z.strictObject({ id_token: z.string() })

export const session = z.strictObject({ bearer_token: z.string(), expiration: z.iso.datetime(), user })

export const tokensRevocation = z.strictObject({ compromised: z._default(z.boolean(), false), reason })

export const tokenStatus = z.enum(["active", "revoked", "expired", "account-inactive"])
export const tokenFlag = z.enum(["unused", "expiring", "never-expires"])

/** A token that has two secrets: which both work, until the old one is superseded or the new one dropped. */
export const rotation = z.strictObject({
  state: z.enum(["pending", "overlapping"]),
  since: instant,
  until: instant,
  new_expiration: z.nullable(instant),
  old_last_used: z.nullable(instant),
  old_network: z.nullable(z.string()),
})
export type Rotation = z.output<typeof rotation>

export const token = z.strictObject({
  id,
  name: z.string(),
  type: z.enum(["Service", "Personal"]),
  active: z.boolean(),
  status: tokenStatus,
  expiration: z.nullable(instant),
  last_used: z.nullable(instant),
  handle: z.string(),
  allowed_cidrs: z.array(z.string()),
  created_at: instant,
  created_by_id: z.int(),
  flags: z.array(tokenFlag),
  rotation: z.nullable(rotation),
  user: z.strictObject({ id, user_id: z.string(), name: z.string(), user_type: userType }),
})
export type Token = z.output<typeof token>

export const issuedToken = z.strictObject({ ...token.shape, bearer_token: z.string() })

/** A revoked personal token tells how many tokens that were made with it still work. */
export const updatedToken = z.strictObject({ ...token.shape, children: z.optional(z.int()) })

/** Before a revocation or a deactivation: who uses it, from where, and what would be refused. */
export const impact = z.strictObject({
  last_used: z.nullable(instant),
  networks: z.array(z.strictObject({ network: z.string(), last_used: instant })),
  stops: z.array(
    z.strictObject({
      id,
      name: z.string(),
      type: token.shape.type,
      handle: z.string(),
      last_used: z.nullable(instant),
      network: z.nullable(z.string()),
    }),
  ),
  children: z.int(),
})
export type Impact = z.output<typeof impact>

const teamKey = z.string().check(z.regex(/^[a-z0-9_]{1,32}$/, "must be the key of a team"))

export const team = z.strictObject({
  key: teamKey,
  name: z.string(),
  uses: z.int(),
  created_at: instant,
  created_by_id: z.int(),
})
export type Team = z.output<typeof team>

export const newTeam = z.strictObject({ name: teamName, reason })

/** A protected resource that shows roles and teams at work; kept small on purpose. */
export const datastore = z.strictObject({
  id,
  name: z.string(),
  team: z.string(),
  created_at: instant,
  created_by_id: z.int(),
})
export type Datastore = z.output<typeof datastore>

export const newDatastore = z.strictObject({ name, team: z._default(teamName, "Public"), reason })

export const container = z.strictObject({
  id,
  datastore_id: id,
  name: z.string(),
  created_at: instant,
  created_by_id: z.int(),
})
export type Container = z.output<typeof container>

export const newContainer = z.strictObject({ name, reason })

const whole = (least: number, most: number) => {
  const message = `must be an integer from ${least} to ${most}`
  return z.int(message).check(z.minimum(least, message), z.maximum(most, message))
}
const mostDays = 3650
/** Each time a schema of its own: by it the documents tell one field from another (descriptions.ts). */
const days = () => whole(1, mostDays)

export const settings = z.strictObject({
  allow_never: z.boolean(),
  max_expiry_days: z.nullable(days()),
  unused_days: days(),
  expiring_days: days(),
  auto_revoke_unused: z.boolean(),
  auto_revoke_unused_days: days(),
  max_tokens_per_account: whole(1, 1000),
})
export type Settings = z.output<typeof settings>

export const updatedSettings = z.strictObject({ ...settings.shape, applying: z.int() })

/** Absent leaves a setting as it is; null empties the one that can be empty. */
export const settingsChanges = z.strictObject({ ...z.partial(settings).shape, reason })

/** A number of a URL, from 1 on: query parameters are text until here. */
export const wholeText = (most: number) =>
  z.pipe(
    z
      .string()
      .check(
        z.refine((text) => /^[1-9]\d{0,3}$/.test(text) && Number(text) <= most, `must be an integer from 1 to ${most}`),
      ),
    z.transform((digits) => Number(digits)),
  )
export const maxExpiryDays = wholeText(mostDays)

export const shortenedToken = z.strictObject({ ...token.shape, new_expiration: z.iso.datetime() })

/** Whoever did it, or had it done to it. The system's own deeds have the id 0. */
const party = { id: z.int(), user_id: z.string() }
const auditInstant = z.iso.datetime({ precision: 3 })

export const auditEvent = z.strictObject({
  id: z.string(),
  at: auditInstant,
  action: z.string(),
  outcome: z.string(),
  actor: z.strictObject({ ...party, handle: z.nullable(z.string()) }),
  subject: z.strictObject({ ...party, handle: z.nullable(z.string()) }),
  ip: z.string(),
  user_agent: z.string(),
  request_id: z.string(),
  reason: z.nullable(z.string()),
  before: z.record(z.string(), z.unknown()),
  after: z.record(z.string(), z.unknown()),
})
export type AuditEvent = z.output<typeof auditEvent>

const rfc3339 = z.iso.datetime({ offset: true, error: "must be an RFC 3339 instant" })
export const auditFilters = {
  user_id: userId,
  action: z.optional(z.string().check(z.regex(/^[a-z]+\.[a-z-]+$/, "must be an action such as token.revoked"))),
  from: z.optional(rfc3339),
  to: z.optional(rfc3339),
}

const allowedCidrs = z.array(cidr).check(z.maxLength(50, "must have at most 50 entries"))

export const newToken = z.strictObject({
  name,
  type: z.enum(["Service", "Personal"]),
  user_id: userId,
  /** Turned into an instant by `shared/store/instants.ts`, where the clock and the policy are. */
  expiration: z.string().check(z.maxLength(40, "is too long")),
  allowed_cidrs: z._default(allowedCidrs, []),
  reason,
})

export const tokenChanges = z
  .strictObject({
    active: z.optional(z.boolean()),
    compromised: z.optional(z.boolean()),
    allowed_cidrs: z.optional(allowedCidrs),
    reason,
  })
  .check(
    z.refine((body) => (body.active === undefined) !== (body.allowed_cidrs === undefined), {
      message: "must have exactly one of active and allowed_cidrs",
    }),
    z.refine((body) => body.compromised === undefined || body.active === false, {
      path: ["compromised"],
      message: "goes with active: false only",
    }),
  )

const mostOverlapHours = 720
const overlapHours = whole(0, mostOverlapHours)

export const newRotation = z.strictObject({
  overlap_hours: z._default(overlapHours, 168),
  /** As at creation; absent: as long as the token was given before. */
  expiration: z.optional(z.string().check(z.maxLength(40, "is too long"))),
  reason,
})

export const rotationEnd = z.strictObject({ reason })

export const page = <T extends z.ZodMiniType>(item: T) =>
  z.strictObject({ items: z.array(item), next_cursor: z.nullable(z.string()) })

/** `limit` and `cursor`, as every list has them. */
export const paging = { limit: z._default(wholeText(100), 50), cursor: z.optional(z.string()) }
/** A case-insensitive part of what people recognize a row by. */
export const part = z.optional(
  z.string().check(z.normalize("NFC"), z.maxLength(100, "must have at most 100 characters")),
)
export const filters = { role: z.optional(role), userType: z.optional(userType), team: z.optional(teamName) }
