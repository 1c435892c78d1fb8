import { beforeEach, expect, test } from "vitest"
import { inGroups } from "../../../shared/store/groups.ts"
import { inTurn } from "../../../shared/store/turns.ts"
import { type FakeRuntime, fakeRuntime } from "../../fakes.ts"
import { createTestTable } from "../../tables.ts"

/** How a job goes through what is too much for one run, or for one moment. */
let runtime: FakeRuntime
beforeEach(async () => {
  runtime = fakeRuntime((await createTestTable()).table)
})

async function run(most = Number.POSITIVE_INFINITY, job = "job") {
  const done: string[] = []
  for await (const one of inTurn(runtime, job, ["a", "b", "c"])) {
    if (done.length === most) break
    done.push(one)
  }
  return done.join("")
}

test("every partition comes once, and a run that is stopped is gone on with where it was", async () => {
  expect(await run()).toBe("abc")
  // Stopped in the middle of the third one, which it has begun.
  expect(await run(2)).toBe("ab")
  expect(await run()).toBe("cab")
  expect(await run(1)).toBe("c")
  expect(await run(1)).toBe("a")
  expect(await run()).toBe("bca")
  expect(await run(undefined, "another job")).toBe("abc")
})

test("twenty at a time, and what came of each in its place", async () => {
  let [now, most] = [0, 0]
  const doubled = await inGroups(
    Array.from({ length: 41 }, (_, n) => n),
    async (n) => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      now -= 1
      return n * 2
    },
  )
  expect(most).toBe(20)
  expect(doubled).toEqual(Array.from({ length: 41 }, (_, n) => n * 2))
  expect(await inGroups([], async () => 1)).toEqual([])
})
