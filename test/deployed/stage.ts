import { awsAt } from "./aws.ts"
import { run } from "./command.ts"
import type { Inside } from "./stack.ts"

/** Where a deployed stage's API is. */
export const urlOf = (emulator: Pick<Inside, "endpoint">, stageName: string): Promise<string> =>
  servedAt(emulator, `symbolon-${stageName}-service`, "ApiUrl", "/api")

/** Where an API is that a stack has put out: the emulator serves `https://<id>.execute-api…` under a path of its own. */
export async function servedAt({ endpoint }: Pick<Inside, "endpoint">, stack: string, output: string, path: string) {
  const url = await awsAt(endpoint).output(stack, output)
  const id = /^https?:\/\/([^.]+)\.execute-api\./.exec(url)?.[1]
  if (!id) throw new Error(`not an API's URL: ${url}`)
  return `${endpoint}/_aws/execute-api/${id}${path}`
}

/** As ops get theirs. */
export async function adminTokenOf({ environment }: Inside, stageName: string): Promise<string> {
  const admin = ["run", "--silent", "admin", "--", "--stage", stageName, "--email", "admin@example.com"]
  return (await run("npm", admin, environment)).stdout.trim()
}
