import { invalid } from "../contract/problems.ts"
import { dayMilliseconds, type Settings } from "./settings.ts"

/** An instant of a reply: RFC 3339, UTC, whole seconds. */
export const instantOf = (milliseconds: number): string =>
  `${new Date(Math.floor(milliseconds / 1000) * 1000).toISOString().slice(0, -5)}Z`

export const instantOrNull = (milliseconds: number | undefined): string | null =>
  milliseconds === undefined ? null : instantOf(milliseconds)

const hour = 3_600_000
export const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const pointer = "/expiration"
/** RFC 3339, with an offset or Z. */
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/**
 * The expiry that a request asks for, in epoch milliseconds of a whole second; undefined for never.
 * `"7d"` to `"365d"`, `"1y"` (365 days), `"never"`, or an RFC 3339 instant at least an hour ahead, as far as the policy lets a
 * token live. Throws 422.
 */
export function expiryOf(expiration: string, now: number, policy: ExpiryPolicy): number | undefined {
  const most = policy.maxExpiryDays
  if (expiration === "never") {
    if (!policy.allowNever || most !== undefined) throw invalid({ pointer, detail: "must not be never on this stage" })
    return undefined
  }
  const expiresAt = instantIn(expiration, now)
  if (most !== undefined && expiresAt > now + most * dayMilliseconds)
    throw invalid({ pointer, detail: `must be at most ${most} days ahead on this stage` })
  return expiresAt
}

export type ExpiryPolicy = Pick<Settings, "allowNever" | "maxExpiryDays">

function instantIn(expiration: string, now: number): number {
  const days = expiration === "1y" ? 365 : Number(/^([1-9]\d{0,2})d$/.exec(expiration)?.[1])
  if (days >= 7 && days <= 365) return wholeSecond(now + days * dayMilliseconds)
  const instant = rfc3339.test(expiration) ? Date.parse(expiration) : Number.NaN
  // An offset can carry the last hours of 9999 into a year that has no RFC 3339, and no place in the expiry index.
  if (Number.isNaN(instant) || !isRealDate(expiration) || instant > lastInstant)
    throw invalid({ pointer, detail: "must be 7d to 365d, 1y, never, or an RFC 3339 instant" })
  if (instant < now + hour) throw invalid({ pointer, detail: "must be at least one hour ahead" })
  return wholeSecond(instant)
}

export const wholeSecond = (milliseconds: number): number => Math.floor(milliseconds / 1000) * 1000

/** Date.parse takes 31 February for 3 March: the day must come back as it was written. */
function isRealDate(text: string): boolean {
  const day = text.slice(0, 10)
  const parsed = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day)
}
