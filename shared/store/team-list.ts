import type { Body, Query } from "../contract/endpoints.ts"
import type { Team } from "../contract/objects.ts"
import { invalid, Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { type Actor, audit } from "./audit.ts"
import { instantOf } from "./instants.ts"
import { indexSource, type PageRequest, readPage, rowId } from "./pages.ts"
import { absent, put, remove, where } from "./steps.ts"
import { type TeamItem, teamKey, teamList } from "./table.ts"
import { publicTeam, teamKeyOf } from "./teams.ts"

/** Teams as things of their own: made, listed, deleted. How accounts belong to them is in teams.ts. */

/** Throws public-team, team-name-taken, validation-failed. */
export async function createTeam(
  runtime: Runtime,
  actor: Actor,
  { name, reason }: Body<"teams/create">,
): Promise<Team> {
  const key = teamKeyOf(name)
  if (key === publicTeam.key) throw new Problem("public-team")
  if (!/^[a-z0-9_]{1,32}$/.test(key))
    throw invalid({ pointer: "/name", detail: "must lead to a key of 1 to 32 characters of a-z, 0-9 and _" })
  const team: TeamItem = {
    ...teamKey(key),
    ...teamList(key),
    key,
    name,
    uses: 0,
    version: 1,
    createdAt: runtime.now(),
    createdById: actor.accountId,
  }
  await runtime.table.transact([
    put(team, absent, () => new Problem("team-name-taken")),
    audit(runtime, actor, { action: "team.created", team: { key }, reason, before: {}, after: { name } }),
  ])
  return showTeam(team)
}

/** Throws public-team, team-in-use, not-found. */
export async function deleteTeam(
  runtime: Runtime,
  actor: Actor,
  key: string,
  reason: string | undefined,
): Promise<void> {
  if (key === publicTeam.key) throw new Problem("public-team")
  const team = await runtime.table.get<TeamItem>(teamKey(key))
  if (!team) throw new Problem("not-found")
  await runtime.table.transact([
    remove(
      teamKey(key),
      where("#uses = :none", { none: 0 }),
      (found) => new Problem(found ? "team-in-use" : "not-found"),
    ),
    audit(runtime, actor, { action: "team.deleted", team: { key }, reason, before: { name: team.name }, after: {} }),
  ])
}

/** A page of teams by key, from the last letter to the first. `Public`, in which everyone is, is none of them. */
export async function listTeams(runtime: Runtime, request: PageRequest, query: Query<"teams/list">) {
  const part = query.q?.toLowerCase()
  const source = indexSource(runtime, "list", teamList("").listPK)
  const { rows, nextCursor } = await readPage(runtime, request, [source], async (keys) => {
    const teams = await runtime.table.batchGet<TeamItem>(keys)
    const kept = teams.filter(({ name }) => part === undefined || name.toLowerCase().includes(part))
    return new Map(kept.map((team) => [rowId(team), team]))
  })
  return { items: rows.map(showTeam), next_cursor: nextCursor }
}

const showTeam = (team: TeamItem): Team => ({
  key: team.key,
  name: team.name,
  uses: team.uses,
  created_at: instantOf(team.createdAt),
  created_by_id: team.createdById,
})
