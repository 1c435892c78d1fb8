import { createTeam } from "../../shared/store/team-list.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("teams/create", async (runtime, { caller, body }) => {
  const team = await createTeam(runtime, caller, body)
  return { body: team, location: `/api/teams/${team.key}` }
})
