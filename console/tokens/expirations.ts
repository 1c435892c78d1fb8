/** The periods on offer. What is sent is the value; the API makes an instant of it. */
export const expirationOptions = [
  { value: "30d", label: "30 days", days: 30 },
  { value: "60d", label: "60 days", days: 60 },
  { value: "90d", label: "90 days", days: 90 },
  { value: "1y", label: "1 year", days: 365, description: "Recommended for production, with a rotation plan" },
  { value: "never", label: "Never", days: undefined, description: "Nobody is reminded to rotate it" },
] as const
export type ExpirationChoice = (typeof expirationOptions)[number]["value"]

const day = new Intl.DateTimeFormat("en", { dateStyle: "long" })

/** "Expires 23 November 2027". */
export function expiryText(choice: ExpirationChoice, now = Date.now()): string | undefined {
  const days = expirationOptions.find(({ value }) => value === choice)?.days
  return days === undefined ? undefined : `Expires ${day.format(now + days * 86_400_000)}`
}
