// Long because the same days and mailboxes are tried in order, late, stopped, twice and at once.
import { beforeEach, describe, expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import { type Notice, summaryText } from "../../../shared/store/digest-text.ts"
import { sendDigests, Unmailable } from "../../../shared/store/digests.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { remindExpiringTokens } from "../../../shared/store/reminders.ts"
import { jobKey, type Key, type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import { createToken, deleteToken, updateToken } from "../../../shared/store/tokens.ts"
import { sweepUnusedTokens } from "../../../shared/store/unused.ts"
import { recordUsage } from "../../../shared/store/usage.ts"
import { createUser, revokeTokens } from "../../../shared/store/users.ts"
import { anAccount, anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime } from "../../fakes.ts"
import { aRow, day, start } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

const minute = 60_000
let table: TestTable
let runtime: FakeRuntime
let sent: { to: string; subject: string; text: string }[]
let told: { subject: string; text: string }[]
/** What SES makes of an address, or what happens meanwhile. */
let onMail: (to: string) => void | Promise<void>
beforeEach(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table)
  sent = []
  told = []
  onMail = () => {}
})

const outlets = {
  mail: async (to: string, subject: string, text: string) => {
    await onMail(to)
    sent.push({ to, subject, text })
  },
  tell: async (subject: string, text: string) => void told.push({ subject, text }),
}
const digest = () => sendDigests(runtime, outlets)
const withoutMail = () => sendDigests(runtime, { ...outlets, mail: undefined })
const to = () => sent.map((mail) => mail.to)

let names = 0
async function aToken(email: string | undefined, expiration = "never") {
  const name = `digest ${names++}`
  const account = { user_type: "Service" as const, name, email, role: "Member" as const, teams: [] }
  const { user } = await createUser(runtime, anAdmin(), account)
  const body = { name: "nightly", type: "Service" as const, user_id: user.user_id, expiration, allowed_cidrs: [] }
  const token = await createToken(runtime, anAdmin(), "all", body)
  return { user, token }
}
const at = (days: number, milliseconds = 0) => runtime.clock.set(start + days * day + milliseconds)
const sweep = () => sweepUnusedTokens(runtime, system("flag-unused-tokens", "r"))
const remind = () => remindExpiringTokens(runtime, system("remind-expiring-tokens", "r"))
const compromise = (id: number) => updateToken(runtime, anAdmin(), "all", id, { active: false, compromised: true })

describe("a day's digests", () => {
  test("tell each address of its own tokens only: unused, expiring, compromised, and how to go on", async () => {
    const unused = await aToken("a@example.com")
    const expiring = await aToken("a@example.com", "90d")
    at(90 - 7)
    const leaked = await aToken("b@example.com", "60d")
    await remind()
    await compromise(leaked.token.id)
    at(90 - 6)
    await digest()
    expect(to()).toEqual(["a@example.com", "b@example.com"])
    const [a, b] = sent
    expect(a?.subject).toBe("Symbolon test: 1 token to look after")
    expect(a?.text).toContain(
      `${expiring.user.user_id}, nightly (${expiring.token.handle}): never used, expires 2027-02-21T12:00:00Z`,
    )
    expect(a?.text).not.toContain(unused.token.handle)
    expect(b?.text).toMatch(/^Reported as compromised/)
    expect(b?.text).toContain(leaked.token.handle)
    expect(told).toEqual([
      {
        subject: "Symbolon test: 2 tokens to look after since 2027-02-14T11:55:00Z",
        text: "2 addresses told of 2 tokens by mail.\n",
      },
    ])
    sent = []
    at(90)
    await sweep()
    at(91)
    await digest()
    expect(to()).toEqual(["a@example.com"])
    expect(sent[0]?.text).toContain(
      `Unused:\n  ${unused.user.user_id}, nightly (${unused.token.handle}): never used, never expires`,
    )
  })

  test("S1 hold no secret: neither the token nor any part of it beyond its handle", async () => {
    const { token } = await aToken("a@example.com", "7d")
    await remind()
    at(1)
    await digest()
    expect(JSON.stringify([sent, told])).toContain(token.handle)
    expect(JSON.stringify([sent, told])).not.toContain(token.bearer_token.slice(26, 34))
  })

  test("are sent once: not by a second run, and not when nothing happened", async () => {
    await aToken("a@example.com", "7d")
    await remind()
    at(1)
    expect(await digest()).toEqual({ mailed: 1, notices: 1 })
    expect(await digest()).toEqual({ mailed: 0, notices: 0 })
    at(2)
    expect(await digest()).toEqual({ mailed: 0, notices: 0 })
    expect([sent.length, told.length]).toEqual([1, 1])
  })

  test("go to the stage's service address where an account names none", async () => {
    await aToken(undefined, "7d")
    await remind()
    at(1)
    await digest()
    expect(to()).toEqual(["service@example.com"])
  })

  test("tell of all tokens of an account in one line", async () => {
    const { user } = await aToken("a@example.com")
    await revokeTokens(runtime, anAdmin(), user.id, { compromised: true })
    at(1)
    await digest()
    expect(sent[0]?.text).toContain(`${user.user_id}: all tokens that it had`)
  })

  test("leave out what is not so any more: used again, revoked, deleted", async () => {
    const [used, revoked, deleted] = [
      await aToken("a@example.com"),
      await aToken("b@example.com"),
      await aToken("c@example.com"),
    ]
    at(90)
    await sweep()
    at(90, minute)
    await recordUsage(runtime, anAdmin(), [
      {
        tokenId: used.token.id,
        accountId: used.user.id,
        usedAt: runtime.now(),
        networks: { "10.0.0.0/24": runtime.now() },
        secrets: {},
      },
    ])
    await updateToken(runtime, anAdmin(), "all", revoked.token.id, { active: false })
    await compromise(deleted.token.id)
    await deleteToken(runtime, anAdmin(), "all", deleted.token.id, undefined)
    at(91)
    expect(await digest()).toEqual({ mailed: 0, notices: 0 })
  })
})

