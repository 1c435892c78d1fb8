// Long because the contract is told again here, as an independent oracle over every combination.
import { createSecretKey } from "node:crypto"
import { describe, expect, it, test } from "vitest"
import { refusals } from "../../../shared/contract/refusals.ts"
import { mint } from "../../../shared/token/format.ts"
import { digestUnder, type Keyring, UnknownKey } from "../../../shared/token/keyring.ts"
import { networkOf } from "../../../shared/token/network.ts"
import {
  type Match,
  type Presented,
  type SecretDigest,
  statusOf,
  usageResolution,
  type Verdict,
  type VerifiableAccount,
  type VerifiableToken,
  verdict,
  wantsRecord,
} from "../../../shared/token/verdict.ts"
import { aVerifiableAccount, aVerifiableToken } from "../../builders.ts"

const now = Date.parse("2026-11-23T12:00:00Z")
const accountId = 3812345678901234
const tokenId = 3812345678905678
const matches: Match[] = ["current", "pending", "previous"]

const bytes = (fill: number) => new Uint8Array(32).fill(fill)
const shown = bytes(9)
const secret = (digest: Uint8Array, keyPath: string, generation = 1): SecretDigest => ({ digest, keyPath, generation })

/** Presents the secret whose digest is `shown` under every key, as the token that `aVerifiableToken` is. */
const presented = (over: Partial<Presented> = {}): Presented => ({
  accountId,
  tokenId,
  digestUnder: () => shown,
  mintingKey: "k1",
  clientAddress: "203.0.113.7",
  ...over,
})

/** All three digests on the row; `match` is the one that the presented secret has. */
const tokenMatching = (match: Match | "none", over: Partial<VerifiableToken> = {}): VerifiableToken => {
  const digestOf = (place: Match, other: number) => (match === place ? shown : bytes(other))
  return aVerifiableToken({
    current: secret(digestOf("current", 1), "k1", 2),
    pending: secret(digestOf("pending", 2), "k1", 3),
    previous: secret(digestOf("previous", 3), "k1", 1),
    supersededAt: now + 1,
    ...over,
  })
}

/** The outcome in one word or two: a refusal's code, and what it found. */
function outcomeOf(result: Verdict): string {
  if (result.accepted) return `accepted ${result.matched}`
  return result.finding ? `${result.code} ${result.finding}` : result.code
}

