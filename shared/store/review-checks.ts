import type { Token, User } from "../contract/objects.ts"
import { holds, permissionsOf } from "../contract/permissions.ts"
import type { ReviewCheck } from "../contract/review.ts"
import { instantOf } from "./instants.ts"
import { dayMilliseconds } from "./settings.ts"
import type { IntegrityItem } from "./table.ts"
import { publicTeam } from "./teams.ts"

/** The seven questions of the checklist, each with what its answer follows from. Pure. */

const answer = (check: ReviewCheck["check"], attention: boolean, evidence: string): ReviewCheck => ({
  check,
  result: attention ? "attention" : "ok",
  evidence,
})

/** The check runs every week: a day more, and one has been missed. */
const mostDaysSinceCheck = 8

/** From what the integrity check has left: it alone looks at every token of the stage. */
export function orphanedTokens(last: IntegrityItem | undefined, now: number): ReviewCheck {
  const check = "no-orphaned-tokens"
  if (!last) return answer(check, true, "No integrity check has been made.")
  const { startedAt, finishedAt, tokens, findings } = last
  const begun = `The integrity check of ${instantOf(startedAt)}`
  if (finishedAt === undefined) return answer(check, true, `${begun} has not finished.`)
  const orphans = findings["orphaned-token"] ?? 0
  const isOld = now - finishedAt > mostDaysSinceCheck * dayMilliseconds
  const age = isOld ? `, more than ${mostDaysSinceCheck} days ago,` : ""
  return answer(check, isOld || orphans > 0, `${begun}${age} found ${orphans} of ${tokens} tokens without an account.`)
}

/** `isUnused`: neither it nor one of its tokens was used for as long as the settings say. */
export function accountChecks(user: User, goneTeams: readonly string[], isUnused: boolean): ReviewCheck[] {
  return [
    answer("documented-purpose", user.purpose === null, user.purpose ? `Purpose: ${user.purpose}` : "No purpose."),
    leastPrivilege(user, isUnused),
    teamMemberships(user.teams, goneTeams),
  ]
}

/** A Member can't do with less. Who manages everything always has to say why, and who may change something must make use of it. */
function leastPrivilege({ role, last_used, created_at }: User, isUnused: boolean): ReviewCheck {
  const attention = holds(role, "users:write") || (role !== "Member" && isUnused)
  return answer(
    "least-privilege",
    attention,
    `${role}: ${permissionsOf(role).join(", ")}. ${usedOrNot(last_used, created_at)}`,
  )
}

/** More than that is hardly what one integration needs. */
const mostTeams = 10

/** `gone` are keys whose team doesn't exist any more: who makes such a team again lets the account into it. */
function teamMemberships(teams: readonly string[], gone: readonly string[]): ReviewCheck {
  const isMany = teams.filter((name) => name !== publicTeam.name).length > mostTeams
  const evidence = [
    `In ${teams.join(", ")}.`,
    ...(gone.length > 0 ? [`Not there any more: ${gone.join(", ")}.`] : []),
    ...(isMany ? [`More than ${mostTeams} besides ${publicTeam.name}.`] : []),
  ]
  return answer("team-memberships", gone.length > 0 || isMany, evidence.join(" "))
}

/** Of a token that opens nothing any more, and can't do so again by itself, nothing is asked. */
export function tokenChecks(token: Token): ReviewCheck[] {
  const checks = [clearTokenName(token), noExpiryWithoutRotation(token), recentlyUsed(token)]
  const isOver = token.status === "revoked" || token.status === "expired"
  return isOver ? checks.map(({ check }) => answer(check, false, `The token is ${token.status}.`)) : checks
}

function clearTokenName({ name }: Token): ReviewCheck {
  const isClear = saysSomething(name)
  return answer("clear-token-name", !isClear, `Named "${name}"${isClear ? "" : ", which doesn't say for what"}.`)
}

/** What anybody calls a token who can't think of anything, alone or several of them. */
const emptyWords = new Set(
  "api default key name new old secret service temp test tests tmp token tokens unnamed untitled".split(" "),
)

/** Digits, separators and empty words aside. Two letters of the Latin script abbreviate too much; of others they are whole words. */
function saysSomething(name: string): boolean {
  const words = name.toLowerCase().split(/[^\p{L}\p{M}]+/u)
  const rest = words.filter((word) => !emptyWords.has(word)).join("")
  return !/^\p{Script=Latin}{0,2}$/u.test(rest)
}

function noExpiryWithoutRotation({ expiration, flags, rotation }: Token): ReviewCheck {
  const check = "no-expiry-without-rotation"
  if (expiration === null) return answer(check, false, "Never expires.")
  const isRotating = rotation !== null
  return answer(
    check,
    flags.includes("expiring") && !isRotating,
    `Expires ${expiration}; ${isRotating ? "a" : "no"} rotation is under way.`,
  )
}

const recentlyUsed = ({ flags, last_used, created_at }: Token): ReviewCheck =>
  answer("recently-used", flags.includes("unused"), usedOrNot(last_used, created_at))

const usedOrNot = (lastUsed: string | null, createdAt: string): string =>
  lastUsed === null ? `Not used yet, made ${createdAt}.` : `Last used ${lastUsed}.`
