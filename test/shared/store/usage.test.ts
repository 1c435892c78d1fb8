import { beforeAll, describe, expect, test } from "vitest"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { type SessionItem, type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import { deleteToken, updateToken } from "../../../shared/store/tokens.ts"
import { coalesce, recordUsage, type Usage } from "../../../shared/store/usage.ts"
import { anAdmin } from "../../builders.ts"
import { aFleet, aRow, start } from "../../fleet.ts"

/** What a use adds to a row, and what not: to the write. What the job as a whole does is in record-usage.test.ts. */
let fleet: Awaited<ReturnType<typeof aFleet>>
beforeAll(async () => {
  fleet = await aFleet()
})

const home = "203.0.113.0/24"
const away = "198.51.100.0/24"
const secret = (generation: number) => ({ digest: new Uint8Array(32).fill(generation), keyPath: "k1", generation })
/** A token whose row is so. */
async function aToken(over: Partial<TokenItem> = {}): Promise<number> {
  fleet.clock.advance(1)
  const id = await fleet.token()
  await fleet.table.put({ ...(await fleet.row(id)), ...over } as never)
  return id
}
/** Uses of a token's secrets, by generation: at so many milliseconds from the start, from a network. */
function usesOf(tokenId: number, ...uses: [generation: number, after: number, network: string][]): Usage[] {
  const accountId = fleet.user.id
  return coalesce(
    uses.map(([generation, after, network]) =>
      JSON.stringify({
        ...{ event: "token.used", at: start + after, accountId, tokenId, network, matched: "current", generation },
      }),
    ),
  )
}
const record = (uses: readonly Usage[], on: Table = fleet.table.table) =>
  recordUsage(fleet.runtimeOn(on), anAdmin(), uses)

/** A table that counts what is asked of it about tokens, and does something before its first conditional write. */
function counting(before?: () => Promise<unknown>) {
  const asked = { gets: 0, updates: 0, transactions: 0 }
  let done = false
  const interrupt = async () => {
    if (done) return
    done = true
    await before?.()
  }
  const { table } = fleet.table
  const on: Table = {
    ...table,
    get: (key) => {
      asked.gets += 1
      return table.get(key)
    },
    update: async (key, ...rest) => {
      if (key.PK.startsWith("TOK#")) {
        await interrupt()
        asked.updates += 1
      }
      return table.update(key, ...rest)
    },
    transact: (steps) => {
      asked.transactions += 1
      return table.transact(steps)
    },
  }
  return { on, asked }
}

describe("a use", () => {
  test("that is no news costs one write, and no read besides that of the batch", async () => {
    const id = await aToken({ lastUsed: start, networks: { [home]: start } })
    const { on, asked } = counting()
    await record(usesOf(id, [1, 1000, home]), on)
    expect(asked).toEqual({ gets: 0, updates: 1, transactions: 0 })
    expect(await fleet.row(id)).toMatchObject({ lastUsed: start + 1000, networks: { [home]: start + 1000 } })
  })

  test("that the row knows already is not written again", async () => {
    const id = await aToken({ lastUsed: start + 1000, networks: { [home]: start + 1000 } })
    const { on, asked } = counting()
    for (const after of [999, 1000]) await record(usesOf(id, [1, after, home]), on)
    expect(asked).toEqual({ gets: 0, updates: 0, transactions: 0 })
  })

  test("that comes late from a new network is known by it, and moves nothing back: neither the last use nor the idle day", async () => {
    const id = await aToken({ lastUsed: start + 2 * 86_400_000, networks: {}, idleSK: "as it was", flaggedAt: 7 })
    await record(usesOf(id, [1, 1000, home]))
    expect(await fleet.row(id)).toMatchObject({
      ...{ lastUsed: start + 2 * 86_400_000, networks: { [home]: start + 1000 }, idleSK: "as it was", flaggedAt: 7 },
    })
  })

  test("of a session stands in no list of the idle", async () => {
    const id = await aToken()
    const session = { ...aRow(id, fleet.user.id, {}), type: "Session", expiresAt: start + 3_600_000 } as SessionItem
    await fleet.table.put(session as never)
    await record(usesOf(id, [1, 1000, home]))
    const row = (await fleet.table.table.get<TokenItem>(tokenKey(id))) as TokenItem
    expect([row.lastUsed, row.idlePK, row.idleSK]).toEqual([start + 1000, undefined, undefined])
  })

  test("that meets another one at its write is added to what that has written", async () => {
    const id = await aToken()
    const { on, asked } = counting(() => record(usesOf(id, [1, 500, away])))
    await record(usesOf(id, [1, 1000, home]), on)
    expect(await fleet.row(id)).toMatchObject({ networks: { [home]: start + 1000, [away]: start + 500 } })
    // The first one lost, and the news of the second network is a transaction, with its event.
    expect([asked.updates, asked.transactions]).toEqual([1, 1])
  })

  test("of a row that goes meanwhile leaves none", async () => {
    const id = await aToken()
    const { on } = counting(async () => {
      await fleet.set(id, false)
      await deleteToken(fleet.runtimeOn(), anAdmin(), "all", id, undefined)
    })
    await record(usesOf(id, [1, 1000, home]), on)
    expect(await fleet.row(id)).toBeUndefined()
  })

  test("at the very time of another is of the network that came last", () => {
    const [use] = usesOf(1, [1, 1000, home], [1, 1000, away])
    expect(use?.secrets[1]).toEqual({ firstAt: start + 1000, lastAt: start + 1000, network: away })
    const [other] = usesOf(1, [1, 1001, home], [1, 1000, away], [1, 999, away])
    expect(other?.secrets[1]).toEqual({ firstAt: start + 999, lastAt: start + 1001, network: home })
  })
})

describe("the first use of a new secret", () => {
  const rotating = (over: Partial<TokenItem> = {}) =>
    aToken({
      current: secret(1),
      pending: secret(2),
      ...{ pendingSince: start, pendingExpiresAt: start + 86_400_000, overlapSeconds: 3600 },
      ...{ lastUsed: start + 500, networks: { [away]: start + 500 } },
      ...over,
    })

  test("makes it the current one, in a new version of the token, and remembers the old one's last use as the row knew it", async () => {
    const id = await rotating()
    const { version } = await fleet.row(id)
    await record(usesOf(id, [2, 1000, home]))
    expect(await fleet.row(id)).toMatchObject({
      ...{ current: secret(2), previous: secret(1), promotedAt: start + 1000, version: version + 1 },
      ...{ previousLastUsed: start + 500, previousNetwork: away, lastUsed: start + 1000 },
    })
    expect((await fleet.eventsOf(id, "token.rotated")).length).toBe(1)
  })

  test.each([
    [499, start + 500, away],
    [500, start + 500, home],
    [501, start + 501, home],
  ])(
    "with a use of the old one in the same batch, at %d, remembers the later of the two",
    async (after, at, network) => {
      const id = await rotating()
      await record(usesOf(id, [1, after, home], [2, 1000, home]))
      expect(await fleet.row(id)).toMatchObject({ previousLastUsed: at, previousNetwork: network })
    },
  )

  test("of a token that was never used before remembers no use of the old one, unless the batch has it", async () => {
    const [never, before] = [
      await rotating({ lastUsed: undefined, networks: {} } as never),
      await rotating({ lastUsed: undefined, networks: {} } as never),
    ]
    await record([...usesOf(never, [2, 1000, home]), ...usesOf(before, [1, 900, away], [2, 1000, home])])
    const row = await fleet.row(never)
    expect([row.current.generation, row.previousLastUsed, row.previousNetwork]).toEqual([2, undefined, undefined])
    expect(await fleet.row(before)).toMatchObject({ previousLastUsed: start + 900, previousNetwork: away })
  })

  test("of a revoked token promotes nothing, and is an event of nothing", async () => {
    const id = await rotating()
    await updateToken(fleet.runtimeOn(), anAdmin(), "all", id, { active: false })
    const { on, asked } = counting()
    await record(usesOf(id, [2, 1000, away]), on)
    expect(await fleet.row(id)).toMatchObject({ current: secret(1), pending: secret(2), lastUsed: start + 1000 })
    expect([asked.updates, asked.transactions]).toEqual([1, 0])
  })
})

describe("a use of the old secret in the overlap", () => {
  const overlapping = () =>
    aToken({
      ...{ current: secret(2), previous: secret(1), promotedAt: start, supersededAt: start + 3_600_000 },
      ...{ lastUsed: start + 5000, networks: { [home]: start + 5000 } },
      ...{ previousLastUsed: start + 1000, previousNetwork: away },
    })

  test.each([
    [999, 1000, away, 0],
    [1000, 1000, away, 0],
    [1001, 1001, home, 1],
  ])("at %d is remembered when it is its last", async (after, last, network, writes) => {
    const id = await overlapping()
    const { on, asked } = counting()
    await record(usesOf(id, [1, after, home]), on)
    expect(await fleet.row(id)).toMatchObject({
      ...{ previousLastUsed: start + last, previousNetwork: network, lastUsed: start + 5000 },
    })
    expect(asked.updates).toBe(writes)
  })
})
