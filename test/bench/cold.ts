import { statSync } from "node:fs"
import { toldBy } from "./child.ts"
import { interleaved, median, quantile, ratioOf, rounded, type Sample, valuesOf } from "./measure.ts"
import type { Row } from "./scenario.ts"

export interface ColdSubject {
  name: string
  /** A bundle that exports `handler`. */
  file: string
  environment: Record<string, string>
}

/** Starts a process with this bundle, and waits for its first good answer. `total`: milliseconds from the start of the process to it. */
async function coldStart({ file, environment }: ColdSubject): Promise<Sample> {
  const env = { ...environment, SUBJECT: file }
  const { told, startedAt } = await toldBy<Sample & { answeredAt: string }>("cold.cjs", env)
  const { answeredAt, ...sample } = told
  return { total: Number(BigInt(answeredAt) - startedAt) / 1e6, ...sample }
}

export interface Cold {
  rows: (Row & { subject: string })[]
  /** The median of `key`, of a subject. */
  of: (name: string, key: string) => number
  /** One against another: `ratioOf`. */
  ratio: (one: string, other: string, key: string) => number
}

/** Cold starts of all, interleaved. `keys` are columns of medians; the first one has its p10 beside it. */
export async function coldStarts(subjects: readonly ColdSubject[], rounds: number, keys: string[]): Promise<Cold> {
  const samples = await interleaved(
    subjects.map((subject) => ({ name: subject.name, once: () => coldStart(subject) })),
    rounds,
  )
  const of = (name: string, key: string) => median(valuesOf(samples.get(name) ?? [], key))
  const rows = subjects.map(({ name, file }) => ({
    subject: name,
    "bundle, KB": rounded(statSync(file).size / 1024),
    ...Object.fromEntries(
      keys.flatMap((key, at) => {
        const values = valuesOf(samples.get(name) ?? [], key)
        const p10 = at === 0 ? [[`${key}, p10`, rounded(quantile(values, 0.1))]] : []
        return [[key, rounded(median(values))], ...p10]
      }),
    ),
  }))
  return { rows, of, ratio: (one, other, key) => ratioOf(samples, one, other, key) }
}