describe("every combination", () => {
  const dimensions = {
    token: ["present", "absent"],
    digest: ["current", "pending", "previous", "none"],
    ids: ["agree", "token row of another id", "token row of another account", "account row of another id"],
    account: ["present", "absent"],
    network: ["allowed", "not allowed"],
    tokenState: ["ACTIVE", "REVOKED", "FROZEN"],
    epoch: ["older", "equal"],
    accountState: ["ACTIVE", "INACTIVE", "DELETING", "FROZEN"],
    expiry: ["none", "before", "at", "after"],
    superseded: ["none", "before", "at", "after"],
    pendingExpiry: ["none", "before", "at", "after"],
  } as const
  type Dimensions = typeof dimensions
  type Case = { [name in keyof Dimensions]: Dimensions[name][number] }

  /** Each in turn, as one object that is changed in place: there are nearly 200,000. */
  function forEachCase(use: (one: Readonly<Case>) => void): void {
    const names = Object.keys(dimensions) as (keyof Case)[]
    const one = {} as Record<string, string>
    const choose = (depth: number): void => {
      const name = names[depth]
      if (name === undefined) {
        use(one as Case)
        return
      }
      for (const value of dimensions[name]) {
        one[name] = value
        choose(depth + 1)
      }
    }
    choose(0)
  }

  /** The contract's order, sentence by sentence (api.md, "The verdict's order"). It knows words only, no row. */
  function expected(one: Case): string {
    // "unknown row, wrong digest, ids that disagree, network → invalid-token (a missing account also raises the metric)"
    if (one.token === "absent") return "invalid-token"
    if (one.digest === "none") return "invalid-token WrongSecret"
    if (one.ids === "token row of another id" || one.ids === "token row of another account") return "invalid-token"
    if (one.account === "absent") return "invalid-token Orphan"
    if (one.ids === "account row of another id") return "invalid-token"
    if (one.network === "not allowed") return "invalid-token"
    // "then the first of token-revoked (state, or an epoch older than the account's)": an unknown state is the narrower
    const unknown = one.tokenState === "FROZEN" || one.accountState === "FROZEN" ? " UnknownState" : ""
    if (one.tokenState !== "ACTIVE" || one.epoch === "older") return `token-revoked${unknown}`
    // "account-inactive (INACTIVE or DELETING)"
    if (one.accountState !== "ACTIVE") return `account-inactive${unknown}`
    // "token-expired": "expires_at is exclusive: a token is dead at that instant"; a pending secret has an end of its own
    const isOver = (instant: string) => instant === "before" || instant === "at"
    if (isOver(one.expiry)) return "token-expired"
    if (one.digest === "pending" && isOver(one.pendingExpiry)) return "token-expired"
    // "token-superseded (the previous secret after its overlap)": without an end there is no overlap
    if (one.digest === "previous" && one.superseded !== "after") return "token-superseded"
    return `accepted ${one.digest}`
  }

  const instants = { none: undefined, before: now - 1, at: now, after: now + 1 }
  const idOf = {
    agree: 0,
    "token row of another id": 0,
    "token row of another account": 0,
    "account row of another id": 1,
  }

  function rowsOf(one: Case): [VerifiableToken | undefined, VerifiableAccount | undefined] {
    const token = tokenMatching(one.digest, {
      id: one.ids === "token row of another id" ? tokenId + 1 : tokenId,
      accountId: one.ids === "token row of another account" ? accountId + 1 : accountId,
      state: one.tokenState,
      epoch: one.epoch === "older" ? 4 : 5,
      expiresAt: instants[one.expiry],
      supersededAt: instants[one.superseded],
      pendingExpiresAt: instants[one.pendingExpiry],
      allowedCidrs: one.network === "allowed" ? ["203.0.113.0/24"] : ["198.51.100.0/24"],
    })
    const account = {
      id: accountId + idOf[one.ids],
      userId: "api_access@service",
      userType: "Service",
      role: "Editor",
      teams: [],
      state: one.accountState,
      epoch: 5,
    } satisfies VerifiableAccount
    return [one.token === "present" ? token : undefined, one.account === "present" ? account : undefined]
  }

  test("is decided as the contract orders it", () => {
    const wrong: string[] = []
    const counts: Record<string, number> = {}
    let cases = 0
    forEachCase((one) => {
      cases++
      const [token, account] = rowsOf(one)
      const result = verdict(presented(), token, account, now)
      const outcome = outcomeOf(result)
      const should = expected(one)
      counts[should] = (counts[should] ?? 0) + 1
      if (outcome !== should) wrong.push(`${outcome}, not ${should}: ${JSON.stringify(one)}`)
      if (result.accepted && (result.token !== token || result.account !== account))
        wrong.push(`other rows than those given: ${JSON.stringify(one)}`)
    })
    expect(wrong.slice(0, 10)).toEqual([])
    expect(cases).toBe(2 * 4 * 4 * 2 * 2 * 3 * 2 * 4 * 4 * 4 * 4)
    // Counted by hand from the dimensions, so that an oracle and a verdict that are wrong alike are noticed.
    expect(counts).toEqual({
      "invalid-token": cases - 4 * 2 * 2 * 3 * 2 * 4 ** 4 - 3 * 2 * 2 * 3 * 2 * 4 ** 4 - 3 * 3 * 2 * 4 ** 4,
      "invalid-token WrongSecret": 4 * 2 * 2 * 3 * 2 * 4 * 4 * 4 * 4,
      "invalid-token Orphan": 3 * 2 * 2 * 3 * 2 * 4 * 4 * 4 * 4,
      "token-revoked": 3 * 3 * 3 * 4 * 4 * 4,
      // A token in a state of its own, with any account; or a revoked one, with an account in such a state.
      "token-revoked UnknownState": 3 * (2 * 4 + 3) * 4 * 4 * 4,
      "account-inactive": 3 * 2 * 4 * 4 * 4,
      "account-inactive UnknownState": 3 * 4 * 4 * 4,
      "token-expired": 3 * 2 * 4 * 4 + 2 * 4 * 2,
      "token-superseded": 2 * 3 * 4,
      "accepted current": 2 * 4 * 4,
      "accepted pending": 2 * 4 * 2,
      "accepted previous": 2 * 1 * 4,
    })
  })

  test("is refused with a code that the contract lists", () => {
    const codes = new Set<string>()
    forEachCase((one) => {
      const word = expected(one)
      if (!word.startsWith("accepted")) codes.add(word.split(" ")[0] as string)
    })
    expect([...codes].toSorted()).toEqual(Object.keys(refusals).toSorted())
  })
})

