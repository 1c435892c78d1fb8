import { createToken, updateToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import { verifier } from "../races/verifier.ts"
import type { Lab } from "./lab.ts"
import type { Scenario } from "./scenario.ts"

const trials = 100

export const revoke: Scenario = {
  id: "B7",
  title: "from a revocation to the first refusal",
  about: `${trials} tokens are revoked, each by the API's own function, and presented right after its answer; then ${trials} more while 50 verifiers present them without a pause. A verification that began after the answer must be refused. Counts, not times.`,
  run: async ({ lab: open }) => {
    const lab = await open()
    const alone = await revoked(lab, 0)
    const beside = await revoked(lab, 50)
    return {
      tables: [{ rows: [rowOf("alone", alone), rowOf("beside 50 verifiers", beside)] }],
      figures: [
        { what: "accepted after the answer, alone", value: alone.acceptedAfter, gate: 0 },
        { what: "accepted after the answer, beside 50 verifiers", value: beside.acceptedAfter, gate: 0 },
        { what: "refused before the revocation", value: alone.refusedBefore + beside.refusedBefore, gate: 0 },
        {
          what: "trials whose next request was refused",
          value: alone.next + beside.next,
          gate: 2 * trials,
          atLeast: true,
        },
      ],
    }
  },
}

interface Counts {
  /** Trials of which the very next request was refused. */
  next: number
  acceptedAfter: number
  refusedBefore: number
  verifications: number
}

const rowOf = (how: string, { next, ...counts }: Counts) => ({
  how,
  trials,
  "refused on the next request": next,
  ...counts,
})

async function revoked({ table }: Lab, verifiers: number): Promise<Counts> {
  const counts = { next: 0, acceptedAfter: 0, refusedBefore: 0, verifications: 0 }
  const clock = frozenClock(Date.now())
  const runtime = fakeRuntime(table.table, clock)
  // An account may have a hundred tokens.
  const { user } = await createUser(runtime, anAdmin(), {
    user_type: "Service",
    name: `revoked beside ${verifiers}`,
    role: "Member",
    teams: [],
  })
  for (let trial = 0; trial < trials; trial++) {
    // Two ids of one millisecond can be the same.
    clock.advance(1)
    const token = await createToken(runtime, anAdmin(), "all", {
      name: `t${trial}`,
      type: "Service",
      user_id: user.user_id,
      expiration: "30d",
      allowed_cidrs: [],
    })
    const verify = verifier(table, token.bearer_token)
    if ((await verify()) === "refused") counts.refusedBefore++
    let answeredAt = Number.POSITIVE_INFINITY
    let over = false
    const verifying = Array.from({ length: verifiers }, async () => {
      while (!over) {
        const began = performance.now()
        const verdict = await verify()
        counts.verifications++
        if (verdict === "accepted" && began > answeredAt) counts.acceptedAfter++
      }
    })
    await updateToken(runtime, anAdmin(), "all", token.id, { active: false })
    answeredAt = performance.now()
    if ((await verify()) === "refused") counts.next++
    else counts.acceptedAfter++
    counts.verifications += 2
    over = true
    await Promise.all(verifying)
  }
  return counts
}
