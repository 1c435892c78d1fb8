import fc from "fast-check"
import { describe, expect, it, test } from "vitest"
import { isAllowedFrom, networkOf } from "../../../shared/token/network.ts"

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
  "::ffff:192.0.2.1%eth0",
]

const garbage = [
  "",
  " ",
  "unknown",
  "localhost",
  "192.0.2",
  "192.0.2.256",
  "192.0.2.1.1",
  "192.0.2.01",
  "192.0.2.1 ",
  " 192.0.2.1",
  "192.0.2.1\n",
  "192.0.2.1:443",
  "192.0.2.0/24",
  "3221225985",
  "0xc0000201",
  "[2001:db8::1]",
  "2001:db8::/32",
  "2001:db8::1::2",
  "2001:db8",
  "12345::",
  "1:2:3:4:5:6:7:8:9",
  "::ffff:192.0.2.256",
  "%eth0",
  "__proto__",
]

describe("networkOf", () => {
  test.each([
    ["192.0.2.1", "192.0.2.0/24"],
    ["192.0.2.0", "192.0.2.0/24"],
    ["192.0.2.255", "192.0.2.0/24"],
    ["192.0.3.0", "192.0.3.0/24"],
    ["0.0.0.0", "0.0.0.0/24"],
    ["255.255.255.255", "255.255.255.0/24"],
  ])("IPv4: %s is of %s", (address, network) => {
    expect(networkOf(address)).toBe(network)
  })

  test.each([
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
    ["2001:0db8:0001:0002:0003:0004:0005:0006", "2001:db8:1::/48"],
    ["2001:DB8:ABCD:ffff:ffff:ffff:ffff:ffff", "2001:db8:abcd::/48"],
    ["2001:db8:abce::", "2001:db8:abce::/48"],
    ["2001:db8::", "2001:db8:0::/48"],
    ["2001:db8::1", "2001:db8:0::/48"],
    ["2001:db8:0:0:1::", "2001:db8:0::/48"],
    ["2001::1", "2001:0:0::/48"],
    ["2001:0:1::", "2001:0:1::/48"],
    ["1:2:3:4:5:6:7::", "1:2:3::/48"],
    ["::2:3:4:5:6:7:8", "0:2:3::/48"],
    ["::3:4:5:6:7:8", "0:0:3::/48"],
    ["::4:5:6:7:8", "0:0:0::/48"],
    ["0:0:0:4:5:6:7:8", "0:0:0::/48"],
    ["1::8", "1:0:0::/48"],
    ["1::3:4:5:6:7:8", "1:0:3::/48"],
    ["1::4:5:6:7:8", "1:0:0::/48"],
    ["::", "0:0:0::/48"],
    ["::1", "0:0:0::/48"],
    ["::192.0.2.1", "0:0:0::/48"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0::/48"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3::/48"],
    ["::fffe:192.0.2.1", "0:0:0::/48"],
    ["::ffff:0:192.0.2.1", "0:0:0::/48"],
    ["1::ffff:192.0.2.1", "1:0:0::/48"],
  ])("IPv6: %s is of %s", (address, network) => {
    expect(networkOf(address)).toBe(network)
  })

  test.each([
    ["fe80::1%eth0", "fe80:0:0::/48"],
    ["fe80::1%1", "fe80:0:0::/48"],
    ["fe80:1:2:3:4:5:6:7%en0", "fe80:1:2::/48"],
    ["::%lo", "0:0:0::/48"],
  ])("a zone is no part of it: %s is of %s", (address, network) => {
    expect(networkOf(address)).toBe(network)
  })

  test.each(mapped)("%s is the IPv4 address that it maps", (address) => {
    expect(networkOf(address)).toBe("192.0.2.0/24")
  })

  test.each(garbage)("%j is of an unknown network", (address) => {
    expect(networkOf(address)).toBe("unknown")
  })

  it("knows the longest address with a zone, which is longer than any without", () => {
    expect(networkOf("2001:0db8:1111:2222:3333:4444:255.255.255.255%eth0")).toBe("2001:db8:1111::/48")
  })

  it("never throws, and fits what a usage line may hold", () => {
    const address = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV6().map((ip) => `${ip}%eth0`),
    )
    fc.assert(
      fc.property(address, (text) => {
        expect(networkOf(text)).toMatch(/^(unknown|(\d{1,3}\.){3}0\/24|([0-9a-f]{1,4}:){3}:\/48)$/)
      }),
      { numRuns: 500 },
    )
  })

  it("depends on the first 48 bits of an IPv6 address only, however it is written", () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const hex = groups.map((value) => value.toString(16))
        // Mapped IPv4 addresses are another matter.
        fc.pre(!(groups.slice(0, 5).every((value) => value === 0) && groups[5] === 0xffff))
        const plain = hex.join(":")
        const padded = hex.map((value) => value.padStart(4, "0").toUpperCase()).join(":")
        const shortest = new URL(`http://[${plain}]`).hostname.slice(1, -1)
        const network = `${hex.slice(0, 3).join(":")}::/48`
        expect([plain, padded, shortest].map(networkOf)).toEqual([network, network, network])
      }),
      { numRuns: 500 },
    )
  })
})