describe("what proves nothing is answered alike", () => {
  const account = aVerifiableAccount()
  const invalid = { accepted: false, code: "invalid-token" }

  test.each([
    ["an unknown token", undefined, account],
    ["an unknown token of an unknown account", undefined, undefined],
    ["a token of another id", tokenMatching("current", { id: tokenId + 1 }), account],
    ["a token of another account", tokenMatching("current", { accountId: accountId + 1 }), account],
    ["another account's row", tokenMatching("current"), aVerifiableAccount({ id: accountId + 1 })],
    // It may outlive its human's account by hours.
    ["a session whose account is missing", tokenMatching("current", { type: "Session" }), undefined],
    ["another network", tokenMatching("current", { allowedCidrs: ["198.51.100.0/24"] }), account],
    [
      "another network, and revoked",
      tokenMatching("current", { allowedCidrs: ["198.51.100.0/24"], state: "REVOKED" }),
      account,
    ],
  ])("%s", (_what, token, row) => {
    expect(verdict(presented(), token, row, now)).toStrictEqual(invalid)
  })

  test.each([
    ["a wrong digest", tokenMatching("none"), account, "WrongSecret"],
    ["a wrong digest for a revoked token", tokenMatching("none", { state: "REVOKED" }), account, "WrongSecret"],
    ["a wrong digest for a token in an unknown state", tokenMatching("none", { state: "X" }), account, "WrongSecret"],
    ["a wrong digest for a token of another id", tokenMatching("none", { id: tokenId + 1 }), account, "WrongSecret"],
    ["a wrong digest for a token without an account", tokenMatching("none"), undefined, "WrongSecret"],
    ["a token whose account is missing", tokenMatching("current"), undefined, "Orphan"],
    ["a revoked token whose account is missing", tokenMatching("current", { state: "REVOKED" }), undefined, "Orphan"],
    ["a personal token whose account is missing", tokenMatching("current", { type: "Personal" }), undefined, "Orphan"],
  ])("%s, but for what we are told", (_what, token, row, finding) => {
    expect(verdict(presented(), token, row, now)).toStrictEqual({ ...invalid, finding })
  })

  test("an unknown state is told after the network, and only of what is refused for a state", () => {
    const elsewhere = { allowedCidrs: ["198.51.100.0/24"] }
    const found = (token: Partial<VerifiableToken>, row = account) =>
      outcomeOf(verdict(presented(), tokenMatching("current", token), row, now))
    expect(found({ state: "FROZEN", ...elsewhere })).toBe("invalid-token")
    expect(found({ state: "FROZEN" })).toBe("token-revoked UnknownState")
    expect(found({}, aVerifiableAccount({ state: "FROZEN" }))).toBe("account-inactive UnknownState")
    expect(found({ expiresAt: now })).toBe("token-expired")
  })

  test("no list of networks allows every address", () => {
    const token = tokenMatching("current")
    expect(token.allowedCidrs).toBeUndefined()
    expect(outcomeOf(verdict(presented({ clientAddress: "unknown" }), token, account, now))).toBe("accepted current")
    const empty = { ...token, allowedCidrs: [] }
    expect(outcomeOf(verdict(presented({ clientAddress: "unknown" }), empty, account, now))).toBe("accepted current")
  })

  test("an epoch newer than the account's is no older one", () => {
    const token = tokenMatching("current", { epoch: 6 })
    expect(outcomeOf(verdict(presented(), token, aVerifiableAccount({ epoch: 5 }), now))).toBe("accepted current")
  })
})

