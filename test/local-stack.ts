import { randomBytes } from "node:crypto"
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject, test } from "vitest"
import * as z from "zod/mini"
import { type LocalStack, startStack } from "../infra/local/stack.ts"
import { type Client, createClient } from "../shared/contract/client.ts"
import { type EventType, eventDetail, events } from "../shared/contract/events.ts"
import { operator, system } from "../shared/store/audit.ts"
import { createTable } from "../shared/store/dynamodb.ts"
import { showEvent } from "../shared/store/shown-event.ts"
import type { AuditItem } from "../shared/store/table.ts"
import { issueAdminToken } from "../shared/store/tokens.ts"
import { createFirstAdmin } from "../shared/store/users.ts"
import { parseKeyring } from "../shared/token/keyring.ts"
import { openDeployedStack } from "./deployed/stack.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "./fakes.ts"
import { rows, type TestTable, testClient } from "./tables.ts"

export interface RunningStack extends Pick<LocalStack, "url" | "runJob" | "stop"> {
  /** A stage on the AWS emulator, which is not AWS everywhere: test/deployed/differences.ts. */
  emulated: boolean
  /** The first administrator's. */
  adminToken: string
  admin: Client
  as: (bearerToken: string) => Client
  /** A request past the typed client. */
  send: (path: string, init?: RequestInit & { token?: string }) => Promise<Response>
  rows: Pick<TestTable, "put" | "dump">
  /** The store on the stack's own table and keyring, with a clock of its own: for what HTTP can't make, such as the past. */
  runtimeAt: (instant: number) => FakeRuntime
  /** What a local stack keeps, in files. */
  directory: string
  /** Everything that the stack has logged. */
  logs: () => Promise<string>
}

/** One that runs on this machine, all of it within reach. */
export type LocalTestStack = RunningStack & LocalStack

/** False against a real account's stage, of which the tests see the API and no more: neither rows, nor jobs, nor logs. */
export const inside = inject("deployed") === undefined || inject("deployed").inside !== undefined
export const insideTest = test.runIf(inside)

/** For the end-to-end suite: in `npm run test:deployed` the stage that is deployed, else a stack of its own. */
export const openTestStack = async (): Promise<RunningStack> => {
  const deployed = inject("deployed")
  return deployed ? openDeployedStack(deployed) : startTestStack()
}

/** The whole product on a free port, in a folder of its own. */
export async function startTestStack(assembly = inject("assembly"), issuer?: string): Promise<LocalTestStack> {
  const directory = mkdtempSync(join(tmpdir(), "symbolon-stack-"))
  const accesses: string[] = []
  const stack = await startStack({
    assembly,
    stageName: "local",
    directory,
    port: 0,
    ...(issuer !== undefined && { issuer }),
    onAccess: (line) => accesses.push(line),
  })
  const client = testClient(stack.engineEndpoint)
  const as = (bearerToken: string) => createClient(stack.url, () => bearerToken)
  const secrets = JSON.parse(readFileSync(join(directory, "secrets.json"), "utf8"))
  const keyring = parseKeyring(secrets["symbolon-local-keyring"])
  const runtimeAt = (instant: number) => ({
    ...fakeRuntime(createTable(client, "symbolon-local"), frozenClock(instant)),
    // Beside the stack's own functions, whose ids are random too.
    randomBytes,
    keyring: async () => keyring,
  })
  const adminToken = await issueFirst(runtimeAt(Date.now()))
  return {
    ...stack,
    emulated: false,
    directory,
    adminToken,
    as,
    admin: as(adminToken),
    send: (path, { token = adminToken, headers, ...init } = {}) =>
      fetch(stack.url + path, {
        ...init,
        headers: {
          ...(token !== "" && { Authorization: `Bearer ${token}` }),
          ...(init.body !== undefined && { "Content-Type": "application/json" }),
          ...(headers as Record<string, string>),
        },
      }),
    rows: rows(client, "symbolon-local"),
    runtimeAt,
    logs: async () => {
      const logs = join(directory, "logs")
      return (
        accesses.join("\n") +
        readdirSync(logs)
          .map((file) => readFileSync(join(logs, file), "utf8"))
          .join("\n")
      )
    },
    stop: async () => {
      // A test may have taken the table away.
      const trail = await rows(client, "symbolon-local")
        .dump()
        .catch(() => [])
      await stack.stop()
      rmSync(directory, { recursive: true, force: true })
      // After the end of what it has started, which no failure here must leave behind.
      noteGrants(stack)
      asTheirSchemasSay(trail as unknown as AuditItem[])
    },
  }
}

/** What of its Lambdas' roles a stack has used: in the end each grant of a role has to be of use to some test. */
export const noteGrants = (stack: LocalStack): void =>
  appendFileSync(
    inject("usedGrants"),
    stack
      .grants()
      .used.map((grant) => `${grant}\n`)
      .join(""),
  )

/** The first administrator's, as the two jobs do it, which would be two cold starts for every stack: infra/local/stack.test.ts has them. */
async function issueFirst(runtime: FakeRuntime): Promise<string> {
  const email = "admin@example.com"
  await createFirstAdmin(runtime, system("create-first-admin", "r"), email)
  const actor = operator("arn:aws:iam::000000000000:user/local", "r")
  const { bearer_token } = await issueAdminToken(runtime, actor, email, "operator", undefined)
  return bearer_token
}

/** Whatever a test has made happen is an event that the table of events knows, as it says; what a test has put past all rules aside. */
function asTheirSchemasSay(rows: readonly AuditItem[]): void {
  for (const row of rows.filter(({ PK, action }) => /^AUD#(?!TEST)/.test(PK) && action in events)) {
    const parsed = eventDetail(row.action as EventType).safeParse(showEvent(row))
    if (!parsed.success) throw new Error(`${row.action} is not as its schema says: ${z.prettifyError(parsed.error)}`)
  }
}
