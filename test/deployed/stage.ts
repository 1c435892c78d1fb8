import { awsAt } from "./aws.ts"
import { run } from "./command.ts"
import type { Inside } from "./stack.ts"

/** Where a deployed stage's API is: the emulator serves `https://<id>.execute-api…/api/` under a path of its own. */
export async function urlOf({ endpoint }: Inside, stageName: string): Promise<string> {
  const url = await awsAt(endpoint).output(`symbolon-${stageName}-service`, "ApiUrl")
  const id = /^https:\/\/([^.]+)\.execute-api\./.exec(url)?.[1]
  if (!id) throw new Error(`not an API's URL: ${url}`)
  return `${endpoint}/_aws/execute-api/${id}/api`
}

/** As ops get theirs. */
export async function adminTokenOf({ environment }: Inside, stageName: string): Promise<string> {
  const admin = ["run", "--silent", "admin", "--", "--stage", stageName, "--email", "admin@example.com"]
  return (await run("npm", admin, environment)).stdout.trim()
}
