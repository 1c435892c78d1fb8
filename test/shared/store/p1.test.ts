import fc from "fast-check"
import { beforeAll, expect, test } from "vitest"
import { Problem } from "../../../shared/contract/problems.ts"
import { system } from "../../../shared/store/audit.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import { applyExpiryPolicy } from "../../../shared/store/expiry-policy.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { abortRotation, completeRotation, startRotation } from "../../../shared/store/rotation.ts"
import {
  type AccountItem,
  accountKey,
  type TokenItem,
  type TokenNameItem,
  tokenKey,
} from "../../../shared/store/table.ts"
import { createToken, deleteToken, getToken, updateToken } from "../../../shared/store/tokens.ts"
import { sweepUnusedTokens } from "../../../shared/store/unused.ts"
import { coalesce, recordUsage } from "../../../shared/store/usage.ts"
import { createUser, revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { fakeRuntime, frozenClock } from "../../fakes.ts"
import { day, start } from "../../fleet.ts"
import { judge, usageLine, wordOf } from "../../judge.ts"
import { dynamodbLocal, many, runs, timeout } from "../../rounds.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { type Line, Model, never, policy, type Reasons } from "./p1-model.ts"

/**
 * P1: any sequence of what people, jobs and time do to an account's tokens; after every step, every secret that was ever told is answered
 * as a plain model of the promises says. Its promises' mutants are killed by rotation.test.ts, which is quicker.
 */
let table: TestTable
beforeAll(async () => {
  table = await createTestTable()
})

const minute = 60_000
const hour = 60 * minute
/** Counted from the newest. */
const which = fc.nat(2)
const expiration = fc.constantFrom("7d", "30d", "1y", "never")
const of = <K extends string, F extends Record<string, unknown>>(
  does: K,
  fields: { [P in keyof F]: fc.Arbitrary<F[P]> } = {} as never,
) => fc.record({ does: fc.constant(does), ...fields }) as unknown as fc.Arbitrary<{ does: K } & F>
const compromised = fc.boolean()
const steps = {
  create: of("create", { name: fc.constantFrom("a", "b", "B"), expiration }),
  use: of("use", { which }),
  deliver: of("deliver", { but: fc.nat(1), count: fc.integer({ min: 1, max: 3 }), again: fc.boolean() }),
  rotate: of("rotate", { which, overlap: fc.constantFrom(0, 1, 168), expiration: fc.option(expiration) }),
  complete: of("complete", { which }),
  abort: of("abort", { which }),
  revoke: of("revoke", { which, compromised }),
  restore: of("restore", { which }),
  delete: of("delete", { which }),
  deactivate: of("deactivate"),
  reactivate: of("reactivate"),
  revokeAll: of("revokeAll", { compromised }),
  advance: of("advance", {
    by: fc.constantFrom(
      minute,
      hour - minute,
      hour,
      day,
      7 * day - hour,
      7 * day,
      30 * day - minute,
      30 * day,
      40 * day,
    ),
  }),
  sweep: of("sweep"),
  limit: of("limit", { days: fc.constantFrom(90, 20, 2) }),
  deleteAccount: of("deleteAccount"),
  purge: of("purge"),
}
type Steps = typeof steps
type Step<K extends keyof Steps = keyof Steps> = Steps[K] extends fc.Arbitrary<infer S> ? S : never
/** What most of life is; and what ends everything, seldom. */
const often: Partial<Record<keyof Steps, number>> = {
  ...{
    use: 8,
    deliver: 8,
    rotate: 6,
    advance: 6,
    create: 2,
    complete: 2,
    revoke: 2,
    restore: 3,
    reactivate: 2,
    sweep: 2,
  },
}
const step = fc.oneof(
  ...(Object.keys(steps) as (keyof Steps)[]).map((does) => ({
    weight: often[does] ?? 1,
    arbitrary: steps[does] as fc.Arbitrary<Step>,
  })),
)

/** Now and then what chance alone would seldom string together: a rotation, up to the record of its first use. */
const rotation = fc.tuple(
  steps.rotate,
  of("use", { which: fc.constant(0) }),
  of("deliver", { but: fc.constant(0), count: fc.constant(2), again: fc.boolean() }),
)
const sequences = fc
  .array(
    fc.oneof({ weight: 5, arbitrary: fc.tuple(step) }, { weight: 1, arbitrary: rotation as fc.Arbitrary<Step[]> }),
    {
      maxLength: 10,
      size: "max",
    },
  )
  .map((parts): Step[] => parts.flat())

const newest = <T>(all: readonly T[], n: number): T => all[all.length - 1 - (n % all.length)] as T
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return "done"
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.code
  }
}
let accounts = 0