test("of an end that is told, what is not so any more is left out: revoked since, or given another end", async () => {
  const [revoked, shortened] = [
    await aToken("a@example.com", "7d"),
    await aToken("b@example.com", "7d"),
    await aToken("c@example.com", "7d"),
  ]
  await remind()
  await updateToken(runtime, anAdmin(), "all", revoked.token.id, { active: false })
  const row = (await table.table.get<TokenItem>(tokenKey(shortened.token.id))) as TokenItem
  await table.put({ ...row, expiresAt: start + 3 * day })
  at(1)
  expect(await digest()).toEqual({ mailed: 1, notices: 1 })
  expect(to()).toEqual(["c@example.com"])
})

test("accounts that lost all tokens at once are told of one by one", async () => {
  for (const name of ["a", "b"]) {
    const { user } = await aToken("both@example.com")
    await revokeTokens(runtime, anAdmin(), user.id, { compromised: true, reason: name })
  }
  at(1)
  expect(await digest()).toEqual({ mailed: 1, notices: 2 })
  expect(sent[0]?.text.match(/all tokens that it had/g)).toHaveLength(2)
})

test("a run that was stopped knows whom SES has refused before, and the log has why", async () => {
  for (const name of ["a", "b"]) await aToken(`${name}@example.com`, "7d")
  await remind()
  at(1)
  onMail = (address) => {
    throw address === "a@example.com" ? new Unmailable("MessageRejected") : new Error("SES is throttled")
  }
  await expect(digest()).rejects.toThrow("throttled")
  expect(runtime.lines).toContainEqual({ event: "mail.refused", why: "MessageRejected" })
  onMail = () => {}
  runtime.clock.advance(minute)
  expect(await digest()).toEqual({ mailed: 1, notices: 2 })
  expect(to()).toEqual(["b@example.com"])
  expect(told[0]?.text).toMatch(/^1 address told of 1 token by mail\. What follows/)
  // The next one begins anew.
  expect(await table.table.get(jobKey("digests"))).not.toHaveProperty("unmailed")
})

test("a token that expires before its digest comes is told of all the same, whatever the settings flag", async () => {
  const { token } = await aToken("a@example.com", "30d")
  await updateSettings(runtime, anAdmin(), { expiring_days: 1 }, undefined)
  await remind()
  at(1)
  await digest()
  at(29, minute)
  await remind()
  at(30, minute)
  await digest()
  expect(to()).toEqual(["a@example.com", "a@example.com"])
  expect(sent[1]?.text).toContain(`${token.handle}): never used, expires 2026-12-23T12:00:00Z`)
})

test("a fleet of very long names stays within what SNS takes, and the rest is counted", async () => {
  const account = anAccount({ userId: `${"u".repeat(60)}@service` })
  const notices = (kind: Notice["kind"]) =>
    Array.from({ length: 600 }, (_, n): Notice => {
      const token = aRow(3812345678900000 + n, account.id, { name: "Я".repeat(100) }) as TokenItem
      return { kind, email: "a@example.com", account, token }
    })
  const all = [...notices("unused"), ...notices("expiring"), ...notices("compromised")]
  const [subject, text] = summaryText("prod", start, all.length, 0, all)
  expect(Buffer.byteLength(text)).toBeLessThan(230_000)
  const shown = text.split("\n").filter((line) => line.includes("@service")).length
  const more = [...text.matchAll(/and (\d+) more/g)].reduce((sum, [, count]) => sum + Number(count), 0)
  expect(shown + more).toBe(1800)
  // SNS's rule for subjects.
  expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/)
})

