import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { signInAt } from "../../../examples/sign-in/sign-in-at.ts"
import { entries } from "../../../infra/build.ts"
import { freePort } from "../../../infra/local/engine.ts"
import { people } from "../../../infra/local/people.ts"
import { closed } from "../../../infra/local/secrets.ts"
import { holdsPartOf, secretOf } from "../../secret-windows.ts"
import { freePorts, type Running, root, startNode } from "../node.ts"
import { folderForTest, until } from "./fixture.ts"

/** `npm start`, with a folder and a port of the test's own. It is ended with the test. */
function start(directory: string, port: number | string, ...args: string[]): Running {
  const running = startNode(["--import", "./infra/require-node.mjs", "infra/local/start.ts", ...args], {
    SYMBOLON_LOCAL: directory,
    PORT: String(port),
  })
  onTestFinished(async () => {
    running.child.kill("SIGKILL")
    await running.ended
  })
  return running
}

/** Waits until it is ready, or has ended without ever being so. */
async function ready(running: Running): Promise<void> {
  let ended = false
  void running.ended.then(() => {
    ended = true
  })
  await until(() => ended || running.stdout().includes("Symbolon is ready"), 180_000)
  if (ended) throw new Error(`it ended instead: ${JSON.stringify(await running.ended)}`)
}

/** The bundles from before a build, and one that has no entry any more. */
function watchBundles() {
  const bundles = Object.keys(entries).map((key) => `${root}dist/functions/${key}/index.mjs`)
  const folder = `${root}dist/functions/no-entry`
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/index.mjs`, "")
  const missing = new Set<string>()
  const look = () => {
    for (const file of bundles) if (!existsSync(file)) missing.add(file)
  }
  look()
  const watch = setInterval(look, 10)
  return {
    end: () => {
      clearInterval(watch)
      look()
      return { missing: [...missing], stale: existsSync(folder) }
    },
  }
}

async function stopped(running: Running) {
  running.child.kill("SIGINT")
  return running.ended
}

const adminOf = (directory: string) => {
  const text = readFileSync(join(directory, "admin.env"), "utf8")
  return { url: /^SYMBOLON_URL=(\S+)$/m.exec(text)?.[1], token: /^SYMBOLON_TOKEN=(\S+)$/m.exec(text)?.[1] as string }
}

const deactivate = (url: string, token: string, id: number | undefined) =>
  fetch(`${url}/users/${id}`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ active: false }),
  })

const me = (url: string | undefined, token: string) =>
  fetch(`${url}/users/me`, { headers: { Authorization: `Bearer ${token}` } })

interface Session {
  bearer_token: string
  user: { id: number; role: string }
}

/** A human's session, from the issuer of the stack at this port. */
async function signIn(port: number, email: string) {
  const url = `http://127.0.0.1:${port}`
  const idToken = await signInAt(`http://127.0.0.1:${port + 1}`, "console", `${url}/callback`, email)
  const response = await fetch(`${url}/api/sign-in`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id_token: idToken }),
  })
  return { status: response.status, session: (await response.json()) as Session }
}

/** Processes whose parent is this one, by /proc. */
const childrenOf = (pid: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => statOf(name)?.[1] === String(pid))
    .map(Number)

/** State, parent and what follows of a process; undefined when it is gone. */
function statOf(pid: number | string): string[] | undefined {
  try {
    // The name, in parentheses, may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  } catch {
    return undefined
  }
}

const isGone = (pid: number): boolean => (statOf(pid)?.[0] ?? "Z") === "Z"

