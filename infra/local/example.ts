import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { serveBeside } from "./beside.ts"

/** `npm run example:orders`: synthesizes an example, and serves its REST API beside the running `npm start`. */
const root = join(import.meta.dirname, "../..")
const directory = mkdtempSync(join(tmpdir(), "symbolon-example-"))
process.once("exit", () => rmSync(directory, { recursive: true, force: true }))

try {
  await main(process.argv[2] ?? "")
} catch (error) {
  console.error(`\nsymbolon: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

async function main(name: string): Promise<void> {
  const known = readdirSync(join(root, "examples")).filter((one) => existsSync(join(root, "examples", one, "app.ts")))
  if (!known.includes(name)) throw new Error(`there is no example "${name}", but ${known.join(", ")}`)
  const symbolon = new URL(process.env.SYMBOLON_URL ?? "http://127.0.0.1:3000").origin
  await fetch(symbolon).catch(() => {
    throw new Error(`nothing answers at ${symbolon}: run npm start in another terminal, or set SYMBOLON_URL`)
  })
  const assembly = join(directory, "cdk.out")
  const env = { ...process.env, CDK_OUTDIR: assembly, CDK_CONTEXT_JSON: JSON.stringify({ stage: "local" }) }
  // With pipes: what it bundles is told when that fails, and only then.
  execFileSync(process.execPath, ["app.ts"], { cwd: join(root, "examples", name), env, stdio: "pipe" })
  const port = Number(process.env.PORT ?? 3100)
  const { url, stop } = await serveBeside({ assembly, symbolon, port, onLine: (line) => console.log(line) })
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => void stop().then(() => process.exit(0)))
  console.log(`
${name} is ready: ${url}   (tokens: ${symbolon}). Try it:

  source .local/admin.env
  curl -H "Authorization: Bearer $SYMBOLON_TOKEN" ${url}/orders
`)
}
