import type { Caller } from "../contract/caller.ts"
import type { Reply } from "../contract/endpoints.ts"
import { measured } from "../contract/metrics.ts"
import { Problem } from "../contract/problems.ts"
import type { SignInRefusal } from "../contract/sign-in.ts"
import type { Runtime } from "../runtime.ts"
import { newId } from "../token/format.ts"
import { findAccountByEmail, readAccount, subjectKeyOf } from "./accounts.ts"
import { type Actor, audit, type Origin, unknown } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { claim } from "./idempotency.ts"
import { instantOf, wholeSecond } from "./instants.ts"
import { newSecret } from "./secrets.ts"
import { handleOfToken } from "./shown-token.ts"
import { absent, check, put, type Step, update, where } from "./steps.ts"
import { type AccountItem, accountKey, type Identity, type IdentityItem, type SessionItem, tokenKey } from "./table.ts"
import { teamNames } from "./teams.ts"
import { present } from "./users.ts"

/** Who an ID token proves, as the issuer has signed it: functions/id-token.ts verifies. */
export interface ProvenIdentity extends Identity {
  /** Verified by the issuer, or by the stage's word for it. */
  email: string
  /** SHA-256 of what was signed, in hex: names this one ID token, however its signature is written. */
  tokenHash: string
}

export type Proof = { identity: ProvenIdentity } | { refused: SignInRefusal }

const sessionMilliseconds = 8 * 3_600_000

/**
 * Exchanges an ID token, once, for a session of the human that it proves: whom its issuer and subject are bound to; else the active
 * human of its email whom nobody is bound to yet, who is bound to it from now on. Every refusal is one answer, sign-in-refused, and an
 * audit event with the reason.
 */
export async function signIn(runtime: Runtime, origin: Origin, proof: Proof): Promise<Reply<"sign-in/create">> {
  try {
    if ("refused" in proof) throw new Refused(proof.refused)
    return await retrying(() => exchange(runtime, origin, proof.identity))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    throw await refuse(runtime, origin, error, "identity" in proof ? proof.identity.email : undefined)
  }
}

class Refused extends Error {
  readonly reason: SignInRefusal
  readonly account: AccountItem | undefined

  constructor(reason: SignInRefusal, account?: AccountItem) {
    super(reason)
    this.reason = reason
    this.account = account
  }
}

/** Before its event is written nobody is refused: a table that is out of reach is 503. */
async function refuse(runtime: Runtime, origin: Origin, { reason, account }: Refused, email: string | undefined) {
  const subject = account ? { account } : { signIn: true as const }
  const after = { reason, ...(email !== undefined && { email }) }
  await runtime.table.transact([
    audit(runtime, unknown(origin), {
      action: "account.sign-in-refused",
      ...subject,
      outcome: "failure",
      before: {},
      after,
    }),
  ])
  runtime.log({
    event: "sign-in.refused",
    requestId: origin.requestId,
    ...measured("Count", { SignInRefused: 1 }, runtime.stage.name, runtime.now()),
  })
  return new Problem("sign-in-refused")
}

async function exchange(runtime: Runtime, origin: Origin, identity: ProvenIdentity) {
  const human = await findHuman(runtime, identity)
  const { issuer, subject, tokenHash } = identity
  const binds = human.binding === undefined
  const binding = { issuer, subject }
  const account: AccountItem = binds ? { ...human, binding, version: human.version + 1 } : human
  const now = runtime.now()
  const id = newId(now, runtime.randomBytes(2))
  const { bearerToken, secret } = await newSecret(runtime, "Session", account.id, id)
  const expiresAt = wholeSecond(now + sessionMilliseconds)
  const session: SessionItem = {
    ...tokenKey(id),
    id,
    accountId: account.id,
    name: "session",
    type: "Session",
    state: "ACTIVE",
    epoch: account.epoch,
    current: { ...secret, generation: 1 },
    expiresAt,
    ttl: expiresAt / 1000,
    networks: {},
    version: 1,
    createdAt: now,
    createdById: account.id,
  }
  const handle = handleOfToken(session)
  const usedBefore = () => new Refused("used-before", human)
  const expiration = instantOf(expiresAt)
  const user = present(runtime, account, await teamNames(runtime, [account]))
  await runtime.table.transact([
    claim(runtime, { principal: 0, keyHash: tokenHash, requestHash: "" }, { tokenId: id }, usedBefore),
    ...(binds ? bindingSteps(human, binding) : [sameHuman(human)]),
    put(session, absent, () => new Conflict("an id was drawn twice")),
    audit(
      runtime,
      { ...origin, accountId: account.id, userId: account.userId, handle },
      {
        action: "account.signed-in",
        account,
        handle,
        before: {},
        after: { expiration, ...(binds && { binding }) },
      },
    ),
  ])
  return { bearer_token: bearerToken, expiration, user }
}

/**
 * The human that an identity is, or may become. Guards only find them: what counts is the account, in one read of its own. Service
 * accounts hold no email guard, so there is no way in for them.
 */
async function findHuman(runtime: Runtime, { issuer, subject, email }: ProvenIdentity): Promise<AccountItem> {
  const guard = await runtime.table.get<IdentityItem>(subjectKeyOf({ issuer, subject }))
  const human = guard
    ? await runtime.table.get<AccountItem>(accountKey(guard.accountId))
    : await findAccountByEmail(runtime, email)
  if (!human) throw new Refused("unknown-human")
  if (human.state !== "ACTIVE") throw new Refused("account-inactive", human)
  const { binding } = human
  if (binding && (binding.issuer !== issuer || binding.subject !== subject))
    throw new Refused("bound-to-another", human)
  // Whose email was found is not yet whose it is now: one that has changed hands since binds nobody.
  if (!binding && human.email !== email) throw new Conflict("its email, or its binding, has changed since it was found")
  return human
}

/** For the account as it was read: active, its email unchanged, and nobody else's. */
const bindingSteps = (human: AccountItem, binding: Identity): Step[] => [
  put(
    { ...subjectKeyOf(binding), accountId: human.id },
    where("attribute_not_exists(#PK) OR #accountId = :id", { id: human.id }),
    lost,
  ),
  update(
    accountKey(human.id),
    { set: { binding } satisfies Partial<AccountItem>, add: { version: 1 } },
    where("#version = :version AND #epoch = :epoch", { version: human.version, epoch: human.epoch }),
    lost,
  ),
]

/** Active, of the epoch that the session will have, and still who it was bound to. */
const sameHuman = ({ id, epoch, binding }: AccountItem): Step =>
  check(
    accountKey(id),
    where("#state = :active AND #epoch = :epoch AND #binding = :binding", { active: "ACTIVE", epoch, binding }),
    lost,
  )

const lost = () => new Conflict("the account has changed")

/** Ends the session that the caller comes with. Throws not-found for any other token, which is revoked where it is listed. */
export const signOut = (runtime: Runtime, caller: Caller & Actor, reason: string | undefined): Promise<void> =>
  retrying(async () => {
    const session = await runtime.table.get<SessionItem>(tokenKey(caller.tokenId))
    if (session?.type !== "Session") throw new Problem("not-found")
    if (session.state === "REVOKED") return
    const account = await readAccount(runtime, session.accountId)
    await runtime.table.transact([
      update(
        tokenKey(session.id),
        { set: { state: "REVOKED" }, add: { version: 1 } },
        where("#state = :active", { active: "ACTIVE" }),
        () => new Conflict("signed out meanwhile"),
      ),
      audit(runtime, caller, {
        action: "token.revoked",
        account,
        handle: caller.handle,
        reason,
        before: { active: true },
        after: { active: false },
      }),
    ])
  })