describe("npm start", () => {
  it("S1 starts empty, serves, hands out an administrator's token, prints none, ends without a trace, and goes on where it was", {
    timeout: 180_000,
  }, async () => {
    const directory = folderForTest()
    const port = await freePorts()
    const url = `http://127.0.0.1:${port}/api`

    // What an earlier run has left, and --fresh takes away.
    writeFileSync(join(directory, "admin.env"), "SYMBOLON_TOKEN=left\n")
    writeFileSync(join(directory, "table.sqlite"), "no table at all")
    const bundles = watchBundles()
    const first = start(directory, port, "--fresh")
    await ready(first)
    // Others run from them while they are built.
    expect(bundles.end()).toEqual({ missing: [], stale: false })
    expect(first.stdout()).toContain(`Symbolon is ready: ${url}`)
    expect(statSync(join(directory, "admin.env")).mode & 0o777).toBe(0o600)
    const admin = adminOf(directory)
    expect(admin.url).toBe(url)
    // What an operator's command finds it by.
    expect(statSync(join(directory, "operator.env")).mode & 0o777).toBe(0o600)
    const status = ["--import", "./infra/require-node.mjs", "infra/commands/keyring.ts", "status"]
    const keyring = await startNode(status, { SYMBOLON_LOCAL: directory }).ended
    expect([keyring.status, keyring.stdout]).toEqual([
      0,
      expect.stringMatching(/^k1 {2}mints since the beginning; rows/),
    ])
    const response = await me(admin.url, admin.token)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ user_id: "admin@example.com", role: "Admin" })

    expect(first.stdout()).toContain(`The issuer http://127.0.0.1:${port + 1} `)
    const signedIn = await Promise.all(people.map(({ email }) => signIn(port, email)))
    expect(signedIn.map(({ status }) => status)).toEqual(people.map(() => 201))
    expect(signedIn.map(({ session }) => session.user.role)).toEqual(people.map(({ role }) => role))
    const memberId = signedIn.at(-1)?.session.user.id
    expect((await deactivate(url, admin.token, memberId)).status).toBe(200)

    const engines = process.platform === "linux" ? childrenOf(first.child.pid as number) : []
    if (process.platform === "linux") expect(engines.length).toBeGreaterThan(0)
    const ended = await stopped(first)
    expect(ended.status).toBe(0)
    // S1: the tokens are in their answers and in admin.env, and in nothing that was printed, whose search would find them.
    const secrets = [admin.token, ...signedIn.map(({ session }) => session.bearer_token)].map(secretOf)
    expect(secrets.filter((secret) => holdsPartOf(secret, ended.stdout + ended.stderr))).toEqual([])
    expect(secrets.filter((secret) => holdsPartOf(secret, `${ended.stdout}${secret.slice(20, 28)}`))).toEqual(secrets)
    for (const pid of engines) await until(() => isGone(pid))
    await expect(me(url, admin.token)).rejects.toThrow()

    // At another port, where the issuer is another one, too.
    const otherPort = await freePorts()
    const otherUrl = `http://127.0.0.1:${otherPort}/api`
    const second = start(directory, otherPort)
    await ready(second)
    expect(adminOf(directory)).toEqual({ url: otherUrl, token: admin.token })
    expect((await me(otherUrl, admin.token)).status).toBe(200)
    const again = await Promise.all(people.map(({ email }) => signIn(otherPort, email)))
    // Who was deactivated is so still; the others are who they were.
    expect(again.map(({ status }) => status)).toEqual([201, 201, 201, 401])
    const idsOf = (some: typeof again) => some.slice(0, -1).map(({ session }) => session.user.id)
    expect(idsOf(again)).toEqual(idsOf(signedIn))
    expect((await stopped(second)).status).toBe(0)
  })
})

describe("npm start says what is wrong, and ends with 1:", () => {
  it("a port that is in use, its own or its issuer's, with a remedy", async () => {
    const server = createServer().listen((await freePorts()) + 1, "127.0.0.1")
    onTestFinished(() => closed(server))
    await until(() => server.listening)
    const { port } = server.address() as { port: number }
    const remedy = "is in use. Stop what listens there, or choose others: PORT=4000 npm start"
    for (const [at, says] of [
      [port, `port ${port} ${remedy}`],
      [port - 1, `port ${port}, for the issuer, ${remedy}`],
    ] as const) {
      const { status, stderr } = await start(folderForTest(), at).ended
      expect(stderr).toContain(says)
      expect(status).toBe(1)
    }
  })

  it("a PORT that is none", async () => {
    for (const { status, stderr } of await Promise.all(
      ["abc", "65535"].map((port) => start(folderForTest(), port).ended),
    )) {
      expect(stderr).toContain("PORT must be a number from 1 to 65534")
      expect(status).toBe(1)
    }
  })

  it("an option that it doesn't have", async () => {
    const { status, stderr } = await start(folderForTest(), await freePort(), "--frehs").ended
    expect(stderr).toContain("--frehs")
    expect(status).toBe(1)
  })
})
