import { expect, test } from "vitest"
import { inGroups } from "../shared/store/groups.ts"
import { addKey, keyringStatus, retireKey, rewrap } from "../shared/store/keyring-rotation.ts"
import { createToken } from "../shared/store/tokens.ts"
import { createUser } from "../shared/store/users.ts"
import { anAdmin } from "./builders.ts"
import { frozenClock } from "./fakes.ts"
import { aStage } from "./keyring-drill.ts"
import { tokenBody } from "./races/accounts.ts"
import { dynamodbLocal, many } from "./rounds.ts"
import { createTestTable } from "./tables.ts"

/** K1, the drill: the keyring is rotated under a fleet of tokens, and nobody notices. */
const perAccount = 20
const size = dynamodbLocal ? 200 : perAccount * Math.round(many(1000, 1000) / perAccount)
const minute = 60_000

test("K1 a fleet of tokens through a whole rotation of the keyring: none lost, no 401, no 503", {
  timeout: 180_000,
}, async () => {
  const table = await createTestTable()
  const clock = frozenClock()
  const { secret, endpoint, operation, environment } = aStage(table, clock)
  const lambda = endpoint()
  const [one, other] = [environment(), environment()]
  const issue = async (userId: string, name: string) => createToken(lambda, anAdmin(), "all", tokenBody(userId, name))
  const tokens: Awaited<ReturnType<typeof issue>>[] = []
  for (let account = 0; account < size / perAccount; account++) {
    const body = { user_type: "Service" as const, name: `drill ${account}`, role: "Member" as const, teams: [] }
    const { user } = await createUser(lambda, anAdmin(), body)
    const names = Array.from({ length: perAccount }, (_, n) => `t${n}`)
    tokens.push(...(await inGroups(names, (name) => issue(user.user_id, name))))
    // Their ids have 12 random bits for each millisecond.
    clock.advance(1)
  }
  expect(tokens).toHaveLength(size)
  /** Each by an environment of its own. */
  const verified = async (some: typeof tokens) => {
    const verdicts = await inGroups(some, async ({ bearer_token, id }) => (id % 2 ? one : other).verify(bearer_token))
    return [...new Set(verdicts)]
  }
  const record = () => Promise.all([one.record(), other.record()])
  const counts = async () =>
    (await keyringStatus(operation())).keys.map(({ key, state, use }) => [key, state, use.under, use.needing])
  const [used, dormant] = [tokens.slice(0, size / 2), tokens.slice(size / 2)]

  expect(await verified(tokens.slice(0, 10))).toEqual(["Allow"])
  expect(await addKey(operation(), 60)).toMatchObject({ key: "k2" })
  await expect(addKey(operation(), 60)).rejects.toThrow("k2 is there already, and mints from 2026-11-23T13:00:01Z")
  await expect(rewrap(operation())).rejects.toThrow("k2 is there already, and mints from")
  await expect(retireKey(operation(), "k1")).rejects.toThrow("k1 stays: it is the key that mints")
  expect(await counts()).toEqual([
    ["k1", "mints", size, size],
    ["k2", "waits", 0, 0],
  ])

  // Through the hour, in which each environment learns of it at another time, and past the instant.
  for (const minutes of [4, 8, 30, 17, 2]) {
    clock.advance(minutes * minute)
    if (minutes === 8) expect(await one.verify(tokens[0]?.bearer_token as string)).toBe("Allow")
    else expect(await verified(tokens.slice(0, 10))).toEqual(["Allow"])
  }
  await record()
  const young = await issue(tokens[0]?.user.user_id as string, "young")
  expect(await verified([young])).toEqual(["Allow"])
  expect(await verified(used)).toEqual(["Allow"])
  await record()
  expect(await counts()).toEqual([
    ["k1", "verifies", size / 2, size / 2],
    ["k2", "mints", size / 2 + 1, size / 2 + 1],
  ])

  expect(await rewrap(operation())).toMatchObject({ key: "k2", rows: size / 2, looked: size + 1 })
  expect(await rewrap(operation())).toMatchObject({ rows: 0 })
  expect(await counts()).toEqual([
    ["k1", "verifies", 0, size / 2],
    ["k2", "mints", size + 1, size + 1],
  ])
  await expect(retireKey(operation(), "k1")).rejects.toThrow("k2 has been minting since 2026-11-23T13:00:01Z only")
  clock.advance(60 * minute)
  const refused = await retireKey(operation(), "k1").catch((error: Error) => error.message)
  expect(refused).toContain(`k1 stays. Rows that need it: ${size / 2}.`)
  expect(refused).toContain(`and ${size / 2 - 20} more`)
  const named = [...String(refused).matchAll(/^ {2}(sym\w+) {2}k1\.k2 {2}a use, a rotation, or its deletion$/gm)]
  expect(named).toHaveLength(20)
  const handles = dormant.map(({ handle }) => handle)
  expect(named.filter(([, handle]) => !handles.includes(handle as string))).toEqual([])

  expect(await verified(dormant)).toEqual(["Allow"])
  await record()
  await retireKey(operation(), "k1")
  expect(secret.keys()).toEqual(["k2"])
  expect(await counts()).toEqual([["k2", "mints", size + 1, size + 1]])
  // By those that have the old keyring still, by those that have fetched it anew, and by new ones.
  expect(await verified(tokens.slice(0, 10))).toEqual(["Allow"])
  clock.advance(11 * minute)
  expect(await verified([...tokens, young])).toEqual(["Allow"])
  const fresh = environment()
  expect(await fresh.verify(dormant[0]?.bearer_token as string)).toBe("Allow")
})
