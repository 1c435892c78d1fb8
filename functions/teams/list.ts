import { listTeams } from "../../shared/store/team-list.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("teams/list", async (runtime, { page, query }) => ({
  body: await listTeams(runtime, page, query),
}))
