import { BlockList, isIP, isIPv4 } from "node:net"

/** `::ffff:192.0.2.1` is the IPv4 address 192.0.2.1: one client must not have two addresses. */
const unmapped = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  return mapped && isIPv4(mapped) ? mapped : address
}

/** The network a token is said to be used from: /24 of IPv4, /48 of IPv6; of anything else, "unknown". */
export function networkOf(address: string): string {
  const plain = unmapped(address)
  if (isIPv4(plain)) return `${plain.split(".").slice(0, 3).join(".")}.0/24`
  if (!isIP(plain)) return "unknown"
  return `${expandIpv6(plain).slice(0, 3).join(":")}::/48`
}

/** True when one of the CIDRs, or an empty list, holds the address. An address that isn't one is in none. */
export function isAllowedFrom(cidrs: readonly string[], address: string): boolean {
  if (cidrs.length === 0) return true
  const plain = unmapped(address)
  if (!isIP(plain)) return false
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network, prefix] = cidr.split("/") as [string, string]
    list.addSubnet(network, Number(prefix), family(network))
  }
  return list.check(plain, family(plain))
}

const family = (address: string): "ipv4" | "ipv6" => (isIPv4(address) ? "ipv4" : "ipv6")

/** The first three of the eight groups, without leading zeros, are all that a /48 needs; the rest come for free. */
function expandIpv6(address: string): string[] {
  const [head = "", tail] = (address.split("%")[0] as string).split("::")
  const left = head === "" ? [] : head.split(":")
  const right = tail === undefined || tail === "" ? [] : tail.split(":")
  // A dotted IPv4 tail counts as two groups.
  const width = left.length + right.length + (address.includes(".") ? 1 : 0)
  const groups = tail === undefined ? left : [...left, ...Array(8 - width).fill("0"), ...right]
  return groups.map((group) => (group.includes(".") ? group : Number.parseInt(group, 16).toString(16)))
}
