import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { type Engine, type EngineKind, startEngine } from "../../infra/local/engine.ts"
import { createToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../fakes.ts"
import { createTableAt, type TestTable } from "../table-at.ts"
import { benchKey, keyringSecret } from "./keyring.ts"
import { fromPeers } from "./peers.ts"

/**
 * Where all subjects run: one engine with one table in it, in which a token is; the engine and a Secrets Manager behind TLS, as on
 * AWS; and the environment that a Lambda has there. What is here runs in processes of its own: its CPU is nobody's.
 */
export interface Lab {
  engine: Engine
  table: TestTable
  runtime: FakeRuntime
  bearerToken: string
  /** A key and a value for a peer that keeps its own. */
  kv: { set: (key: string, value: string) => Promise<void> }
  /** The environment of a Lambda: over TLS, or with `plain` over HTTP. */
  environment: (plain?: boolean) => Record<string, string>
  stop: () => Promise<void>
}

/** As long as a Lambda's: the token alone has 900 bytes or so, and all of them are signed and sent. */
const sessionToken = `IQoJb3JpZ2luX2Vj${"A".repeat(900)}`

export async function openLab(kind?: EngineKind): Promise<Lab> {
  const directory = mkdtempSync(join(tmpdir(), "symbolon-bench-"))
  const engine = await startEngine(undefined, kind)
  const table = await createTableAt(engine.endpoint)
  const runtime = fakeRuntime(table.table, frozenClock(Date.now()))
  const bearerToken = await seed(runtime)
  const certificate = await certificateOf(directory)
  const services = await startServices(engine.endpoint, certificate)
  const environment = (plain = false) => ({
    PATH: process.env.PATH ?? "",
    NODE_ENV: "production",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE000000000",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    AWS_SESSION_TOKEN: sessionToken,
    AWS_LAMBDA_FUNCTION_NAME: "authorizer",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
    AWS_ENDPOINT_URL_DYNAMODB: plain ? engine.endpoint : services.table,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: plain ? services.plainSecrets : services.secrets,
    NODE_EXTRA_CA_CERTS: certificate.cert,
    STAGE: "bench",
    TABLE_NAME: table.name,
    KEYRING_SECRET: "keyring",
    EDGE_SECRET: "edge",
    CURSOR_SECRET: "cursor",
    BEARER_TOKEN: bearerToken,
    BENCH_KEY: benchKey,
  })
  return {
    engine,
    table,
    runtime,
    bearerToken,
    kv: { set: (key, value) => table.put({ PK: `KV#${key}`, SK: "KV", value }) },
    environment,
    stop: async () => {
      services.stop()
      await engine.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A service account with one token. */
async function seed(runtime: FakeRuntime): Promise<string> {
  const { user } = await createUser(runtime, anAdmin(), {
    user_type: "Service",
    name: "Pipeline Automation",
    role: "Editor",
    teams: [],
  })
  const token = await createToken(runtime, anAdmin(), "all", {
    name: "production",
    type: "Service",
    user_id: user.user_id,
    expiration: "1y",
    allowed_cidrs: [],
  })
  return token.bearer_token
}

/** What we call of the package selfsigned. */
interface SelfSigned {
  generate: (attributes: object[], options: object) => Promise<{ cert: string; private: string }>
}

interface Certificate {
  cert: string
  key: string
}

/** For localhost, of this run alone. */
async function certificateOf(directory: string): Promise<Certificate> {
  const { generate } = await fromPeers<SelfSigned>("selfsigned")
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  })
  const files = { cert: join(directory, "cert.pem"), key: join(directory, "key.pem") }
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key, { mode: 0o600 })
  return files
}

/** The two services behind TLS, in a process of their own. */
async function startServices(engineEndpoint: string, { cert, key }: Certificate) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "services.ts")], {
    env: { PATH: process.env.PATH, ENGINE: engineEndpoint, CERT: cert, KEY: key, KEYRING: keyringSecret },
    stdio: ["ignore", "pipe", "inherit"],
  })
  endWithUs(child)
  const [line] = await once(createInterface(child.stdout as NodeJS.ReadableStream), "line")
  const ports = JSON.parse(line) as { table: number; secrets: number; plainSecrets: number }
  return {
    table: `https://localhost:${ports.table}`,
    secrets: `https://localhost:${ports.secrets}`,
    plainSecrets: `http://127.0.0.1:${ports.plainSecrets}`,
    stop: () => void child.kill(),
  }
}

/** A child that must not outlive this process. */
export function endWithUs(child: ChildProcess): void {
  const kill = () => child.kill("SIGKILL")
  process.once("exit", kill)
  child.once("exit", () => process.off("exit", kill))
}
