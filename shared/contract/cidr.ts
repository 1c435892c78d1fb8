import * as z from "zod/mini"

const message = "must be a CIDR such as 203.0.113.0/24 or 2001:db8::/48"
/** A network from which a token is accepted, as shared/token/network.ts reads it. */
export const cidr = z.union([z.cidrv4(), z.cidrv6()], message).check(z.refine(hasPrefix, message))

/**
 * zod takes any number for an IPv6 prefix, 1.5 too. And with less than its 96 bits a mapped IPv4 address names no IPv4 network: who
 * writes `::ffff:203.0.113.0/24` means a /120.
 */
function hasPrefix(cidr: string): boolean {
  const [, address, bits] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(cidr) ?? []
  return address !== undefined && (Number(bits) >= 96 || !isMapped(address))
}

/** By the one spelling that URLs have for an address, as this runs in browsers too. */
function isMapped(address: string): boolean {
  const url = `http://[${address}]`
  return URL.canParse(url) && /^\[::ffff:[\da-f]+:[\da-f]+\]$/.test(new URL(url).hostname)
}
