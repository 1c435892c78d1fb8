/** How figures are made: what is compared runs in one process's one run, in rounds, in random order in each. */

/** What one execution measured, by name: milliseconds, microseconds, counts. */
export type Sample = Record<string, number>

export interface Subject {
  name: string
  once: () => Promise<Sample>
}

/**
 * Runs every subject once a round. The first round only warms up what they share: caches of the file system, the engine. A dot a round
 * tells that it goes on.
 */
export async function interleaved(subjects: readonly Subject[], rounds: number): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(subjects.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, once } of shuffled(subjects)) {
      const sample = await once()
      if (round > 0) samples.get(name)?.push(sample)
    }
    process.stderr.write(".")
  }
  process.stderr.write("\n")
  return samples
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((entry) => ({ entry, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ entry }) => entry)
}

/** The value below which so much of the list is: `quantile(list, 0.5)` is the median. */
export function quantile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (list: readonly number[]): number => quantile(list, 0.5)

/** One of the measured, over all samples. */
export const valuesOf = (samples: readonly Sample[], key: string): number[] =>
  samples.map((sample) => sample[key] ?? Number.NaN)

/**
 * How much of `key` one subject takes against another: the median of the rounds' ratios. Both ran within moments in each round, so
 * a machine that gets slower and faster again is the same to both.
 */
export function ratioOf(samples: ReadonlyMap<string, readonly Sample[]>, one: string, other: string, key: string) {
  const values = (name: string) => valuesOf(samples.get(name) ?? [], key)
  const others = values(other)
  return median(values(one).map((value, round) => value / (others[round] ?? Number.NaN)))
}

/** Three digits that count. */
export const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(3)) : value)

/** Something that is over in microseconds. */
export interface Operation {
  name: string
  once: () => unknown
}

const blockMilliseconds = 25

/**
 * Runs each operation in blocks of 25 ms, a block a round. Answers microseconds an operation: `wall` on the clock, `cpu` of all
 * threads, since some work in others.
 */
export async function inBlocks(operations: readonly Operation[], rounds: number): Promise<Map<string, Sample[]>> {
  const sizes = new Map<string, number>()
  for (const { name, once } of operations) {
    // Four blocks of warming up tell how many are a block.
    const began = performance.now()
    let done = 0
    do {
      await once()
      done++
    } while (performance.now() - began < 4 * blockMilliseconds)
    sizes.set(name, Math.max(1, Math.floor(done / 4)))
  }
  const subjects = operations.map(({ name, once }) => ({
    name,
    once: async () => {
      const size = sizes.get(name) ?? 1
      const [cpu, began] = [process.cpuUsage(), performance.now()]
      for (let n = 0; n < size; n++) await once()
      const wall = ((performance.now() - began) * 1000) / size
      const { user, system } = process.cpuUsage(cpu)
      return { wall, cpu: (user + system) / size }
    },
  }))
  return interleaved(subjects, rounds)
}
