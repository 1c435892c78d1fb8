import { beforeEach, expect, test } from "vitest"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { getSettings, updateSettings } from "../../../shared/store/policy.ts"
import { type SettingsItem, settingsKey } from "../../../shared/store/table.ts"
import { anAdmin } from "../../builders.ts"
import { aFleet, interrupted, watched } from "../../fleet.ts"

/** The policy's row: what a change writes, and what it reads for it. How it is obeyed is in expiry-policy.test.ts. */
let fleet: Awaited<ReturnType<typeof aFleet>>
beforeEach(async () => {
  fleet = await aFleet()
})
const update = (changes: object, on: Table = fleet.table.table, ifMatch?: string) =>
  updateSettings(fleet.runtimeOn(on), anAdmin(), changes as never, ifMatch)
const row = () => fleet.table.table.get<SettingsItem>(settingsKey)

test("a row has what differs from the defaults alone, and a version that each change moves on by one", async () => {
  expect(await row()).toBeUndefined()
  const first = await update({ unused_days: 30, expiring_days: 30 })
  expect(await row()).toEqual({ ...settingsKey, policy: { unusedDays: 30 }, version: 1 })
  const second = await update({ unused_days: 90, allow_never: false, max_expiry_days: 365 })
  expect(await row()).toEqual({ ...settingsKey, policy: { allowNever: false, maxExpiryDays: 365 }, version: 2 })
  await update({ allow_never: true, max_expiry_days: null })
  expect(await row()).toEqual({ ...settingsKey, policy: {}, version: 3 })
  expect(new Set([first.etag, second.etag, (await getSettings(fleet.runtimeOn())).etag]).size).toBe(3)
  expect((await fleet.events("settings.updated")).length).toBe(3)
})

test("a change that changes nothing writes nothing", async () => {
  const { settings, etag } = await update({ unused_days: 90, max_expiry_days: null })
  expect([await row(), settings.applying]).toEqual([undefined, 0])
  expect(etag).toBe((await getSettings(fleet.runtimeOn())).etag)
})

test("two changes at once are both made, each with what it changed", async () => {
  const late = interrupted(fleet.table.table, () => update({ unused_days: 30 }))
  expect((await update({ expiring_days: 7 }, late)).settings).toMatchObject({ unused_days: 30, expiring_days: 7 })
  expect(await row()).toEqual({ ...settingsKey, policy: { unusedDays: 30, expiringDays: 7 }, version: 2 })
  const changes = (await fleet.events("settings.updated")).map(({ before, after }) => ({ before, after }))
  expect(changes).toContainEqual({ before: { unused_days: 90 }, after: { unused_days: 30 } })
  expect(changes).toContainEqual({ before: { expiring_days: 30 }, after: { expiring_days: 7 } })
})

test("one that was meant for what another one has changed meanwhile is refused", async () => {
  const { etag } = await getSettings(fleet.runtimeOn())
  const late = interrupted(fleet.table.table, () => update({ unused_days: 30 }))
  await expect(update({ expiring_days: 7 }, late, etag)).rejects.toMatchObject({ code: "precondition-failed" })
  await expect(update({ expiring_days: 7 }, undefined, "*")).resolves.toMatchObject({})
})

test("the tokens that it shortens are counted only where a maximum is a shorter one", async () => {
  await fleet.token("300d")
  const pagesFor = async (changes: object) => {
    const { on, reads } = watched(fleet.table.table)
    const { applying } = (await update(changes, on)).settings
    return [applying, reads.pages > 0]
  }
  expect(await pagesFor({ unused_days: 30 })).toEqual([0, false])
  expect(await pagesFor({ max_expiry_days: 365 })).toEqual([0, true])
  expect(await pagesFor({ unused_days: 40 })).toEqual([0, false])
  expect(await pagesFor({ max_expiry_days: 100 })).toEqual([1, true])
  expect(await pagesFor({ max_expiry_days: 200 })).toEqual([0, false])
  expect(await pagesFor({ max_expiry_days: null })).toEqual([0, false])
})