/** One account on the product, and one in the model. */
async function aWorld(autoRevoke: boolean) {
  const clock = frozenClock(start)
  const runtime = fakeRuntime(table.table, clock)
  const [admin, job] = [anAdmin(), system("p1", "r")]
  const unused = { unused_days: policy.unusedDays, auto_revoke_unused_days: policy.autoRevokeUnusedDays }
  await updateSettings(runtime, admin, { ...unused, auto_revoke_unused: autoRevoke, max_expiry_days: null }, undefined)
  const name = `p1 ${accounts++}`
  const { user } = await createUser(runtime, admin, { user_type: "Service", name, role: "Member", teams: [] })
  const model = new Model(start, autoRevoke)
  let lines: Line[] = []

  /** The product refuses for one of the model's reasons, and where there is none it does what it is asked for. */
  const both = async (reasons: Reasons, act: Promise<unknown>) =>
    expect(reasons.length > 0 ? reasons : ["done"]).toContain(await codeOf(act))
  /** What it issues belongs to the model's newest secret. */
  const issuing = async (reasons: Reasons, act: Promise<{ id: number; bearer_token: string }>) => {
    await both(reasons, act)
    const secret = newest(model.secrets, 0)
    if (reasons.length > 0) return
    const issued = await act
    secret.text = issued.bearer_token
    secret.token.id = issued.id
  }
  const rows = async () => {
    const tokens = await table.table.batchGet<TokenItem>(model.tokens.map(({ id }) => tokenKey(id)))
    return {
      tokens: new Map(tokens.map((row) => [row.id, row])),
      account: await table.table.get<AccountItem>(accountKey(user.id)),
      guards: await table.table.query<TokenNameItem>(accountKey(user.id).PK, "TN#"),
    }
  }

  const doing: { [K in keyof Steps]: (step: Step<K>) => Promise<unknown> } = {
    create: ({ name, expiration }) => {
      const body = { name, type: "Service" as const, user_id: user.user_id, expiration, allowed_cidrs: [] }
      return issuing(model.create(name.toLowerCase(), expiration), createToken(runtime, admin, "all", body))
    },
    use: async ({ which }) => {
      const secret = newest(model.secrets, which)
      const found = await rows()
      const judged = judge(secret.text, found.tokens.get(secret.token.id), found.account, model.now)
      if (judged.accepted) lines.push({ secret, at: model.now, text: usageLine(judged, model.now) })
    },
    deliver: async ({ but, count, again }) => {
      const batch = lines.slice(0, but === 0 ? undefined : -but).slice(-count)
      if (!again) lines = lines.filter((line) => !batch.includes(line))
      model.deliver(batch)
      await recordUsage(runtime, job, coalesce(batch.map(({ text }) => text)))
    },
    rotate: ({ which, overlap, expiration }) => {
      const token = newest(model.tokens, which)
      const body = { overlap_hours: overlap, ...(expiration && { expiration }) }
      const reasons = model.rotate(token, overlap, expiration ?? undefined)
      return issuing(reasons, startRotation(runtime, admin, "all", token.id, body, undefined))
    },
    complete: ({ which }) => {
      const token = newest(model.tokens, which)
      return both(model.complete(token), completeRotation(runtime, admin, "all", token.id, {}))
    },
    abort: ({ which }) => {
      const token = newest(model.tokens, which)
      return both(model.abort(token), abortRotation(runtime, admin, "all", token.id, {}))
    },
    revoke: ({ which, compromised }) => {
      const token = newest(model.tokens, which)
      const act = updateToken(runtime, admin, "all", token.id, { active: false, compromised })
      return both(model.revoke(token, compromised), act)
    },
    restore: ({ which }) => {
      const token = newest(model.tokens, which)
      return both(model.restore(token), updateToken(runtime, admin, "all", token.id, { active: true }))
    },
    delete: ({ which }) => {
      const token = newest(model.tokens, which)
      return both(model.delete(token), deleteToken(runtime, admin, "all", token.id, undefined))
    },
    deactivate: () => both(model.setActive(false), updateUser(runtime, admin, user.id, { active: false }, undefined)),
    reactivate: () => both(model.setActive(true), updateUser(runtime, admin, user.id, { active: true }, undefined)),
    revokeAll: ({ compromised }) =>
      both(model.revokeAll(compromised), revokeTokens(runtime, admin, user.id, { compromised })),
    advance: async ({ by }) => {
      clock.advance(by)
      model.now += by
    },
    sweep: async () => {
      model.sweep()
      await sweepUnusedTokens(runtime, job)
    },
    limit: async ({ days }) => {
      await updateSettings(runtime, admin, { max_expiry_days: days }, undefined)
      model.limit(days)
      await applyExpiryPolicy(runtime, job)
    },
    deleteAccount: () => both(model.deleteAccount(), deleteUser(runtime, admin, user.id, undefined)),
    purge: async () => {
      model.purge()
      await purgeDeletedAccounts(runtime, job)
    },
  }

  /** Every secret's answer; every token's status, expiry and rotation; and that names and tokens are one to one. */
  const compare = async () => {
    const { tokens, account, guards } = await rows()
    const answers = model.secrets.map(({ text, token }) =>
      wordOf(judge(text, tokens.get(token.id), account, model.now)),
    )
    expect(answers).toEqual(model.secrets.map((secret) => model.answer(secret)))
    for (const answer of answers) answered.add(answer)
    const there = model.existing()
    expect(guards.map(({ SK, tokenId }) => `${SK} ${tokenId}`).sort()).toEqual(
      there.map(({ name, id }) => `TN#${name} ${id}`).sort(),
    )
    expect([...tokens.keys()].sort()).toEqual(there.map(({ id }) => id).sort())
    expect(account?.tokens).toBe(model.account === "gone" ? undefined : there.length)
    for (const token of there) {
      const { status, expiration, rotation } = await getToken(runtime, admin, "all", token.id)
      const expiresAt = expiration === null ? never : Date.parse(expiration)
      const expected = { status: model.status(token), expiresAt: token.expiresAt, rotation: model.rotation(token) }
      expect({ status, expiresAt, rotation: rotation?.state ?? "none" }).toEqual(expected)
      // The policy and the reminders find a token by its place in the index.
      const place = token.expiresAt === never ? "9999-12-31#" : `${new Date(token.expiresAt).toISOString()}#`
      expect(tokens.get(token.id)?.expirySK.slice(0, place.length)).toBe(place)
    }
  }
  return { act: (step: Step) => (doing[step.does] as (step: Step) => Promise<unknown>)(step), compare, model, clock }
}

