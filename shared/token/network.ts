// By its module: the two classes are loaded at their first use, and most environments use neither.
import net, { isIP } from "node:net"

/**
 * An address in its one shortest form, without a zone; undefined for what isn't one. `::ffff:192.0.2.1`, however it is
 * written, is the IPv4 address 192.0.2.1: one client must not have two addresses.
 */
function canonical(address: string): string | undefined {
  const version = isIP(address)
  // An IPv4 address has one form.
  if (version !== 6) return version ? address : undefined
  return new net.SocketAddress({ address: address.replace(/%.*/, ""), family: "ipv6" }).address.replace(
    // Stryker disable next-line Regex: Node writes dots in mapped addresses alone, which begin so: without ^ it is the same
    /^::ffff:(?=\d+\.)/,
    "",
  )
}

/** The network a token is said to be used from: /24 of IPv4, /48 of IPv6; of anything else, "unknown". */
export function networkOf(address: string): string {
  const plain = canonical(address)
  if (plain === undefined) return "unknown"
  if (isIP(plain) === 4) return plain.replace(/\d+$/, "0/24")
  return `${expandIpv6(plain).slice(0, 3).join(":")}::/48`
}

/**
 * True when one of the CIDRs, or an empty list, holds the address. An address that isn't one is in none, and an entry that
 * isn't a CIDR holds none: what a caller once wrote there must not become a 503. To Node every IPv4 address is in `::/0`, and in
 * `::ffff:192.0.2.0/24`, too; here a network holds its own family only, so that nothing is open to all by a slip.
 */
export function isAllowedFrom(cidrs: readonly string[], address: string): boolean {
  if (cidrs.length === 0) return true
  const plain = canonical(address)
  if (plain === undefined) return false
  const list = new net.BlockList()
  for (const cidr of cidrs) {
    // Stryker disable next-line StringLiteral,ArrayDeclaration: any text that is no address says what "" does
    const [, network = "", digits] = /^([^/]+)\/(\d+)$/.exec(cidr) ?? []
    const prefix = Number(digits)
    // Of the other family only mapped addresses, which are IPv4, are left.
    if (family(network) !== family(plain) && prefix < 96) continue
    try {
      list.addSubnet(network, prefix, family(network))
    } catch {}
  }
  return list.check(plain, family(plain))
}

/** Of what is no address, ipv0: no family, which Node refuses. */
const family = (address: string) => `ipv${isIP(address)}` as "ipv4" | "ipv6"

/** The groups of an address in its shortest form. The first three are all that a /48 needs; the rest come for free. */
function expandIpv6(address: string): string[] {
  const groups = (text: string) => text.split(":").filter(Boolean)
  return groups(address.replace("::", `:${"0:".repeat(8 - groups(address).length)}`))
}
