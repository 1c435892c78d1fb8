import type { TestProject } from "vitest/node"
import { poolOf } from "./cognito.ts"
import { deploy, run } from "./command.ts"
import { startEmulator } from "./emulator.ts"
import type { Deployed } from "./stack.ts"
import { adminTokenOf, urlOf } from "./stage.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** The stage that the suite runs against; absent: each file starts a stack of its own. */
    deployed: Deployed
    /** What the first deployments printed. */
    deployments: { dev: string; prod: string }
  }
}

/** Deploys two stages from nothing; or, with DEPLOYED_URL and DEPLOYED_TOKEN, takes a stage that is there. */
export default async function setup(project: TestProject) {
  const { DEPLOYED_URL: url, DEPLOYED_TOKEN: token } = process.env
  if (url || token) {
    if (!url || !token)
      throw new Error("DEPLOYED_URL and DEPLOYED_TOKEN go together: the API's URL, and an Admin's token")
    project.provide("deployed", { url: url.replace(/\/$/, ""), token })
    return
  }
  const emulator = await startEmulator()
  try {
    const { endpoint, environment, directory } = emulator
    const inside = { endpoint, environment, directory, stageName: "dev" }
    await run("cdk", ["bootstrap", "aws://000000000000/us-east-1"], environment, 0, directory)
    project.provide("deployments", {
      dev: (await deploy(inside, "dev")).text,
      // It ends half-way: its web ACL is beyond the emulator (see differences.ts).
      prod: (await deploy(inside, "prod", { status: 1 })).text,
    })
    for (const stageName of ["dev", "prod"]) await (await poolOf({ endpoint, stageName })).takeShorterPasswords()
    project.provide("deployed", {
      url: await urlOf(inside, "dev"),
      token: await adminTokenOf(inside, "dev"),
      inside,
    })
  } catch (error) {
    await emulator.stop()
    throw error
  }
  return emulator.stop
}