describe("the networks that a token allows", () => {
  const decided = (allowedCidrs: string[], clientAddress: string) =>
    outcomeOf(
      verdict(presented({ clientAddress }), tokenMatching("current", { allowedCidrs }), aVerifiableAccount(), now),
    )

  test.each([
    "203.0.113.7",
    "::ffff:203.0.113.7",
    "::FFFF:203.0.113.7",
    "::ffff:cb00:7107",
    "0:0:0:0:0:ffff:cb00:7107",
    "0000:0000:0000:0000:0000:FFFF:CB00:7107",
    "0::ffff:203.0.113.7",
  ])("hold one client, however its address is written: %s", (address) => {
    for (const cidr of ["203.0.113.0/24", "203.0.113.7/32", "::ffff:203.0.113.0/120", "0.0.0.0/0"])
      expect([cidr, decided([cidr], address)]).toEqual([cidr, "accepted current"])
    for (const cidr of ["203.0.113.6/32", "::ffff:203.0.113.0/24", "::ffff:203.0.114.0/120", "::/0"])
      expect([cidr, decided([cidr], address)]).toEqual([cidr, "invalid-token"])
  })

  test.each([
    [["203.0.113.99/24"], "203.0.113.7"],
    [["::ffff:203.0.113.99/120"], "203.0.113.7"],
    [["2001:db8:1:ffff::9/48"], "2001:db8:1::7"],
    [["::/0"], "2001:db8::7"],
    [["no network", "203.0.113.0/24"], "203.0.113.7"],
    [["0.0.0.0/0", "::/0"], "2001:db8::7"],
    [["0.0.0.0/0", "::/0"], "203.0.113.7"],
  ])("%j hold %s", (cidrs, address) => {
    expect(decided(cidrs, address)).toBe("accepted current")
  })

  test.each([
    [["203.0.113.99/24"], "203.0.114.7"],
    [["0.0.0.0/0"], "2001:db8::7"],
    [["::/0"], "203.0.113.7"],
    [["0.0.0.0/0", "::/0"], "unknown"],
    [["0.0.0.0/0", "::/0"], "203.0.113.7, 198.51.100.1"],
    // What is no network holds nobody: neither all, nor a fault.
    [["no network"], "203.0.113.7"],
    [["203.0.113.7"], "203.0.113.7"],
    [["203.0.113.0/33", "::/129", "/0", ""], "203.0.113.7"],
  ])("%j don't hold %s", (cidrs, address) => {
    expect(decided(cidrs, address)).toBe("invalid-token")
  })
})

