import * as z from "zod/mini"
import { auditEvent, settings } from "./objects.ts"
import { roles } from "./permissions.ts"
import { signInRefusals } from "./sign-in.ts"

/**
 * What changed, before and after, for each thing that happens: an event of the audit trail, which is published as it stands on the
 * stage's EventBridge bus. Only what changed is there; never a digest, and never a token.
 */
interface EventShape {
  /** What has happened, in a line: for the documents. */
  says: string
  before: z.ZodMiniType
  after: z.ZodMiniType
}

const nothing = z.strictObject({})
const instant = z.iso.datetime()
const name = z.strictObject({ name: z.string() })
const status = (value: "inactive" | "deleting") => z.strictObject({ status: z.literal(value) })
const active = <T extends boolean>(value: T) => z.strictObject({ active: z.literal(value) })
const expiration = z.nullable(instant)
const handles = z.array(z.string())

/** Teams are keys here, and `email` and `purpose` null where there is none. */
const account = {
  name: z.string(),
  role: z.enum(roles),
  teams: z.array(z.string()),
  email: z.nullable(z.string()),
  purpose: z.nullable(z.string()),
}
/** `bound`: whether an identity of the stage's issuer is; it is unbound by hand. */
const accountChange = z.partial(z.strictObject({ ...account, bound: z.boolean() }))
const tokenChange = z.partial(z.strictObject({ allowed_cidrs: z.array(z.string()), expiration }))
const settingsChange = z.partial(settings)
const revocation = z.partial(z.strictObject({ active: z.boolean(), compromised: z.boolean() }))

/** THE table of events. A key is the audit event's `action`, and the `detail-type` on the bus. */
export const events = {
  "account.created": {
    says: "An account was made",
    before: nothing,
    after: z.strictObject({
      user_id: z.string(),
      user_type: z.enum(["Service", "User"]),
      ...account,
      email: z.optional(z.string()),
      purpose: z.optional(z.string()),
    }),
  },
  "account.updated": { says: "An account was changed", before: accountChange, after: accountChange },
  "account.deactivated": { says: "An account was deactivated", before: active(true), after: active(false) },
  "account.reactivated": { says: "An account was reactivated", before: active(false), after: active(true) },
  "account.tokens-revoked": {
    says: "All tokens of an account were revoked",
    before: nothing,
    after: z.strictObject({ revoked: z.optional(z.int()), compromised: z.optional(z.boolean()) }),
  },
  "account.deleting": {
    says: "The deletion of an account began",
    before: status("inactive"),
    after: status("deleting"),
  },
  "account.deleted": {
    says: "An account is gone, with all of its tokens",
    before: z.strictObject({ user_id: z.string() }),
    after: nothing,
  },
  "account.signed-in": {
    says: "A human signed in: an ID token was exchanged for a session, which the handle names",
    before: nothing,
    after: z.strictObject({
      expiration: instant,
      /** Whom the human is bound to by this one, their first. */
      binding: z.optional(z.strictObject({ issuer: z.string(), subject: z.string() })),
    }),
  },
  "account.sign-in-refused": {
    says: "A sign-in was refused, for a reason that nobody else is told",
    before: nothing,
    after: z.strictObject({ reason: z.enum(signInRefusals), email: z.optional(z.string()) }),
  },
  "token.created": {
    says: "A token was made",
    before: nothing,
    after: z.strictObject({ name: z.string(), type: z.enum(["Service", "Personal"]), expiration }),
  },
  "token.updated": { says: "A token's networks, or its expiry, were changed", before: tokenChange, after: tokenChange },
  "token.revoked": {
    says: "A token was revoked, or reported as compromised",
    before: revocation,
    after: revocation,
  },
  "token.restored": {
    says: "A revoked token was restored",
    before: z.strictObject({ active: z.literal(false), expiration: z.optional(expiration) }),
    after: z.strictObject({ active: z.literal(true), expiration: z.optional(expiration) }),
  },
  "token.deleted": {
    says: "A token was deleted; with its account, several at once, by their handles",
    before: z.partial(z.strictObject({ name: z.string(), handles })),
    after: nothing,
  },
  "token.rotation-started": {
    says: "A token got a second secret, which waits for its first use",
    before: nothing,
    after: z.strictObject({ generation: z.int(), expiration, overlap_hours: z.int() }),
  },
  "token.rotated": {
    says: "The new secret of a token was used, and is the current one; the old one ends with the overlap",
    before: z.strictObject({ generation: z.int(), expiration }),
    after: z.strictObject({ generation: z.int(), expiration, superseded_at: instant }),
  },
  "token.rotation-completed": {
    says: "The overlap of a rotation was ended: the old secret of the token is refused",
    before: z.strictObject({ generation: z.int(), superseded_at: instant }),
    after: z.strictObject({ superseded_at: instant }),
  },
  "token.rotation-aborted": {
    says: "The new secret of a token was dropped before it was used",
    before: z.strictObject({ generation: z.int() }),
    after: nothing,
  },
  "token.unused": {
    says: "A token has not been used for as many days as the settings say",
    before: nothing,
    after: z.strictObject({ last_used: z.nullable(instant), unused_days: z.int() }),
  },
  "token.expiring": {
    says: "A token expires within 30, 7 or 1 days",
    before: nothing,
    after: z.strictObject({ days: z.union([z.literal(30), z.literal(7), z.literal(1)]), expiration: instant }),
  },
  "token.new-network": {
    says: "A token was used from networks that it had not been used from before",
    before: nothing,
    after: z.strictObject({ networks: z.array(z.string()) }),
  },
  "auth.failed-burst": {
    says: "Credentials from a network, or a few, were refused again and again",
    before: nothing,
    after: z.strictObject({ refused: z.int(), since: instant, networks: z.array(z.string()), handles }),
  },
  "team.created": { says: "A team was made", before: nothing, after: name },
  "team.deleted": { says: "A team was deleted", before: name, after: nothing },
  "settings.updated": { says: "The settings of the stage were changed", before: settingsChange, after: settingsChange },
  "keyring.key-added": {
    says: "A key was added to the keyring: it digests the tokens that are made from then on",
    before: nothing,
    after: z.strictObject({ key: z.string(), mint_from: instant }),
  },
  "keyring.rewrapped": {
    says: "Digests of tokens that nobody has used since were digested once more, under the newest key",
    before: nothing,
    after: z.strictObject({ key: z.string(), rows: z.int() }),
  },
  "keyring.key-retired": {
    says: "A key that no token needs any more was taken out of the keyring",
    before: z.strictObject({ key: z.string() }),
    after: nothing,
  },
  "review.signed": {
    says: "An access review was signed off",
    before: nothing,
    after: z.strictObject({ hash: z.string(), accounts: z.int(), tokens: z.int() }),
  },
  "datastore.created": {
    says: "A datastore was made",
    before: nothing,
    after: z.strictObject({ name: z.string(), team: z.string() }),
  },
  "container.created": {
    says: "A container was made in a datastore",
    before: nothing,
    after: z.strictObject({ id: z.int(), name: z.string() }),
  },
} as const satisfies Record<string, EventShape>

export type EventType = keyof typeof events
export type Before<T extends EventType> = z.output<(typeof events)[T]["before"]>
export type After<T extends EventType> = z.output<(typeof events)[T]["after"]>

export const eventRows = Object.entries(events) as [EventType, EventShape][]

/** An event of the audit trail, whole: what the API lists, and the `detail` of an event on the bus. */
export const eventDetail = (type: EventType) =>
  z.strictObject({
    ...auditEvent.shape,
    action: z.literal(type),
    before: events[type].before,
    after: events[type].after,
  })