test("without an address to mail from, all of it is in the alarm address's", async () => {
  const { token } = await aToken("a@example.com", "7d")
  await remind()
  at(1)
  expect(await withoutMail()).toEqual({ mailed: 0, notices: 1 })
  expect(sent).toEqual([])
  expect(told).toHaveLength(1)
  expect(told[0]?.text).toMatch(/^Expiring:\n/)
  expect(told[0]?.text).toContain(token.handle)
})

test("what SES refuses for ever is in the alarm address's, and stops no other", async () => {
  const refused = await aToken("a@example.com", "7d")
  await aToken("b@example.com", "7d")
  await remind()
  onMail = (address) => {
    if (address === "a@example.com") throw new Unmailable("MessageRejected")
  }
  at(1)
  expect(await digest()).toEqual({ mailed: 1, notices: 2 })
  expect(to()).toEqual(["b@example.com"])
  expect(told[0]?.text).toContain(
    "1 address told of 1 token by mail. What follows could not be mailed to whom it concerns.",
  )
  expect(told[0]?.text).toContain(refused.token.handle)
})

describe("F4 late, stopped or twice", () => {
  test("a digest after days without one has all of them", async () => {
    await aToken("a@example.com", "7d")
    await remind()
    at(1)
    await digest()
    const later = await aToken("b@example.com", "60d")
    at(31)
    await remind()
    at(40)
    await digest()
    expect(to()).toEqual(["a@example.com", "b@example.com"])
    expect(sent[1]?.text).toContain(later.token.handle)
  })

  test("what happened in the last five minutes is left to the next one: nothing is lost at the seam, nothing comes twice", async () => {
    await aToken("a@example.com", "7d")
    at(1, -5 * minute - 1)
    await remind()
    const young = await aToken("b@example.com", "7d")
    at(1, -5 * minute)
    await remind()
    at(1)
    await digest()
    expect(to()).toEqual(["a@example.com"])
    at(2)
    await digest()
    expect(to()).toEqual(["a@example.com", "b@example.com"])
    expect(sent[1]?.text).toContain(young.token.handle)
  })

  test("a run that fails half-way is resumed at the address it had come to", async () => {
    for (const name of ["a", "b", "c", "d"]) await aToken(`${name}@example.com`, "7d")
    await remind()
    at(1)
    onMail = (address) => {
      if (address === "c@example.com") throw new Error("SES is throttled")
    }
    await expect(digest()).rejects.toThrow("throttled")
    expect([to(), told]).toEqual([["a@example.com", "b@example.com"], []])
    onMail = () => {}
    runtime.clock.advance(minute)
    expect(await digest()).toEqual({ mailed: 4, notices: 4 })
    expect(to()).toEqual(["a@example.com", "b@example.com", "c@example.com", "d@example.com"])
    expect(told).toHaveLength(1)
  })

  test("a run that was ended with its Lambda is resumed once its time is over: a second before, at it", async () => {
    await aToken("a@example.com", "7d")
    await remind()
    at(1)
    // As the row stands when the run is gone in the middle of its mail.
    let row: (Key & Record<string, unknown>) | undefined
    onMail = async () => {
      row = await table.table.get(jobKey("digests"))
    }
    await digest()
    await table.put(row as NonNullable<typeof row>)
    sent = []
    runtime.clock.advance(16 * minute - 1000)
    expect(await digest()).toEqual({ mailed: 0, notices: 0 })
    runtime.clock.advance(1000)
    expect(await digest()).toEqual({ mailed: 1, notices: 1 })
    expect(to()).toEqual(["a@example.com"])
  })

  test("of two runs at once, one sends", async () => {
    for (const name of ["a", "b", "c"]) await aToken(`${name}@example.com`, "7d")
    await remind()
    at(1)
    // Each has read how far the digests are before any of them has taken the next.
    let readers = 0
    const all = Promise.withResolvers<void>()
    const get: Table["get"] = async (key) => {
      const row = await table.table.get(key)
      if (key.PK !== jobKey("digests").PK) return row as never
      if (++readers === 3) all.resolve()
      await all.promise
      return row as never
    }
    const run = () => sendDigests({ ...runtime, table: { ...table.table, get } }, outlets)
    const outcomes = await Promise.all([run(), run(), run()])
    expect(outcomes.map(({ mailed }) => mailed).sort()).toEqual([0, 0, 3])
    expect(to()).toEqual(["a@example.com", "b@example.com", "c@example.com"])
    expect(told).toHaveLength(1)
  })
})
