import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type EndpointKey, endpointRows } from "../../shared/contract/endpoints.ts"
import { linesOf } from "../infra/local/fixture.ts"
import { type LocalTestStack, startTestStack } from "../local-stack.ts"
import { aService } from "../people.ts"
import { pythonWith } from "../python.ts"

/**
 * Z2: Schemathesis reads the OpenAPI document from the running API, and calls each operation as the document says and as it doesn't,
 * in all four of its phases, and with every check but one: it takes 405 for a method that a path doesn't have, and API Gateway
 * answers 404. `CASES` is how many it draws for an operation; its other phases add some 1,700.
 */
const drawn = Number(process.env.CASES ?? 300)
const minutes = 30

/** What the fuzzer can't get right: each takes something that only came with an earlier answer, or that is signed. */
const neverDone: Partial<Record<EndpointKey, string>> = {
  "sign-in/create": "an ID token of the issuer",
  "sign-in/delete": "a session",
  "access-review/sign": "the hash of the review as it is at that moment",
  "user-tokens/rotate-complete": "a rotation whose new secret was used",
}

interface Report {
  complete: boolean
  test_cases: { generated: number; errored: number }
  operations: { total: number; tested: number; errored: number }
  phases: Record<string, { status: string }>
  failures: { type: string; operations: string[] }[]
  errors: unknown[]
}
interface Access {
  requestId: string
  method: string
  route: string
  status: string
}

let stack: LocalTestStack
let report: Report
let output: string
let accesses: Access[]

beforeAll(
  async () => {
    const python = pythonWith({
      name: "schemathesis",
      requirements: join(import.meta.dirname, "requirements.txt"),
      minor: 11,
      says: "installing Schemathesis",
      missing:
        "npm run test:schema needs Python 3.11 or later with venv and pip (Debian: apt-get install python3 python3-venv).\n" +
        "Without them npm test does the same on a smaller scale: test/z2-schema.test.ts.",
    })
    stack = await startTestStack()
    const own = await stack.admin["users/me"]({})
    const { userId } = await aService(stack)
    // Enough for those that it rotates: it revokes and deletes them too.
    const tokens = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        stack.admin["user-tokens/create"]({
          body: { name: `t ${n}`, type: "Service", user_id: userId, expiration: "30d" },
        }),
      ),
    )
    const directory = mkdtempSync(join(tmpdir(), "symbolon-schemathesis-"))
    const file = join(directory, "report.json")
    const args = [
      ...["-m", "schemathesis.cli", "run", `${stack.url}/openapi.json`, "--url", stack.url],
      ...["--header", `Authorization: Bearer ${stack.adminToken}`],
      ...["--exclude-checks", "unsupported_method", "--phases", "examples,coverage,fuzzing,stateful"],
      ...[
        "--request-timeout",
        "120",
        "--seed",
        process.env.SEED ?? "1",
        "--max-examples",
        String(drawn),
        "--generation-database",
        "none",
      ],
      ...["--continue-on-failure", "--no-shrink", "--no-color", "--report-json-path", file],
    ]
    const env = {
      PATH: process.env.PATH,
      PYTHONPATH: import.meta.dirname,
      PYTHONDONTWRITEBYTECODE: "1",
      SCHEMATHESIS_HOOKS: "schemathesis_hooks",
      SYMBOLON_OWN_IDS: `${own.id},${own.token.id}`,
      SYMBOLON_SERVICE: userId,
      SYMBOLON_TOKEN_IDS: tokens.map(({ id }) => id).join(","),
    }
    // With what it found it ends with 1: the report says what that is.
    const ended = promisify(execFile)(python, args, { cwd: directory, env, maxBuffer: 1e8, timeout: minutes * 60_000 })
    output = await ended.then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }) => `${stdout}\n${stderr}`,
    )
    // Neither the report nor what it prints has a token: it blanks them.
    if (!existsSync(file)) throw new Error(`Schemathesis left no report:\n${output.slice(-5000)}`)
    report = JSON.parse(readFileSync(file, "utf8"))
    rmSync(directory, { recursive: true })
    accesses = linesOf(join(stack.directory, "logs/symbolon.local.access.log")).map((line) => JSON.parse(line))
    if (report.failures.length > 0 || report.errors.length > 0) console.log(output)
    const logged = (await stack.logs()).split("\n")
    const failed = accesses.filter(({ status }) => Number(status) >= 500)
    for (const { requestId } of failed) console.log(logged.filter((line) => line.includes(requestId)).join("\n"))
    console.log(`Z2: ${report.test_cases.generated} cases, ${accesses.length} requests`)
  },
  (minutes + 2) * 60_000,
)
afterAll(() => stack.stop())

const answered = (method: string, route: string) =>
  accesses.filter((one) => one.method === method && one.route === route)
const failuresOf = (...types: string[]) => report.failures.filter(({ type }) => types.includes(type))

test("it has called every operation, in every phase, to its end", () => {
  expect(report).toMatchObject({ complete: true, errors: [] })
  // It leaves out the one that it has the document from.
  const total = endpointRows.length - 1
  expect(report.operations).toMatchObject({ total, tested: total, errored: 0 })
  expect(Object.values(report.phases).map(({ status }) => status)).not.toContain("skip")
  expect(report.test_cases.errored).toBe(0)
  expect(report.test_cases.generated).toBeGreaterThan(drawn * 34)
})

test("no answer is a 5xx", () => {
  expect(failuresOf("ServerError")).toEqual([])
  expect(accesses.filter(({ status }) => Number(status) >= 500)).toEqual([])
})

test("every answer is as the document says, and what it takes is what the API takes", () => {
  expect(report.failures).toEqual([])
})

test("credentials are asked for everywhere", () => {
  expect(failuresOf("IgnoredAuth")).toEqual([])
  // It asks again without a credential, and with a wrong one, wherever it has been let in once.
  const unproven = endpointRows.flatMap(([key, { route, needs }]) => {
    const all = answered(...(route.split(" ") as [string, string]))
    const refused = all.filter(({ status }) => status === "401").length
    return needs === "nothing" || key in neverDone || refused >= 2 ? [] : [[key, refused]]
  })
  expect(unproven).toEqual([])
})

test("it got through to every operation, and still had its own credential at the end", async () => {
  const done = endpointRows.filter(([, { route, success }]) =>
    answered(...(route.split(" ") as [string, string])).some(({ status }) => status === String(success)),
  )
  const undone = endpointRows.map(([key]) => key).filter((key) => !done.some(([one]) => one === key))
  expect(undone.filter((key) => !(key in neverDone))).toEqual([])
  expect((await stack.send("/users/me")).status).toBe(200)
})
