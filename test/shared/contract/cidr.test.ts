import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as z from "zod/mini"
import { newToken } from "../../../shared/contract/objects.ts"
import { isAllowedFrom } from "../../../shared/token/network.ts"

/** Every way to write 192.0.2.1 as an IPv6 address. */
const mapped = [
  "::ffff:192.0.2.1",
  "::FFFF:192.0.2.1",
  "::ffff:c000:201",
  "::ffff:c000:0201",
  "::FFFF:C000:201",
  "0:0:0:0:0:ffff:192.0.2.1",
  "0:0:0:0:0:ffff:c000:201",
  "0000:0000:0000:0000:0000:ffff:c000:0201",
  "0::ffff:192.0.2.1",
  "::0:ffff:c000:201",
]

describe("what the schema of allowed_cidrs accepts", () => {
  const schema = newToken.shape.allowed_cidrs
  const accepts = (cidr: string): boolean => z.safeParse(schema, [cidr]).success

  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((ip) => `::ffff:${ip}`),
    fc.constantFrom("::", "::1", "::ffff:0:0", "fe80::1%eth0", "2001:DB8::", "1:2:3:4:5:6:7::", "01.2.3.4", "1.2.3"),
    fc.string({ unit: fc.constantFrom(..."0123456789abcdefF:.%[]@ \n"), maxLength: 20 }),
  )
  const prefix = fc.oneof(
    fc.integer({ min: -1, max: 130 }).map(String),
    fc.double({ min: 0, max: 130, noNaN: true }).map(String),
    fc.constantFrom("", "1.5", "1e1", "1e-7", "0x8", "08", "+8", " 8", "8 ", "-0", "Infinity", "NaN"),
  )
  const anyCidr = fc.oneof(
    fc.tuple(address, prefix).map(([ip, bits]) => `${ip}/${bits}`),
    fc.string({ unit: "binary" }),
  )

  test("isAllowedFrom uses without throwing, and a network with a whole prefix holds its own address", () => {
    let accepted = 0
    fc.assert(
      fc.property(anyCidr, fc.oneof(fc.ipV4(), fc.ipV6()), (cidr, client) => {
        if (!accepts(cidr)) return
        accepted++
        expect(isAllowedFrom([cidr], client)).toBeTypeOf("boolean")
        expect(isAllowedFrom([cidr], cidr.split("/")[0] as string)).toBe(true)
      }),
      { numRuns: 2000 },
    )
    expect(accepted).toBeGreaterThan(50)
  })

  test.each(mapped)("is no mapped address with an IPv4 prefix: %s", (mask) => {
    expect([96, 120, 128].map((bits) => accepts(`${mask}/${bits}`))).toEqual([true, true, true])
    expect([0, 24, 32, 95].map((bits) => accepts(`${mask}/${bits}`))).toEqual([false, false, false, false])
  })

  test.each(["::/0", "::/95", "::fffe:c000:201/24", "::ffff:0:c000:201/24", "::ffff:1/24", "1::ffff:c000:201/24"])(
    "is what only looks mapped: %s",
    (cidr) => {
      expect(accepts(cidr)).toBe(true)
    },
  )

  test.each(["2001:db8::/1.5", "2001:db8::/1e-7", "2001:db8::/", "2001:db8::/048"])(
    "has a whole prefix: not %s",
    (cidr) => {
      expect(accepts(cidr)).toBe(false)
    },
  )
})
