import { invalid } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { exists, type Step, update, where } from "./steps.ts"
import { type TeamItem, teamKey } from "./table.ts"

/** Everyone is in it, so it is never stored and never counted. */
export const publicTeam = { key: "public", name: "Public" }

/** The key that a team's name leads to: lower case, white space to `_`. */
export const teamKeyOf = (name: string): string => name.normalize("NFC").trim().toLowerCase().replaceAll(/\s+/g, "_")

const mostTeams = 50

/** The keys of the teams that a request names: without `Public`, each once. Throws 422 for more than fifty. */
export function teamKeysOf(names: readonly string[]): string[] {
  const keys = [...new Set(names.map(teamKeyOf))].filter((key) => key !== publicTeam.key)
  if (keys.length > mostTeams)
    throw invalid({ pointer: "/teams", detail: `must have at most ${mostTeams} teams besides Public` })
  return keys
}

/** Names of teams as an account shows them: `Public` first. A team that is gone shows its key. */
export const shownTeams = (keys: readonly string[], names: ReadonlyMap<string, string>): string[] => [
  publicTeam.name,
  ...keys.map((key) => names.get(key) ?? key),
]

/** The names of all teams that these rows mention, in one read for a page. */
export async function teamNames(
  runtime: Runtime,
  rows: readonly { teams: readonly string[] }[],
): Promise<ReadonlyMap<string, string>> {
  const keys = [...new Set(rows.flatMap((row) => row.teams))]
  const teams = keys.length === 0 ? [] : await runtime.table.batchGet<TeamItem>(keys.map(teamKey))
  return new Map(teams.map((team) => [team.key, team.name]))
}

/** A transaction holds a hundred items, and the account's own are up to eight. */
const mostChanges = 90

/**
 * Steps that count an account in and out of teams. A team that isn't there is a 422 on the field that named it;
 * `names` are those of the request, for its position.
 */
export function teamSteps(from: readonly string[], to: readonly string[], names: readonly string[]): Step[] {
  const joined = to.filter((key) => !from.includes(key))
  const left = from.filter((key) => !to.includes(key))
  if (joined.length + left.length > mostChanges)
    throw invalid({ pointer: "/teams", detail: `must change at most ${mostChanges} teams at once` })
  const unknownTeam = (key: string) =>
    invalid({
      pointer: `/teams/${names.findIndex((name) => teamKeyOf(name) === key)}`,
      detail: "must be the name of a team",
    })
  const others = where("attribute_exists(#PK) AND #uses > :none", { none: 0 })
  return [
    ...joined.map((key) => update(teamKey(key), { add: { uses: 1 } }, exists, () => unknownTeam(key))),
    ...left.map((key) =>
      update(teamKey(key), { add: { uses: -1 } }, others, () => new Error("a team was counted wrong")),
    ),
  ]
}
