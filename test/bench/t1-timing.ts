import { randomBytes } from "node:crypto"
import { type Presented, verdict } from "../../shared/token/verdict.ts"
import { aVerifiableAccount, aVerifiableToken } from "../builders.ts"
import { quantile, rounded } from "./measure.ts"
import type { Scenario } from "./scenario.ts"

const samples = 200_000
/** Calls a sample: one alone is shorter than the clock is fine. */
const batch = 10

export const timing: Scenario = {
  id: "T1",
  title: "what the time of a refusal tells about a digest",
  about:
    `Welch's t over ${samples.toLocaleString("en-US")} refusals whose stored digest differs from the presented one in its first byte, and as many in its last, in random order, without the slowest tenth. ` +
    "Below 4.5 the two can't be told apart. The control compares byte by byte, and ends at the first difference.",
  run: async () => {
    const ours = welchsT(refusal)
    const naive = welchsT(naiveComparison)
    return {
      tables: [
        {
          rows: [
            { comparison: "**Symbolon's verdict**", t: rounded(ours) },
            { comparison: "control: byte by byte", t: rounded(naive) },
          ],
        },
      ],
      figures: [
        { what: "|t| of the verdict", value: Math.abs(ours), gate: 4.5 },
        { what: "|t| of the control", value: Math.abs(naive), gate: 100, atLeast: true },
      ],
    }
  },
}

const presented = randomBytes(32)
const differingIn = (at: number) => {
  const digest = Buffer.from(presented)
  digest[at] = (digest[at] as number) ^ 1
  return digest
}
const digests = [differingIn(0), differingIn(31)] as const

const account = aVerifiableAccount()
const tokens = digests.map((digest) =>
  aVerifiableToken({ accountId: account.id, current: { digest, keyPath: "k1", generation: 1 } }),
)
const proof: Presented = {
  tokenId: tokens[0]?.id ?? 0,
  accountId: account.id,
  mintingKey: "k1",
  digestUnder: () => presented,
  clientAddress: "203.0.113.7",
}
const refusal = (which: 0 | 1): boolean => verdict(proof, tokens[which], account, 0).accepted

function naiveComparison(which: 0 | 1): boolean {
  const stored = digests[which]
  for (let at = 0; at < 32; at++) if (stored[at] !== presented[at]) return false
  return true
}

/** t of two unpaired samples of unequal variance: how far their means are apart, in units of what chance would do. */
function welchsT(operation: (which: 0 | 1) => boolean): number {
  const taken: [number[], number[]] = [[], []]
  const order = randomBytes(2 * samples)
  for (let warm = 0; warm < 50_000; warm++) operation((warm & 1) as 0 | 1)
  for (const byte of order) {
    const which = (byte & 1) as 0 | 1
    const began = process.hrtime.bigint()
    for (let n = 0; n < batch; n++) if (operation(which)) throw new Error("accepted")
    taken[which].push(Number(process.hrtime.bigint() - began))
  }
  // Interruptions are longer than what is measured, and come to either.
  const longest = quantile(taken.flat(), 0.9)
  const [first, last] = taken.map((all) => momentsOf(all.filter((time) => time <= longest)))
  if (!first || !last) return Number.NaN
  return (first.mean - last.mean) / Math.sqrt(first.variance / first.count + last.variance / last.count)
}

function momentsOf(times: readonly number[]) {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length
  const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length - 1)
  return { mean, variance, count: times.length }
}
