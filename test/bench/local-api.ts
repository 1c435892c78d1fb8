import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildConsole, consoleDirectory } from "../../infra/build-console.ts"
import { adminTokenEvent } from "../../infra/commands/proof.ts"
import { startStack } from "../../infra/local/stack.ts"
import { synthesize } from "../../infra/local/synth.ts"
import { createClient } from "../../shared/contract/client.ts"

/**
 * A process of E2's, so that who asks shares no thread with who answers: the stage `local` on a free port, with its table in a folder of
 * its own, and a hundred accounts. Tells its address and tokens in one line; ends, and takes the folder away, when its standard
 * input does: however the other process ended.
 */
const directory = mkdtempSync(join(tmpdir(), "symbolon-bench-"))
const assembly = join(directory, "cdk.out")
// Synth takes its files, though nobody asks for them here.
if (!existsSync(join(consoleDirectory, "index.html"))) await buildConsole()
synthesize("local", assembly)
const stack = await startStack({ assembly, stageName: "local", directory, port: 0 })

const ended = new Promise((resolve) => process.stdin.resume().once("close", resolve))
try {
  await Promise.race([tell(), ended])
  await ended
} finally {
  await stack.stop()
  rmSync(directory, { recursive: true, force: true })
}
// What is delivered again later finds neither table nor folder.
process.exit()

async function tell(): Promise<void> {
  const email = "admin@example.com"
  await stack.runJob("create-first-admin", { email })
  const issued = await stack.runJob("issue-admin-token", await adminTokenEvent(stack.operator, email))
  const { bearer_token: adminToken } = issued as { bearer_token: string }
  const admin = createClient(stack.url, () => adminToken)
  const newToken = async (name: string, role: "Admin" | "Editor") => {
    const { user_id } = await admin["users/create"]({ body: { name, role } })
    const body = { name: "production", type: "Service", user_id, expiration: "1y" } as const
    return admin["user-tokens/create"]({ body })
  }
  const { bearer_token: token } = await newToken("Load", "Admin")
  const { id, bearer_token: revoked } = await newToken("Revoked", "Admin")
  await admin["user-tokens/update"]({ id, body: { active: false } })
  // One after the other, as they would come.
  for (let n = 2; n < 100; n++) await newToken(`Account ${n}`, "Editor")
  process.stdout.write(`${JSON.stringify({ url: stack.url, token, revoked })}\n`)
}