describe("isAllowedFrom", () => {
  test("an empty list allows every address, also one that isn't one", () => {
    for (const address of ["192.0.2.1", "2001:db8::1", "", "unknown"]) expect(isAllowedFrom([], address)).toBe(true)
  })

  test.each([
    ["192.0.2.0/24", "192.0.1.255", false],
    ["192.0.2.0/24", "192.0.2.0", true],
    ["192.0.2.0/24", "192.0.2.255", true],
    ["192.0.2.0/24", "192.0.3.0", false],
    ["192.0.2.77/24", "192.0.2.1", true],
    ["192.0.2.1/32", "192.0.2.0", false],
    ["192.0.2.1/32", "192.0.2.1", true],
    ["192.0.2.1/32", "192.0.2.2", false],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.128/25", "192.0.2.128", true],
    ["0.0.0.0/0", "255.255.255.255", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["2001:db8:1::/48", "2001:db8:0:ffff:ffff:ffff:ffff:ffff", false],
    ["2001:db8:1::/48", "2001:db8:1::", true],
    ["2001:db8:1::/48", "2001:DB8:1:FFFF:FFFF:FFFF:FFFF:FFFF", true],
    ["2001:db8:1::/48", "2001:db8:2::", false],
    ["2001:db8::1/128", "2001:db8::1", true],
    ["2001:db8::1/128", "2001:db8:0:0:0:0:0:1", true],
    ["2001:db8::1/128", "2001:db8::2", false],
    ["::1/128", "::1", true],
    ["::1/128", "::", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "192.0.2.1", false],
    ["::/95", "192.0.2.1", false],
    ["::ffff:0:0/96", "192.0.2.1", true],
    ["::ffff:0:0/96", "::fffe:c000:201", false],
    // Meant as /120: all of IPv4 is the last thing that it means.
    ["::ffff:192.0.2.0/24", "192.0.2.1", false],
    ["::ffff:192.0.2.0/24", "198.51.100.1", false],
    ["::ffff:192.0.2.0/95", "192.0.2.1", false],
    ["::ffff:192.0.2.0/129", "192.0.2.1", false],
    ["2001:db8:1:2:3:4:5:6/48", "2001:db8:1::", true],
    ["2001:db8:1:2:3:4:5:6/48", "2001:db8:2::", false],
    ["::ffff:192.0.2.77/120", "192.0.2.1", true],
    ["::ffff:192.0.2.77/120", "192.0.3.1", false],
    ["::ffff:192.0.2.77/128", "192.0.2.76", false],
    ["2001:db8::/32", "192.0.2.1", false],
    ["fe80::/10", "fe80::1%eth0", true],
    ["::ffff:192.0.2.0/120", "192.0.2.255", true],
    ["::ffff:192.0.2.0/120", "192.0.3.0", false],
    ["::ffff:c000:200/120", "192.0.2.255", true],
  ])("%s and %s: %s", (cidr, address, expected) => {
    expect(isAllowedFrom([cidr], address)).toBe(expected)
  })

  test.each(mapped)("%s is allowed where the IPv4 address is, and nowhere else", (address) => {
    expect(isAllowedFrom(["192.0.2.1/32"], address)).toBe(true)
    expect(isAllowedFrom(["0.0.0.0/0"], address)).toBe(true)
    expect(isAllowedFrom(["192.0.2.0/32"], address)).toBe(false)
    expect(isAllowedFrom(["2001:db8::/32", "::/0"], address)).toBe(false)
  })

  test.each(mapped.filter((address) => !address.includes("%")))(
    "%s with 96 bits more is the IPv4 network",
    (address) => {
      expect(isAllowedFrom([`${address}/120`], "192.0.2.255")).toBe(true)
      expect(isAllowedFrom([`${address}/120`], "192.0.3.0")).toBe(false)
      expect(isAllowedFrom([`${address}/128`], "::ffff:192.0.2.1")).toBe(true)
      expect(isAllowedFrom([`${address}/128`], "::ffff:192.0.2.2")).toBe(false)
      expect(isAllowedFrom([`${address}/24`], "192.0.2.1")).toBe(false)
    },
  )

  test("one of several is enough, of either family and in any place", () => {
    const cidrs = ["198.51.100.0/24", "2001:db8::/32", "192.0.2.0/24"]
    for (const address of ["198.51.100.1", "2001:db8::1", "192.0.2.1"]) expect(isAllowedFrom(cidrs, address)).toBe(true)
    for (const address of ["203.0.113.1", "2001:db9::1"]) expect(isAllowedFrom(cidrs, address)).toBe(false)
  })

  test.each(garbage)("%j is in no network", (address) => {
    expect(isAllowedFrom(["0.0.0.0/0", "::/0"], address)).toBe(false)
  })

  test.each([
    "",
    "/",
    "/0",
    "x/8",
    "192.0.2.0",
    "192.0.2.0/",
    "192.0.2.0/x",
    "192.0.2.0/33",
    "192.0.2.0/-1",
    "192.0.2.0/24/24",
    "x/192.0.2.0/24",
    "192.0.2.0/2.5",
    "192.0.2.0/ 8",
    "192.0.2.0/24x",
    "2001:db8::/129",
    "::/1.5",
    "::/1e-7",
    "::/",
    "::",
  ])("an entry that is no CIDR holds nothing and hides no other: %j", (entry) => {
    for (const address of ["192.0.2.1", "::1", "2001:db8::1"]) expect(isAllowedFrom([entry], address)).toBe(false)
    expect(isAllowedFrom([entry, "192.0.2.0/24"], "192.0.2.1")).toBe(true)
    expect(isAllowedFrom(["192.0.2.0/24", entry], "192.0.2.1")).toBe(true)
  })
})
