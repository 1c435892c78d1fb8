import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { createClient } from "../../shared/contract/client.ts"
import { adminTokenEvent } from "../commands/proof.ts"
import { consoleFiles } from "./console.ts"
import { seedDemo } from "./demo.ts"
import { isFree } from "./engine.ts"
import { type LocalIssuer, startIssuer } from "./issuer.ts"
import { operatorEnvironment, operatorFile } from "./operator.ts"
import { people } from "./people.ts"
import { seedPeople } from "./seed-people.ts"
import { type LocalStack, startStack } from "./stack.ts"

/** `npm start`: builds, synthesizes, and serves the stage `local` on this machine, with an issuer to sign in at, one port on. */
const root = join(import.meta.dirname, "../..")
// A test keeps its own elsewhere.
const directory = process.env.SYMBOLON_LOCAL ?? join(root, ".local")
const adminFile = join(directory, "admin.env")
const adminEmail = "admin@example.com"

try {
  await main()
} catch (error) {
  console.error(`\nsymbolon: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

async function main(): Promise<void> {
  const flag = { type: "boolean", default: false } as const
  const { fresh, demo } = parseArgs({ options: { fresh: flag, demo: flag } }).values
  const port = portFrom(process.env.PORT)
  await assertFree(port, "")
  await assertFree(port + 1, ", for the issuer,")
  if (fresh) rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  say("building the Lambdas and the console")
  // Two bundlers and the CDK take a second to load: what is wrong with the call was said before.
  const { buildFunctions } = await import("../build.ts")
  const { buildConsole, consoleDirectory } = await import("../build-console.ts")
  await Promise.all([buildFunctions(), buildConsole()])
  say("synthesizing the stacks")
  const { synthesize } = await import("./synth.ts")
  const assembly = join(directory, "cdk.out")
  synthesize("local", assembly)
  say("starting")
  let issuer: LocalIssuer | undefined
  let stack: LocalStack | undefined
  // From here on there are processes to end: those of a half-started stack end with this one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      Promise.all([stack?.stop(), issuer?.stop()]).then(
        () => process.exit(0),
        () => process.exit(1),
      )
    })
  issuer = await startIssuer({ port: port + 1 })
  stack = await startStack({
    assembly,
    stageName: "local",
    directory,
    port,
    issuer: issuer.url,
    site: consoleFiles(consoleDirectory, { issuer: issuer.url, clientId: "console" }),
    onAccess: (line) => console.log(line),
  })
  writeFileSync(operatorFile(directory), operatorEnvironment(stack), { mode: 0o600 })
  const token = await provideAdmin(stack)
  const api = createClient(stack.url, () => token)
  await seedPeople({ api, issuer: issuer.url, file: join(directory, "issuer") })
  if (demo) await seedDemo(stack, api)
  console.log(`
Symbolon is ready: ${stack.url}   (table: ${stack.engine}, data and logs: .local/)
Your token as the first administrator is in .local/admin.env. Try it:

  source .local/admin.env
  curl -H "Authorization: Bearer $SYMBOLON_TOKEN" $SYMBOLON_URL/users/me

The console: ${new URL("/", stack.url)}   (sign in as ${adminEmail}${demo ? "" : "; npm start -- --demo fills it with accounts and tokens of every status"})

The issuer ${issuer.url} (OpenID Connect, client id console) signs in, without a password,
${people.map(({ email }) => email).join(", ")}. A walk through it:

  SYMBOLON_URL=${stack.url} npm run example:sign-in

Ctrl-C stops it; npm start -- --fresh starts empty.
`)
}

/** Makes the first administrator, and a token for it unless the last one still works. Answers the token. */
async function provideAdmin(stack: LocalStack): Promise<string> {
  await stack.runJob("create-first-admin", { email: adminEmail })
  const kept = existsSync(adminFile) ? /^SYMBOLON_TOKEN=(\S+)$/m.exec(readFileSync(adminFile, "utf8"))?.[1] : undefined
  const token = kept && (await works(stack, kept)) ? kept : await issueToken(stack)
  writeFileSync(adminFile, `SYMBOLON_URL=${stack.url}\nSYMBOLON_TOKEN=${token}\n`, { mode: 0o600 })
  return token
}

async function works(stack: LocalStack, token: string): Promise<boolean> {
  return (await fetch(`${stack.url}/users/me`, { headers: { Authorization: `Bearer ${token}` } })).ok
}

async function issueToken(stack: LocalStack): Promise<string> {
  try {
    const issued = await stack.runJob("issue-admin-token", await adminTokenEvent(stack.operator, adminEmail))
    return (issued as { bearer_token: string }).bearer_token
  } catch (error) {
    await stack.stop()
    throw new Error(
      `${adminEmail} gets no token: ${(error as Error).message}.\n` +
        "Make it an active administrator again, or start empty: npm start -- --fresh",
    )
  }
}

function portFrom(text: string | undefined): number {
  const port = Number(text ?? 3000)
  // The issuer has the one after.
  if (!Number.isInteger(port) || port < 1 || port > 65_534) throw new Error("PORT must be a number from 1 to 65534")
  return port
}

async function assertFree(port: number, use: string): Promise<void> {
  if (!(await isFree(port)))
    throw new Error(`port ${port}${use} is in use. Stop what listens there, or choose others: PORT=4000 npm start`)
}

function say(step: string): void {
  console.log(`symbolon: ${step}`)
}
