import { appendFileSync } from "node:fs"
import fc from "fast-check"
import { expect } from "vitest"
import { minutes, size } from "./sizes/size.ts"

export { timeout } from "./sizes/size.ts"

/** A tenth where a mutant has to be caught. */
const factor = Number(process.env.SYMBOLON_ROUNDS ?? 1)
const progressMilliseconds = 30_000

/** The official engine is slower: what only has to be large is smaller there. */
export const dynamodbLocal = process.env.SYMBOLON_ENGINE === "dynamodb-local"

/** How many of what depends on chance, in this run's size; at least one. */
export function many(inCi: number, inLong = 10 * inCi): number {
  const whole = size === "long" ? inLong : size === "ci" ? inCi : inCi / 8
  return Math.max(1, Math.round(whole * factor))
}

/** A race, again and again: 0, 1, 2 … */
export interface Rounds extends Iterable<number> {
  /** Those that are over. */
  readonly done: number
  /** What the rounds themselves count, where that is the goal. */
  counted: number
}

/** `goal` ends the long size, when it isn't a number of rounds: 10⁶ verifications. */
export function rounds(inCi: number, inLong = 10 * inCi, goal?: { of: string; inLong: number }): Rounds {
  const most = many(inCi, inLong)
  const telling = teller(goal?.of ?? "rounds", goal && size === "long" ? goal.inLong : most)
  const state = {
    done: 0,
    counted: 0,
    *[Symbol.iterator]() {
      const reached = () => (goal ? state.counted : state.done)
      while (state.done < most && !telling.isOver(reached())) {
        yield state.done
        state.done++
      }
      telling.end(reached())
    },
  }
  return state
}

/** Of a property, how many cases; for `fc.assert`. */
export function runs<T>(inCi: number, inLong = 10 * inCi): fc.Parameters<T> {
  const numRuns = many(inCi, inLong)
  if (size !== "long") return { numRuns }
  const telling = teller("cases", numRuns)
  return {
    numRuns,
    interruptAfterTimeLimit: minutes * 60_000,
    markInterruptAsFailure: false,
    includeErrorInReport: true,
    reporter: (details) => {
      telling.end(details.numRuns)
      if (details.failed) throw new Error(fc.defaultReportMessage(details))
    },
  }
}

/** What a loop of the long size has come to. */
export interface LongResult {
  test: string
  done: number
  most: number
  of: string
  seconds: number
}

function teller(of: string, most: number) {
  const started = performance.now()
  let nextProgress = started + progressMilliseconds
  const seconds = () => Math.round((performance.now() - started) / 100) / 10
  const test = () => expect.getState().currentTestName ?? ""
  return {
    isOver: (done: number): boolean => {
      if (size !== "long") return false
      const now = performance.now()
      if (now > nextProgress) {
        nextProgress = now + progressMilliseconds
        process.stderr.write(`${done} of ${most} ${of}, ${seconds()} s: ${test()}\n`)
      }
      return done >= most || now > started + minutes * 60_000
    },
    end: (done: number): void => {
      const file = process.env.SYMBOLON_LONG_RESULTS
      if (!file) return
      const result: LongResult = { test: test(), done, most, of, seconds: seconds() }
      appendFileSync(file, `${JSON.stringify(result)}\n`)
    },
  }
}
