import type { Runtime } from "../runtime.ts"
import { always } from "./steps.ts"
import { jobKey, type Key } from "./table.ts"

interface Turn extends Key {
  /** The partition that comes next, by its place. */
  next: number
}

/**
 * All partitions, once, beginning with the one at which the last run of a job was stopped, if it was. A run that always began with the
 * first would never come to the last ones of a fleet that is too large for its time.
 */
export async function* inTurn<T>(runtime: Runtime, job: string, partitions: readonly T[]): AsyncGenerator<T> {
  const key = jobKey(job)
  const { next } = (await runtime.table.get<Turn>(key)) ?? { next: 0 }
  for (let n = 0; n < partitions.length; n++) {
    const place = (next + n) % partitions.length
    yield partitions[place] as T
    await runtime.table.update(key, { set: { next: (place + 1) % partitions.length } }, always)
  }
}