describe("the digests", () => {
  const account = aVerifiableAccount()
  const keyring: Keyring = {
    keys: new Map(["k1", "k2", "k3"].map((id, n) => [id, createSecretKey(bytes(n + 1))])),
    mintFrom: new Map(),
  }
  const bearerToken = mint("Service", accountId, tokenId, bytes(0x55))
  const paths = { current: "k1.k2", pending: "k3", previous: "k2" }

  /** A presented bearer token that writes down under which key paths it was digested. */
  function counting(over: Partial<Presented> = {}) {
    const calls: string[] = []
    const one = presented({
      mintingKey: "k3",
      digestUnder: (keyPath) => {
        calls.push(keyPath)
        return digestUnder(keyring, keyPath, bearerToken)
      },
      ...over,
    })
    return { one, calls }
  }
  const rowFor = (match: Match | "none", over: Partial<VerifiableToken> = {}) => {
    const digestOf = (place: Match) => (match === place ? digestUnder(keyring, paths[place], bearerToken) : bytes(7))
    return aVerifiableToken({
      current: secret(digestOf("current"), paths.current, 2),
      pending: secret(digestOf("pending"), paths.pending, 3),
      previous: secret(digestOf("previous"), paths.previous, 1),
      supersededAt: now + 1,
      ...over,
    })
  }

  test.each([...matches, "none"] as const)(
    "are all three compared, each under its own key, when it is %s that matches",
    (match) => {
      const { one, calls } = counting()
      expect(outcomeOf(verdict(one, rowFor(match), account, now))).toBe(
        match === "none" ? "invalid-token WrongSecret" : `accepted ${match}`,
      )
      expect(calls).toEqual(["k1.k2", "k3", "k2"])
    },
  )

  test("are three also for a token that has one", () => {
    const { one, calls } = counting()
    const token = rowFor("current", { pending: undefined, previous: undefined })
    expect(outcomeOf(verdict(one, token, account, now))).toBe("accepted current")
    expect(calls).toEqual(["k1.k2", "k3", "k3"])
  })

  test("are three also for an unknown token, under the key that mints", () => {
    const { one, calls } = counting({ mintingKey: "k2" })
    expect(outcomeOf(verdict(one, undefined, undefined, now))).toBe("invalid-token")
    expect(calls).toEqual(["k2", "k2", "k2"])
  })

  test("are three also when the ids disagree, the account is missing, the network is wrong, or the token is revoked", () => {
    for (const [token, row] of [
      [rowFor("current", { id: tokenId + 1 }), account],
      [rowFor("current"), undefined],
      [rowFor("current", { allowedCidrs: ["198.51.100.0/24"] }), account],
      [rowFor("current", { state: "REVOKED" }), account],
    ] as const) {
      const { one, calls } = counting()
      expect(verdict(one, token, row, now).accepted).toBe(false)
      expect(calls).toHaveLength(3)
    }
  })

  test("of one secret in several places count as the first: current, pending, previous", () => {
    const all = { current: secret(shown, "k1"), pending: secret(shown, "k1"), previous: secret(shown, "k1") }
    const matchedOf = (over: Partial<VerifiableToken>) =>
      outcomeOf(verdict(presented(), tokenMatching("none", { ...all, ...over }), account, now))
    expect(matchedOf({})).toBe("accepted current")
    expect(matchedOf({ current: secret(bytes(1), "k1") })).toBe("accepted pending")
    expect(matchedOf({ current: secret(bytes(1), "k1"), pending: undefined })).toBe("accepted previous")
  })

  test("of 32 zero bytes match no absent secret, and no unknown token", () => {
    const zero = presented({ digestUnder: () => bytes(0) })
    expect(outcomeOf(verdict(zero, undefined, undefined, now))).toBe("invalid-token")
    expect(outcomeOf(verdict(zero, undefined, account, now))).toBe("invalid-token")
    const token = tokenMatching("none", { pending: undefined, previous: undefined })
    expect(outcomeOf(verdict(zero, token, account, now))).toBe("invalid-token WrongSecret")
  })

  test.each([0, 15, 31])("that differ in byte %d only don't match", (at) => {
    const near = Uint8Array.from(shown)
    near[at] = (near[at] as number) ^ 1
    const token = tokenMatching("none", { current: secret(near, "k1") })
    expect(outcomeOf(verdict(presented(), token, account, now))).toBe("invalid-token WrongSecret")
  })

  test.each([0, 31, 33])("of %d bytes on a row are our fault: an error, not a refusal", (length) => {
    const token = tokenMatching("none", { current: secret(new Uint8Array(length), "k1") })
    expect(() => verdict(presented(), token, account, now)).toThrow(RangeError)
  })

  test.each(matches)(
    "under a key that we don't have, for the %s one, throw UnknownKey, whatever else matches",
    (place) => {
      for (const match of [...matches, "none"] as const) {
        const token = rowFor(match)
        const { one } = counting()
        const broken = { ...token, [place]: secret(bytes(7), "k4") }
        expect(() => verdict(one, broken, account, now)).toThrow(UnknownKey)
      }
    },
  )

  test("of an unknown token throw UnknownKey when the minting key isn't there", () => {
    expect(() => verdict(counting({ mintingKey: "k4" }).one, undefined, undefined, now)).toThrow(UnknownKey)
  })
})

