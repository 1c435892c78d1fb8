import { describe, expect, test } from "vitest"
import { parseRefusalLine } from "../../../shared/token/refusal-line.ts"

const handle = "symsvc_HSYTyqcksHSYTyqduY"
const line = { event: "token.refused", code: "invalid-token", at: 1000, ip: "203.0.113.7", claimedHandle: handle }
const read = (over: object = {}) => parseRefusalLine(JSON.stringify({ ...line, ...over }))

describe("a line about a refusal", () => {
  test("gives its time, its network, and the handle, claimed or proven", () => {
    expect(read()).toEqual({ at: 1000, network: "203.0.113.0/24", handle })
    expect(read({ claimedHandle: undefined, handle })).toEqual({ at: 1000, network: "203.0.113.0/24", handle })
    expect(read({ ip: "2001:db8::1" })).toMatchObject({ network: "2001:db8:0::/48" })
    // 45 characters, the longest that an address has.
    expect(read({ ip: "2001:0db8:1111:2222:3333:4444:255.255.255.255" })).toMatchObject({
      network: "2001:db8:1111::/48",
    })
  })

  test("gives no handle where the credential had none, or what stands there is none", () => {
    const none = [
      undefined,
      7,
      "symsvc_short",
      `${handle}_`,
      `x${handle}`,
      [handle],
      "<script>",
      "symxyz_HSYTyqcksHSYTyqduY",
    ]
    for (const claimedHandle of none) expect(read({ claimedHandle })).toEqual({ at: 1000, network: "203.0.113.0/24" })
  })

  test("of an address that is none is of an unknown network", () => {
    expect(read({ ip: "" })).toEqual({ at: 1000, network: "unknown", handle })
  })

  test.each([
    ["another event", { event: "token.used" }],
    ["no time", { at: undefined }],
    ["a time that is no integer", { at: 1.5 }],
    ["a time before all times", { at: 0 }],
    ["no address", { ip: undefined }],
    ["an address that is too long for one", { ip: "1".repeat(46) }],
  ])("is none with %s", (_, over) => expect(read(over)).toBeUndefined())

  test.each(["", "not JSON", "null", "[]", '"token.refused"', '{"userAgent":"\\"token.refused\\""}'])(
    "is none: %s",
    (text) => expect(parseRefusalLine(text)).toBeUndefined(),
  )
})
