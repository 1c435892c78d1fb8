import { beforeAll, expect, test } from "vitest"
import { createToken, deleteToken, updateToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"
import { isLinearizable, type Operation } from "./linearizable.ts"
import { verifier } from "./verifier.ts"

/** R2. Kills the mutants r2-cached-rows and r2-state-unchecked. */
const verifiers = 6
let table: TestTable

beforeAll(async () => {
  table = await createTestTable()
})

test("R2 no verification that begins after a revocation was acknowledged is accepted", async () => {
  const runtime = fakeRuntime(table.table, frozenClock(Date.now()))
  const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name: "r2", role: "Member", teams: [] })
  const races = rounds(60, 100_000, { of: "verifications", inLong: 1_000_000 })
  for (const round of races) {
    const token = await createToken(runtime, anAdmin(), "all", {
      name: `t${round}`,
      type: "Service",
      user_id: user.user_id,
      expiration: "30d",
      allowed_cidrs: [],
    })
    const history: Operation[] = []
    let refusals = 0
    const verify = verifier(table, token.bearer_token)
    const verifying = Array.from({ length: verifiers }, async () => {
      // Until well after the acknowledgement: each verifier has seen a few refusals.
      for (let seen = 0; seen < 5; races.counted++) {
        const start = performance.now()
        const kind = await verify()
        history.push({ kind, start, end: performance.now() })
        if (kind === "refused") refusals++
        seen = kind === "refused" ? seen + 1 : seen
        if (history.length > 5000) throw new Error("never refused")
      }
    })
    // Begin somewhere in the middle of the traffic: after a number of verifications, not after a time.
    while (history.length < 5 + (round % 25)) await new Promise(setImmediate)
    const start = performance.now()
    await updateToken(fakeRuntime(table.table), anAdmin(), "all", token.id, { active: false })
    history.push({ kind: "revoke", start, end: performance.now() })
    await Promise.all(verifying)
    expect(refusals).toBe(verifiers * 5)
    expect(isLinearizable(history)).toBe(true)
    await updateToken(runtime, anAdmin(), "all", token.id, { active: true })
    expect(await verify()).toBe("accepted")
    await updateToken(runtime, anAdmin(), "all", token.id, { active: false })
    expect(await verify()).toBe("refused")
    // An account has a hundred tokens and no more.
    await deleteToken(runtime, anAdmin(), "all", token.id, undefined)
  }
  expect(races.counted).toBeGreaterThan(races.done * verifiers * 5)
})