describe("F3 the ends of a secret, in pairs", () => {
  const account = aVerifiableAccount()
  const decided = (match: Match, over: Partial<VerifiableToken>) =>
    outcomeOf(verdict(presented(), tokenMatching(match, over), account, now))

  test.each([
    [now - 1, "token-expired"],
    [now, "token-expired"],
    [now + 1, "accepted"],
    [undefined, "accepted"],
  ])("a token that expires at %s", (expiresAt, word) => {
    for (const match of matches)
      expect(decided(match, { expiresAt })).toBe(word === "accepted" ? `accepted ${match}` : word)
  })

  test.each([
    [now - 1, "token-expired"],
    [now, "token-expired"],
    [now + 1, "accepted pending"],
    [undefined, "accepted pending"],
  ])("a pending secret that expires at %s; the others don't mind", (pendingExpiresAt, outcome) => {
    expect(decided("pending", { pendingExpiresAt })).toBe(outcome)
    expect(decided("current", { pendingExpiresAt })).toBe("accepted current")
    expect(decided("previous", { pendingExpiresAt })).toBe("accepted previous")
  })

  test.each([
    [now - 1, "token-superseded"],
    [now, "token-superseded"],
    [now + 1, "accepted previous"],
    [undefined, "token-superseded"],
  ])("a previous secret that is superseded at %s; the others don't mind", (supersededAt, outcome) => {
    expect(decided("previous", { supersededAt })).toBe(outcome)
    expect(decided("current", { supersededAt })).toBe("accepted current")
    expect(decided("pending", { supersededAt })).toBe("accepted pending")
  })
})

describe("statusOf", () => {
  const active = { state: "ACTIVE", epoch: 5, expiresAt: undefined }
  const account = { state: "ACTIVE", epoch: 5 }

  test.each([
    [1, "active"],
    [0, "expired"],
    [-1, "expired"],
  ])("F3 a token that expires in %d ms is %s", (milliseconds, status) => {
    expect(statusOf({ ...active, expiresAt: now + milliseconds }, account, now)).toBe(status)
  })

  test("a token without an end never expires, and one that ended in 1970 has", () => {
    expect(statusOf(active, account, Number.MAX_SAFE_INTEGER)).toBe("active")
    expect(statusOf({ ...active, expiresAt: 0 }, account, now)).toBe("expired")
  })

  test.each([
    [2 ** 31 * 1000 - 1, "active"],
    [2 ** 31 * 1000, "expired"],
    [2 ** 31 * 1000 + 1, "expired"],
  ])("F3 the end of 32-bit seconds is an instant like any other: at %d it is %s", (at, status) => {
    expect(statusOf({ ...active, expiresAt: 2 ** 31 * 1000 }, account, at)).toBe(status)
  })

  test.each([
    [4, "revoked"],
    [5, "active"],
    [6, "active"],
  ])("a token of epoch %d, of an account at 5, is %s", (epoch, status) => {
    expect(statusOf({ ...active, epoch }, account, now)).toBe(status)
  })

  test.each(["REVOKED", "FROZEN", "active", ""])("a token in the state %j is revoked", (state) => {
    expect(statusOf({ ...active, state }, account, now)).toBe("revoked")
  })

  test.each(["INACTIVE", "DELETING", "FROZEN", "active", ""])(
    "the token of an account in the state %j is account-inactive",
    (state) => {
      expect(statusOf(active, { ...account, state }, now)).toBe("account-inactive")
    },
  )

  test("the first reason in the contract's order is told: revoked, account-inactive, expired", () => {
    const ended = { ...active, expiresAt: now }
    const inactive = { ...account, state: "INACTIVE" }
    expect(statusOf({ ...ended, state: "REVOKED" }, inactive, now)).toBe("revoked")
    expect(statusOf({ ...ended, epoch: 4 }, inactive, now)).toBe("revoked")
    expect(statusOf(ended, inactive, now)).toBe("account-inactive")
    expect(statusOf(ended, account, now)).toBe("expired")
  })
})

