const hour = 3_600_000

export const periods = [
  { value: "1h", label: "Last hour", hours: 1 },
  { value: "24h", label: "Last 24 hours", hours: 24 },
  { value: "7d", label: "Last 7 days", hours: 7 * 24 },
] as const

/** Without one the API lists 31 days, the most of everybody at once, and all there is of one user. */
export const longest = (ofOneUser: boolean): string => (ofOneUser ? "All time" : "Last 31 days")

export function rangeOf(period: string | undefined, now: number): { from?: string } {
  const hours = periods.find(({ value }) => value === period)?.hours
  return hours === undefined ? {} : { from: new Date(now - hours * hour).toISOString() }
}
