import { instantOf } from "./instants.ts"
import { handleOfToken } from "./shown-token.ts"
import type { AccountItem, TokenItem } from "./table.ts"

/** Something that who looks after a token, or all tokens of an account, has to know. */
export interface Notice {
  kind: "unused" | "expiring" | "compromised"
  /** Whom it concerns. */
  email: string
  account: AccountItem
  /** Absent: all tokens of the account. */
  token: TokenItem | undefined
}

type Text = [subject: string, text: string]

const sections = [
  {
    kind: "compromised",
    heading: "Reported as compromised, and revoked for ever",
    advice: "Make new tokens in their place, and look in the audit trail for what they did.",
  },
  {
    kind: "expiring",
    heading: "Expiring",
    advice: "Rotate them while they are good, and hand on the new ones.",
  },
  {
    kind: "unused",
    heading: "Unused",
    advice: "Revoke what nobody needs: a revoked token can be restored.",
  },
] as const

/** Of a section, in bytes: three of them fit into what SNS takes, 256 KB. What is beyond is counted. */
const mostBytes = 70_000

/** The mail to one address. */
export const digestText = (stage: string, notices: readonly Notice[]): Text => [
  `Symbolon ${stage}: ${counted(notices.length)} to look after`,
  `${paragraphs(notices).join("\n\n")}\n`,
]

/** What the alarm address gets: all that nobody else was told, and how much others were. */
export function summaryText(stage: string, since: number, all: number, mailed: number, left: readonly Notice[]): Text {
  const told = all - left.length
  const head = [
    ...(told > 0 ? [`${plural(mailed, "address", "addresses")} told of ${counted(told)} by mail.`] : []),
    ...(told > 0 && left.length > 0 ? ["What follows could not be mailed to whom it concerns."] : []),
  ]
  return [
    `Symbolon ${stage}: ${counted(all)} to look after since ${instantOf(since)}`,
    `${[...(head.length > 0 ? [head.join(" ")] : []), ...paragraphs(left)].join("\n\n")}\n`,
  ]
}

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`
const counted = (tokens: number): string => plural(tokens, "token", "tokens")

function paragraphs(notices: readonly Notice[]): string[] {
  return sections.flatMap(({ kind, heading, advice }) => {
    const lines = notices
      .filter((notice) => notice.kind === kind)
      .map(lineOf)
      .sort()
    if (lines.length === 0) return []
    const shown = within(lines, mostBytes)
    const more = lines.length > shown.length ? [`  and ${lines.length - shown.length} more`] : []
    return [[`${heading}:`, ...shown, ...more, advice].join("\n")]
  })
}

function within(lines: readonly string[], bytes: number): string[] {
  let left = bytes
  const end = lines.findIndex((line) => {
    left -= Buffer.byteLength(line) + 1
    return left < 0
  })
  return end < 0 ? [...lines] : lines.slice(0, end)
}

function lineOf({ account, token }: Notice): string {
  if (!token) return `  ${account.userId}: all tokens that it had`
  const used = token.lastUsed === undefined ? "never used" : `last used ${instantOf(token.lastUsed)}`
  const expires = token.expiresAt === undefined ? "never expires" : `expires ${instantOf(token.expiresAt)}`
  return `  ${account.userId}, ${token.name} (${handleOfToken(token)}): ${used}, ${expires}`
}
