// Long because every boundary comes in a pair, and every state of the source has its turn.
import { describe, expect, it, test } from "vitest"
import { refetchMilliseconds, secretCache } from "../../shared/secret-cache.ts"
import { frozenClock } from "../fakes.ts"

const tenMinutes = 600_000
const halfMinute = 30_000

/** A source that counts how often it was asked, answers v1, v2, …, and fails while it is told to. */
function aSource() {
  const source = {
    asked: 0,
    down: false,
    fetch: async (): Promise<string> => {
      source.asked++
      if (source.down) throw new Error(`down at ${source.asked}`)
      return `v${source.asked}`
    },
  }
  return source
}

/** A source that answers when the test says so. */
function aSlowSource() {
  const waiting: PromiseWithResolvers<string>[] = []
  const fetch = (): Promise<string> => {
    const answer = Promise.withResolvers<string>()
    waiting.push(answer)
    return answer.promise
  }
  return { waiting, fetch }
}

function setUp() {
  const clock = frozenClock()
  const source = aSource()
  return { clock, source, cache: secretCache(source.fetch, clock.now) }
}

/** A cache that has v1 since now. */
async function warm() {
  const made = setUp()
  expect(await made.cache.get()).toBe("v1")
  return made
}

describe("get", () => {
  it("asks nobody before it is called, and once for many calls", async () => {
    const { source, cache } = setUp()
    expect(source.asked).toBe(0)
    for (let n = 0; n < 5; n++) expect(await cache.get()).toBe("v1")
    expect(source.asked).toBe(1)
  })

  test.each([
    [tenMinutes - 1, "v1", 1],
    [tenMinutes, "v2", 2],
    [tenMinutes + 1, "v2", 2],
  ])("%d ms later it is %s", async (milliseconds, value, asked) => {
    const { clock, source, cache } = await warm()
    clock.advance(milliseconds)
    expect(await cache.get()).toBe(value)
    expect(source.asked).toBe(asked)
  })

  it("counts the ten minutes from the question, not from the answer, and anew each time", async () => {
    const clock = frozenClock()
    const { waiting, fetch } = aSlowSource()
    const cache = secretCache(fetch, clock.now)
    const first = cache.get()
    clock.advance(5000)
    waiting[0]?.resolve("v1")
    expect(await first).toBe("v1")
    clock.advance(tenMinutes - 5001)
    expect(await cache.get()).toBe("v1")
    expect(waiting).toHaveLength(1)
    clock.advance(1)
    const second = cache.get()
    expect(waiting).toHaveLength(2)
    waiting[1]?.resolve("v2")
    expect(await second).toBe("v2")
    clock.advance(tenMinutes - 1)
    expect(await cache.get()).toBe("v2")
    expect(waiting).toHaveLength(2)
  })

  it("keeps a falsy value too", async () => {
    let asked = 0
    const cache = secretCache(async () => {
      asked++
      return ""
    }, frozenClock().now)
    expect(await cache.get()).toBe("")
    expect(await cache.get()).toBe("")
    expect(asked).toBe(1)
  })
})

describe("F2 a source that fails, after a value", () => {
  it("leaves the value as it is, for as long as it fails", async () => {
    const { clock, source, cache } = await warm()
    source.down = true
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(3_600_000)
      expect(await cache.get()).toBe("v1")
      expect(await cache.refetch()).toBe("v1")
    }
    expect(source.asked).toBe(25)
  })

  test.each([
    [halfMinute - 1, 2, "v1"],
    [halfMinute, 3, "v3"],
    [halfMinute + 1, 3, "v3"],
  ])(
    "is asked once in 30 s: %d ms after the failure it has been asked %d times",
    async (milliseconds, asked, value) => {
      const { clock, source, cache } = await warm()
      clock.advance(tenMinutes)
      source.down = true
      for (let n = 0; n < 5; n++) expect(await cache.get()).toBe("v1")
      expect(source.asked).toBe(2)
      source.down = false
      clock.advance(milliseconds)
      expect(await cache.get()).toBe(value)
      expect(source.asked).toBe(asked)
    },
  )

  it("is asked by refetch, too, once in 30 s", async () => {
    const { clock, source, cache } = await warm()
    clock.advance(tenMinutes)
    source.down = true
    expect(await cache.get()).toBe("v1")
    clock.advance(halfMinute - 1)
    expect(await cache.refetch()).toBe("v1")
    expect(source.asked).toBe(2)
    clock.advance(1)
    expect(await cache.refetch()).toBe("v1")
    expect(source.asked).toBe(3)
  })

  it("gives ten minutes again once it answers", async () => {
    const { clock, source, cache } = await warm()
    clock.advance(tenMinutes)
    source.down = true
    await cache.get()
    source.down = false
    clock.advance(halfMinute)
    expect(await cache.get()).toBe("v3")
    clock.advance(tenMinutes - 1)
    expect(await cache.get()).toBe("v3")
    clock.advance(1)
    expect(await cache.get()).toBe("v4")
  })
})

describe("F2 a source that has never answered", () => {
  it("makes get and refetch throw its own error", async () => {
    const { source, cache } = setUp()
    source.down = true
    await expect(cache.get()).rejects.toThrow("down at 1")
    await expect(cache.refetch()).rejects.toThrow("down at 2")
  })

  it("is asked again by the next call, without any wait: there is nothing to fall back on", async () => {
    const { source, cache } = setUp()
    source.down = true
    await expect(cache.get()).rejects.toThrow("down at 1")
    source.down = false
    expect(await cache.get()).toBe("v2")
    expect(await cache.get()).toBe("v2")
    expect(source.asked).toBe(2)
  })

  it("never makes it throw again after the first value", async () => {
    const { clock, source, cache } = setUp()
    source.down = true
    await expect(cache.get()).rejects.toThrow()
    source.down = false
    expect(await cache.get()).toBe("v2")
    source.down = true
    clock.advance(tenMinutes)
    expect(await cache.get()).toBe("v2")
    expect(await cache.refetch()).toBe("v2")
  })
})

