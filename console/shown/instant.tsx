const units = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" })
const local = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" })
const localSecond = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" })
const localDay = new Intl.DateTimeFormat("en", { dateStyle: "medium" })

/** "3 days ago", "in 2 hours". */
export function ago(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000
  const [unit, size] = units.find(([, one]) => Math.abs(seconds) >= one) ?? ["second", 1]
  return relative.format(Math.trunc(seconds / size), unit)
}

const localTime = (at: string): string => local.format(Date.parse(at))

const utc = (at: string): string => `${at.replace("T", " ").replace(/(\.\d+)?Z$/, "")} UTC`

const formats = { time: local, second: localSecond, day: localDay } as const

/** An instant in the reader's zone; in UTC, as logs have it, under the pointer. */
export const Instant = ({ at, as = "time" }: { at: string; as?: keyof typeof formats | "ago" }) => (
  <time
    className={as === "second" ? "long" : ""}
    dateTime={at}
    title={as === "ago" ? `${localTime(at)} (${utc(at)})` : utc(at)}
  >
    {as === "ago" ? ago(at) : formats[as].format(Date.parse(at))}
  </time>
)
