import { describe, expect, test } from "vitest"
import { digestText, type Notice, summaryText } from "../../../shared/store/digest-text.ts"
import { handleOfToken } from "../../../shared/store/shown-token.ts"
import type { TokenItem } from "../../../shared/store/table.ts"
import { anAccount } from "../../builders.ts"
import { aRow, day, start } from "../../fleet.ts"

const account = anAccount({ userId: "sync@service" })
let ids = 3812345678900000
const notice = (kind: Notice["kind"], over: Partial<TokenItem> | undefined): Notice => ({
  ...{ kind, email: "a@example.com", account },
  token: over && (aRow(ids++, account.id, over) as TokenItem),
})
const handle = ({ token }: Notice) => handleOfToken(token as TokenItem)

describe("the mail to one address", () => {
  test("has a section for each kind, what is worst first, a line for each token in their order, and how to go on", () => {
    const [zebra, alpha, used, leaked] = [
      notice("unused", { name: "zebra" }),
      notice("unused", { name: "alpha", expiresAt: start + day }),
      notice("expiring", { name: "used", lastUsed: start, expiresAt: start + day }),
      notice("compromised", { name: "leaked" }),
    ]
    expect(digestText("prod", [zebra, alpha, used, leaked])).toEqual([
      "Symbolon prod: 4 tokens to look after",
      [
        "Reported as compromised, and revoked for ever:",
        `  sync@service, leaked (${handle(leaked)}): never used, never expires`,
        "Make new tokens in their place, and look in the audit trail for what they did.",
        "",
        "Expiring:",
        `  sync@service, used (${handle(used)}): last used 2026-11-23T12:00:00Z, expires 2026-11-24T12:00:00Z`,
        "Rotate them while they are good, and hand on the new ones.",
        "",
        "Unused:",
        `  sync@service, alpha (${handle(alpha)}): never used, expires 2026-11-24T12:00:00Z`,
        `  sync@service, zebra (${handle(zebra)}): never used, never expires`,
        "Revoke what nobody needs: a revoked token can be restored.",
        "",
      ].join("\n"),
    ])
  })

  test("of one thing is of one token, and has no section for what there is not", () => {
    expect(digestText("prod", [notice("compromised", undefined)])).toEqual([
      "Symbolon prod: 1 token to look after",
      "Reported as compromised, and revoked for ever:\n  sync@service: all tokens that it had\n" +
        "Make new tokens in their place, and look in the audit trail for what they did.\n",
    ])
  })

  test("shows of a section what fits into 70,000 bytes, to the byte, and counts the rest", () => {
    const bytesOf = (one: Notice) => Buffer.byteLength(digestText("s", [one])[1].split("\n")[1] as string) + 1
    const least = bytesOf(notice("unused", { name: "" }))
    // Seven lines of 10,000 bytes, with their ends; the last one of them a byte longer, or not.
    const lines = (more: number) =>
      Array.from({ length: 7 }, (_, n) =>
        notice("unused", { name: `${n}`.padEnd(10_000 - least + (n === 6 ? more : 0), "x") }),
      )
    const shown = (more: number, ...others: Notice[]) => digestText("s", [...lines(more), ...others])[1].split("\n")
    expect(bytesOf(lines(0)[0] as Notice)).toBe(10_000)
    expect(shown(0)).toHaveLength(7 + 3)
    expect(shown(0).some((line) => line.includes("more"))).toBe(false)
    expect(shown(1).filter((line) => line.endsWith("more"))).toEqual(["  and 1 more"])
    expect(shown(0, notice("unused", { name: "z" })).filter((line) => line.endsWith("more"))).toEqual(["  and 1 more"])
    // Not even the first fits.
    expect(digestText("s", [notice("unused", { name: "x".repeat(70_000) })])[1].split("\n")[1]).toBe("  and 1 more")
  })
})

describe("the alarm address's summary", () => {
  const since = start
  test("says how much was mailed, what could not be, or all of it", () => {
    const left = notice("unused", { name: "left" })
    const line = `Unused:\n  sync@service, left (${handle(left)}): never used, never expires\nRevoke what nobody needs: a revoked token can be restored.\n`
    expect(summaryText("dev", since, 3, 2, [])).toEqual([
      "Symbolon dev: 3 tokens to look after since 2026-11-23T12:00:00Z",
      "2 addresses told of 3 tokens by mail.\n",
    ])
    expect(summaryText("dev", since, 2, 1, [left])[1]).toBe(
      `1 address told of 1 token by mail. What follows could not be mailed to whom it concerns.\n\n${line}`,
    )
    expect(summaryText("dev", since, 1, 0, [left])).toEqual([
      "Symbolon dev: 1 token to look after since 2026-11-23T12:00:00Z",
      line,
    ])
  })
})
