import { describe, expect, test } from "vitest"
import { isOver, keyUses, type TokenRow } from "../../../shared/store/key-use.ts"
import { handleOf } from "../../../shared/token/format.ts"
import { aVerifiableToken } from "../../builders.ts"

/** What is over is forgotten with its key, for ever: an operator's clock that is five minutes ahead must not forget what is accepted still. */
const now = Date.parse("2026-11-23T12:00:00Z")
const slack = 5 * 60_000
const digest = (keyPath: string) => ({ keyPath, digest: "d" })
const aRow = (over: object = {}) =>
  ({ ...aVerifiableToken({ id: 7, accountId: 3 }), current: digest("k1"), ...over }) as unknown as TokenRow

describe("a secret is over five minutes after its end, to the millisecond", () => {
  const ends: [what: string, match: "current" | "previous" | "pending", row: (end: number) => object][] = [
    ["a session's", "current", (expiresAt) => ({ type: "Session", expiresAt })],
    ["the old one's, of a rotation", "previous", (supersededAt) => ({ supersededAt })],
    ["the new one's, that nobody used", "pending", (pendingExpiresAt) => ({ pendingExpiresAt })],
  ]
  test.each(ends)("%s", (_, match, row) => {
    for (const [end, over] of [
      [now - slack + 1, false],
      [now - slack, true],
      [now - slack - 1, true],
    ] as const)
      expect([end, isOver(aRow(row(end)), match, now)]).toEqual([end, over])
  })

  test("but not without an end, and not that of a token, which may be given a longer life", () => {
    expect(isOver(aRow({ type: "Session", expiresAt: undefined }), "current", now)).toBe(false)
    expect(isOver(aRow({ pendingExpiresAt: undefined }), "pending", now)).toBe(false)
    expect(isOver(aRow({ pendingExpiresAt: now - 2 * slack }), "current", now)).toBe(false)
    expect(isOver(aRow({ type: "Service", expiresAt: now - 2 * slack }), "current", now)).toBe(false)
  })
})

describe("the uses of keys", () => {
  const usesOf = async (...pages: TokenRow[][]) => {
    const looked: number[] = []
    const rows = async function* () {
      yield* pages
    }
    const uses = await keyUses(rows, now, (count) => looked.push(count))
    return { uses: Object.fromEntries(uses), looked }
  }

  test("tell how many rows have been looked at, page by page", async () => {
    expect((await usesOf([aRow(), aRow()], [aRow()])).looked).toEqual([2, 3])
  })

  test("count a row once for each of its keys, and under the last of each path", async () => {
    const row = aRow({ current: digest("k1.k2"), previous: digest("k1"), supersededAt: now })
    const { uses } = await usesOf([row])
    expect(uses).toMatchObject({ k1: { under: 1, needing: 1, over: 0 }, k2: { under: 1, needing: 1, over: 0 } })
    expect((await usesOf([aRow({ current: digest("k1.k2") })])).uses).toMatchObject({
      k1: { under: 0 },
      k2: { under: 1 },
    })
  })

  test("name the first twenty who need a key, and count the others", async () => {
    const many = Array.from({ length: 21 }, (_, n) => aRow({ id: 100 + n }))
    const { k1 } = (await usesOf(many)).uses
    expect(k1).toMatchObject({ needing: 21 })
    expect(k1?.holders.map(({ handle }) => handle)).toEqual(
      many.slice(0, 20).map(({ id }) => handleOf("Service", 3, id)),
    )
  })

  test("say what ends each need: an expired token's at its very expiry", async () => {
    const endOf = async (over: object) => (await usesOf([aRow(over)])).uses.k1?.holders[0]?.endedBy
    expect(await endOf({ state: "REVOKED" })).toBe("its deletion: it is revoked")
    expect(await endOf({ expiresAt: now + 1 })).toBe("a use, a rotation, or its deletion")
    expect(await endOf({ expiresAt: now })).toBe("its deletion: it has expired")
    expect(await endOf({ expiresAt: undefined })).toBe("a use, a rotation, or its deletion")
    expect(await endOf({ type: "Session", expiresAt: now + 1000 })).toBe("its end at 2026-11-23T12:00:01Z, or a use")
    const rotated = { current: digest("k2"), supersededAt: now + 1000 }
    expect(await endOf({ ...rotated, previous: digest("k1") })).toBe(
      "the end of its old secret at 2026-11-23T12:00:01Z, or a use of it",
    )
    expect(await endOf({ ...rotated, pending: digest("k1"), pendingExpiresAt: now })).toBe(
      "a use of its new secret, or an abort of the rotation",
    )
  })
})
