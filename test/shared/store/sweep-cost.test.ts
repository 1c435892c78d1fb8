import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb"
import { expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import { createTable } from "../../../shared/store/dynamodb.ts"
import { flaggedListing, idleListing, tokenKey } from "../../../shared/store/table.ts"
import { sweepUnusedTokens } from "../../../shared/store/unused.ts"
import { countingCapacity } from "../../capacity.ts"
import { fakeRuntime } from "../../fakes.ts"
import { aFleet, aRow, day, start } from "../../fleet.ts"
import { dynamodbLocal, many } from "../../rounds.ts"

const tokens = dynamodbLocal ? 10_000 : many(100_000, 100_000)
const old = start - 85 * day

/** Fifty that become due on the first day, a thousand that were flagged before, a thousand that are revoked; the rest is in use. */
function rowOf(n: number, accountId: number) {
  const id = 3812345678900000 + n
  if (n < 50) return aRow(id, accountId, { lastUsed: old, ...idleListing(id, old) })
  if (n < 1050) return aRow(id, accountId, { lastUsed: old - 90 * day, flaggedAt: old, ...flaggedListing(id, old) })
  if (n < 2050) return aRow(id, accountId, { lastUsed: old, ...idleListing(id, old), state: "REVOKED" })
  // As much of it as the index needs: a sweep that read more would fail on it.
  return { ...tokenKey(id), ...idleListing(id, start - (n % 40) * day) }
}

test(`what a sweep costs grows with what it finds: ${tokens} tokens on three days`, { timeout: 300_000 }, async () => {
  const { table, clock, user } = await aFleet()
  const sweepOn = async (instant: number) => {
    clock.set(instant)
    const counted = countingCapacity(table)
    const swept = await sweepUnusedTokens(fakeRuntime(createTable(counted.client, table.name), clock), system("s", "r"))
    return { ...swept, units: counted.units() }
  }
  const { units: empty } = await sweepOn(start)
  expect(empty).toBeGreaterThan(0)

  let next = 0
  const write = async () => {
    while (next < tokens) {
      const batch = Array.from({ length: Math.min(25, tokens - next) }, () => rowOf(next++, user.id))
      const puts = batch.map((Item) => ({ PutRequest: { Item } }))
      await table.client.send(new BatchWriteCommand({ RequestItems: { [table.name]: puts } }))
    }
  }
  await Promise.all(Array.from({ length: 8 }, write))

  expect(await sweepOn(start + 6 * day)).toMatchObject({ flagged: 50, revoked: 0, dropped: 1000 })
  for (const days of [7, 8]) {
    const { units, ...swept } = await sweepOn(start + days * day)
    expect(swept).toEqual({ flagged: 0, revoked: 0, dropped: 0 })
    expect(units).toBeLessThanOrEqual(1.2 * empty)
  }
})
