import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { pipeline } from "node:stream/promises"
import { freePort } from "../../infra/local/engine.ts"
import { installations, pythonWith } from "../python.ts"

const root = join(import.meta.dirname, "../..")
const requirements = join(import.meta.dirname, "requirements.txt")

export interface Emulator {
  endpoint: string
  /** All that it keeps; gone after `stop`. */
  directory: string
  /** What the AWS SDKs and the CDK need to talk to it, and to nothing else. */
  environment: Record<string, string>
  /** Ends it and the Lambdas that it runs. Throws when one of them is left. */
  stop: () => Promise<void>
}

/** MiniStack on loopback, on a free port, in a folder of its own. Installs it first where it isn't yet. */
export async function startEmulator(directoryOfPython = installations): Promise<Emulator> {
  const python = installed(directoryOfPython)
  const directory = mkdtempSync(join(tmpdir(), "symbolon-emulator-"))
  const [home, temporary] = ["home", "tmp"].map((name) => join(directory, name)) as [string, string]
  for (const folder of [home, temporary]) mkdirSync(folder)
  const port = await freePort()
  const path = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter)
  // In a process group of its own: the Lambdas that it starts are in it, and end with it.
  const child = spawn(python, ["-m", "ministack"], {
    cwd: directory,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: path,
      HOME: home,
      TMPDIR: temporary,
      STATE_DIR: join(directory, "state"),
      S3_DATA_DIR: join(directory, "s3"),
      BIND_HOST: "127.0.0.1",
      GATEWAY_PORT: String(port),
      IOT_MTLS_ENABLED: "0",
      LAMBDA_EXECUTOR: "local",
    },
  })
  const log = join(directory, "emulator.log")
  for (const stream of [child.stdout, child.stderr]) void pipeline(stream, createWriteStream(log, { flags: "a" }))
  // Also when this process is ended in the middle.
  const end = () => endGroup(child)
  process.once("exit", end)
  const endpoint = `http://127.0.0.1:${port}`
  try {
    await answering(endpoint, child, log)
  } catch (error) {
    end()
    throw error
  }
  return {
    endpoint,
    directory,
    environment: {
      PATH: path,
      HOME: home,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: "us-east-1",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_EC2_METADATA_DISABLED: "true",
      CDK_DISABLE_VERSION_CHECK: "1",
      CI: "true",
    },
    stop: async () => {
      process.removeListener("exit", end)
      const ended = once(child, "close")
      end()
      await ended
      // Its Lambdas are killed with it, and each ends in its own time.
      for (let n = 0; n < stopSeconds * 10 && processesOf(directory).length > 0; n++) await tenth()
      const left = processesOf(directory)
      if (left.length > 0) throw new Error(`the emulator left processes behind:\n${left.join("\n")}`)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const installed = (directory: string): string =>
  pythonWith({
    name: "ministack",
    requirements,
    minor: 10,
    directory,
    says: "installing the AWS emulator",
    missing:
      "npm run test:deployed needs Python 3.10 or later with venv and pip, for the AWS emulator that it deploys to.\n" +
      "Install it (Debian: apt-get install python3 python3-venv), or deploy to a real account and run\n" +
      "DEPLOYED_URL=https://….amazonaws.com/api DEPLOYED_TOKEN=… npm run test:deployed",
  })

const startSeconds = 60
const stopSeconds = 10
const tenth = () => new Promise((resolve) => setTimeout(resolve, 100))

async function answering(endpoint: string, child: ChildProcess, log: string): Promise<void> {
  for (let n = 0; n < startSeconds * 10; n++) {
    if (child.exitCode !== null) break
    const answer = await fetch(`${endpoint}/_ministack/health`).catch(() => undefined)
    if (answer?.ok) return
    await tenth()
  }
  throw new Error(`the emulator doesn't answer:\n${readFileSync(log, "utf8").slice(-2000)}`)
}

function endGroup({ pid }: ChildProcess): void {
  try {
    process.kill(-(pid as number), "SIGKILL")
  } catch {
    // It has ended already.
  }
}

/** Processes that mention a folder in their command line. */
function processesOf(directory: string): string[] {
  const all = execFileSync("ps", ["-A", "-o", "pid=,command="], { encoding: "utf8" }).split("\n")
  return all.filter((line) => line.includes(directory))
}
