import { timingSafeEqual } from "node:crypto"
import { isIP } from "node:net"

interface AddressedEvent {
  headers: Record<string, string | undefined> | null
  requestContext: { identity: { sourceIp: string } }
}

/**
 * The address a request came from: the gateway's `sourceIp`; on a request that came through our own CDN, which alone knows
 * the edge secret, the viewer's address that the CDN wrote. Never X-Forwarded-For, which anyone can write.
 */
export function clientAddress(event: AddressedEvent, edgeSecret: string): string {
  const { sourceIp } = event.requestContext.identity
  const proof = header(event, "x-symbolon-edge")
  if (proof === undefined || !equal(proof, edgeSecret)) return sourceIp
  const viewer = header(event, "x-symbolon-viewer") ?? ""
  return isIP(viewer) ? viewer : sourceIp
}

function header({ headers }: AddressedEvent, name: string): string | undefined {
  for (const candidate in headers) if (candidate.toLowerCase() === name) return headers[candidate]
  return undefined
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