describe("wantsRecord", () => {
  const address = "203.0.113.7"
  const known = { "203.0.113.0/24": now - 1000 }
  /** A row that has all that a record could tell. */
  const recorded = (over: Partial<VerifiableToken> = {}) =>
    aVerifiableToken({
      current: secret(bytes(1), "k2"),
      pending: secret(bytes(2), "k2"),
      previous: secret(bytes(3), "k2"),
      lastUsed: now,
      networks: known,
      ...over,
    })
  const wants = (over: Partial<VerifiableToken> = {}, match: Match = "current", minting = "k2", from = address) =>
    wantsRecord(recorded(over), match, minting, networkOf(from), now)

  it("is false when the row has it all", () => {
    expect(wants()).toBe(false)
  })

  test.each([
    [59_999, false],
    [60_000, false],
    [60_001, true],
  ])("%d ms after the last recorded use: %s", (elapsed, expected) => {
    expect(wants({ lastUsed: now - elapsed })).toBe(expected)
  })

  it("has a resolution of a minute", () => {
    expect(usageResolution).toBe(60_000)
  })

  it("is true for the first use, and false for a row that a faster clock wrote", () => {
    expect(wants({ lastUsed: undefined })).toBe(true)
    expect(wants({ lastUsed: now + 5000 })).toBe(false)
  })

  it.each([
    ["current", false],
    ["pending", true],
    ["previous", true],
  ] as const)("the %s secret: %s", (match, expected) => {
    expect(wants({}, match)).toBe(expected)
  })

  it.each([
    ["k1", true],
    ["k2", false],
    ["k3", false],
    ["k1.k2", true],
    ["k10", false],
  ])("a digest under %s while k2 mints: %s", (keyPath, expected) => {
    expect(wants({ current: secret(bytes(1), keyPath) })).toBe(expected)
  })

  it("minds only the digest that matched", () => {
    const old = secret(bytes(2), "k1")
    expect(wants({ pending: old, previous: old })).toBe(false)
  })

  it("is true while the token is flagged as unused, since whenever", () => {
    expect(wants({ flaggedAt: now - 1 })).toBe(true)
    expect(wants({ flaggedAt: 0 })).toBe(true)
    expect(wants({ flaggedAt: undefined })).toBe(false)
  })

  it.each([
    ["203.0.112.255", true],
    ["203.0.113.0", false],
    ["203.0.113.255", false],
    ["203.0.114.0", true],
    ["::ffff:203.0.113.9", false],
    ["2001:db8::1", true],
    ["unknown", true],
  ])("from %s, when only 203.0.113.0/24 is known: %s", (from, expected) => {
    expect(wants({}, "current", "k2", from)).toBe(expected)
  })

  it("is true when no network is known", () => {
    expect(wants({ networks: {} })).toBe(true)
    expect(wants({ networks: undefined })).toBe(true)
  })

  it("is false again once the unknown network is recorded", () => {
    expect(wants({ networks: { unknown: now } }, "current", "k2", "no address")).toBe(false)
  })
})