const answered = new Set<string>()

async function live(autoRevoke: boolean, sequence: readonly Step[]): Promise<void> {
  const { act, compare } = await aWorld(autoRevoke)
  const end: Step[] = [{ does: "deactivate" }, { does: "deleteAccount" }, { does: "purge" }]
  for (const step of [{ does: "create", name: "a", expiration: "30d" } as Step, ...sequence, ...end]) {
    await act(step)
    await compare()
  }
}

/** What has to be tried each time, however chance has it. */
const rotated: Step[] = [
  { does: "rotate", which: 0, overlap: 1, expiration: null },
  { does: "use", which: 0 },
]
const delivered: Step = { does: "deliver", but: 0, count: 3, again: true }
const known: [boolean, Step[]][] = [
  [false, [...rotated, delivered, { does: "advance", by: hour - minute }, { does: "advance", by: minute }]],
  [false, [...rotated, { does: "abort", which: 0 }, ...rotated.slice(0, 1), delivered]],
  [false, [...rotated.slice(0, 1), { does: "use", which: 1 }, delivered]],
  [false, [...rotated, { does: "revoke", which: 0, compromised: false }, delivered, { does: "restore", which: 0 }]],
  [false, [...rotated, { does: "revokeAll", compromised: true }, delivered, { does: "restore", which: 0 }]],
  [true, [{ does: "advance", by: 40 * day }, { does: "sweep" }]],
]

test("P1 every secret is answered as the model says, and P2 names and tokens are one to one, after every step of any sequence", {
  timeout: timeout(300_000),
}, async () => {
  await fc.assert(fc.asyncProperty(fc.boolean(), sequences, live), {
    ...runs(dynamodbLocal ? 60 : 300, dynamodbLocal ? 600 : 10_000),
    examples: known,
  })
  if (many(300) >= 300 && !dynamodbLocal)
    expect([...answered].sort()).toEqual([
      ...["account-inactive", "current", "invalid-token", "pending", "previous"],
      ...["token-expired", "token-revoked", "token-superseded"],
    ])
})
