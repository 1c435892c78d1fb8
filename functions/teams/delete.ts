import { deleteTeam } from "../../shared/store/team-list.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("teams/delete", async (runtime, { caller, key, query }) => {
  await deleteTeam(runtime, caller, key, query.reason)
  return { body: undefined }
})