describe("refetch", () => {
  it("is allowed at most once in 30 s", () => {
    expect(refetchMilliseconds).toBe(halfMinute)
  })

  test.each([
    [halfMinute - 1, "v1", 1],
    [halfMinute, "v2", 2],
    [halfMinute + 1, "v2", 2],
  ])("%d ms after the last fetch it answers %s, though the value is fresh", async (milliseconds, value, asked) => {
    const { clock, source, cache } = await warm()
    clock.advance(milliseconds)
    expect(await cache.refetch()).toBe(value)
    expect(await cache.get()).toBe(value)
    expect(source.asked).toBe(asked)
  })

  it("counts the 30 s from the last refetch as well", async () => {
    const { clock, source, cache } = await warm()
    clock.advance(halfMinute)
    expect(await cache.refetch()).toBe("v2")
    clock.advance(halfMinute - 1)
    expect(await cache.refetch()).toBe("v2")
    expect(source.asked).toBe(2)
    clock.advance(1)
    expect(await cache.refetch()).toBe("v3")
  })

  it("makes the value fresh for ten minutes", async () => {
    const { clock, cache } = await warm()
    clock.advance(halfMinute)
    expect(await cache.refetch()).toBe("v2")
    clock.advance(tenMinutes - 1)
    expect(await cache.get()).toBe("v2")
    clock.advance(1)
    expect(await cache.get()).toBe("v3")
  })

  it("that fails answers what is at hand, and isn't tried again within 30 s", async () => {
    const { clock, source, cache } = await warm()
    clock.advance(halfMinute)
    source.down = true
    expect(await cache.refetch()).toBe("v1")
    clock.advance(halfMinute - 1)
    expect(await cache.refetch()).toBe("v1")
    expect(source.asked).toBe(2)
    clock.advance(1)
    source.down = false
    expect(await cache.refetch()).toBe("v3")
  })

  it("fetches when there is no value yet", async () => {
    const { source, cache } = setUp()
    expect(await cache.refetch()).toBe("v1")
    expect(await cache.get()).toBe("v1")
    expect(source.asked).toBe(1)
  })
})

describe("concurrent callers", () => {
  it("share one fetch while there is no value, whatever they call", async () => {
    const clock = frozenClock()
    const { waiting, fetch } = aSlowSource()
    const cache = secretCache(fetch, clock.now)
    const answers = Promise.all([cache.get(), cache.refetch(), cache.get(), cache.refetch()])
    expect(waiting).toHaveLength(1)
    waiting[0]?.resolve("shared")
    expect(await answers).toEqual(["shared", "shared", "shared", "shared"])
    expect(waiting).toHaveLength(1)
  })

  it("share a failure too, and the next caller asks anew", async () => {
    const { waiting, fetch } = aSlowSource()
    const cache = secretCache(fetch, frozenClock().now)
    const answers = Promise.allSettled([cache.get(), cache.get()])
    waiting[0]?.reject(new Error("down"))
    expect((await answers).map(({ status }) => status)).toEqual(["rejected", "rejected"])
    const next = cache.get()
    expect(waiting).toHaveLength(2)
    waiting[1]?.resolve("up")
    expect(await next).toBe("up")
  })

  it("of a stale value cause one fetch, and only the first of them waits for it", async () => {
    const clock = frozenClock()
    const { waiting, fetch } = aSlowSource()
    const cache = secretCache(fetch, clock.now)
    const first = cache.get()
    waiting[0]?.resolve("v1")
    await first
    clock.advance(tenMinutes)
    const second = cache.get()
    expect(await Promise.all([cache.get(), cache.get(), cache.refetch()])).toEqual(["v1", "v1", "v1"])
    expect(waiting).toHaveLength(2)
    waiting[1]?.resolve("v2")
    expect(await second).toBe("v2")
    expect(await cache.get()).toBe("v2")
  })

  it("share a fetch that takes longer than 30 s", async () => {
    const clock = frozenClock()
    const { waiting, fetch } = aSlowSource()
    const cache = secretCache(fetch, clock.now)
    const first = cache.get()
    waiting[0]?.resolve("v1")
    await first
    clock.advance(tenMinutes)
    const second = cache.get()
    clock.advance(halfMinute)
    const others = [cache.get(), cache.refetch()]
    expect(waiting).toHaveLength(2)
    waiting[1]?.resolve("v2")
    expect(await Promise.all([second, ...others])).toEqual(["v2", "v2", "v2"])
  })
})

describe("a source that throws at once instead of rejecting", () => {
  it("is asked again by the next call", async () => {
    let asked = 0
    const cache = secretCache((): Promise<string> => {
      asked++
      if (asked === 1) throw new Error("at once")
      return Promise.resolve(`v${asked}`)
    }, frozenClock().now)
    await expect(cache.get()).rejects.toThrow("at once")
    expect(await cache.get()).toBe("v2")
  })

  it("leaves the value as it is, and is asked again after 30 s", async () => {
    const clock = frozenClock()
    let asked = 0
    const cache = secretCache((): Promise<string> => {
      asked++
      if (asked === 2) throw new Error("at once")
      return Promise.resolve(`v${asked}`)
    }, clock.now)
    expect(await cache.get()).toBe("v1")
    clock.advance(tenMinutes)
    expect(await cache.get()).toBe("v1")
    clock.advance(halfMinute)
    expect(await cache.get()).toBe("v3")
  })
})
