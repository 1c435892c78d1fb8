import { spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { exampleEvent } from "../shared/contract/event-examples.ts"
import { eventRows } from "../shared/contract/events.ts"
import { type RunningStack, startTestStack } from "./local-stack.ts"

const root = `${join(import.meta.dirname, "..")}/`
const readme = readFileSync(join(root, "README.md"), "utf8")
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "docs/asvs.md",
  "docs/deploy.md",
  "docs/authorizer.md",
  "docs/console.md",
  "docs/events.md",
  "examples/orders-api/README.md",
  "examples/sign-in/README.md",
  ...readdirSync(join(root, "docs/decisions")).map((f) => `docs/decisions/${f}`),
]

/** The blocks of the walk, in order: those that call curl. */
const walk = [...readme.matchAll(/```bash\n([\s\S]*?)```/g)]
  .map(([, block]) => block as string)
  .filter((block) => block.includes("curl"))

const has = (command: string, ...args: string[]) => spawnSync(command, [...args, "--version"]).status === 0

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

/** What the README says of an answer: its status, and its body's members in their order, of which it may leave some out. `…` is anything. */
const promises = (script: string): { status: string; body: RegExp }[] =>
  [...script.matchAll(/^# (\d{3})(?: (\{.*\}))?/gm)].map(([, status = "", body = ""]) => ({
    status,
    body: new RegExp(
      `^${body
        .split(/,?(?:\d+-?)?…/)
        .map((part) => escaped(part).replaceAll(/([,{])"/g, '$1.*"'))
        .join(".*")}${body && "$"}`,
    ),
  }))

// Needs bash, and a curl with --json: not every machine with Node has them.
describe.skipIf(!has("bash") || !has("curl", "--json", "{}"))("the README's walk", () => {
  let stack: RunningStack
  beforeAll(async () => {
    stack = await startTestStack()
  })
  afterAll(() => stack.stop())

  test("answers what it says, line by line", async () => {
    const script = walk.join("\n").replace("source .local/admin.env; ", "")
    const promised = promises(script)
    expect(promised.slice(0, 5).map(({ status }) => status)).toEqual(["201", "201", "200", "200", "401"])
    const { promise, resolve } = Promise.withResolvers<string>()
    // curl, with status and answer also where they don't get into what the walk does with the answer.
    const shadow =
      `curl() { local answer; answer=$(command curl -w '%{stderr}status %{http_code} ' "$@"); ` +
      `printf '%s\\n' "$answer" >&2; printf '%s' "$answer"; }`
    const child = spawn("bash", ["-c", `${shadow}\n${script}`], {
      env: { ...process.env, SYMBOLON_URL: stack.url, SYMBOLON_TOKEN: stack.adminToken },
    })
    let heard = ""
    child.stderr.on("data", (chunk) => {
      heard += chunk
    })
    child.on("close", () => resolve(heard))
    const answers = [...(await promise).matchAll(/^status (\d{3}) (.*)$/gm)]
    expect(answers.map(([, status]) => status)).toEqual(promised.map(({ status }) => status))
    const told = answers.map(([, , body = ""]) => body)
    expect(promised.flatMap(({ body }, at) => (body.test(told[at] ?? "") ? [] : [[body.source, told[at]]]))).toEqual([])
  })
})

test("every file that the documents name exists", () => {
  for (const document of documents) {
    const text = readFileSync(join(root, document), "utf8")
    const named = [...text.matchAll(/`((?:shared|functions|infra|test|docs|examples|\.ci)\/[\w./-]*\w)`/g)].map(
      ([, path]) => path as string,
    )
    for (const path of named) expect([document, path, existsSync(join(root, path))]).toEqual([document, path, true])
  }
})

test("every picture that the documents show is there", () => {
  for (const document of documents) {
    const shown = [...readFileSync(join(root, document), "utf8").matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, path]) =>
      join(dirname(document), path as string),
    )
    for (const path of shown) expect([document, path, existsSync(join(root, path))]).toEqual([document, path, true])
  }
})

describe("docs/events.md", () => {
  const page = readFileSync(join(root, "docs/events.md"), "utf8")

  test("has each event of the table, in what the table says", () => {
    const lines = [...page.matchAll(/^\| `(.+)` \| (.+) \|$/gm)].map(([, type, says]) => [type, says])
    expect(lines).toEqual(eventRows.map(([type, { says }]) => [type, says]))
  })

  test("shows an event as the AsyncAPI document does", () => {
    const [, example] = /```json\n([\s\S]*?)```/.exec(page) ?? []
    expect(JSON.parse(example as string)).toEqual(exampleEvent("token.revoked"))
  })

  test("names no event that isn't there", () => {
    const types = eventRows.map(([type]) => type as string)
    const kinds = [...new Set(types.map((type) => type.split(".")[0]))].join("|")
    const named = [...page.matchAll(new RegExp(`[\`"]((?:${kinds})\\.[a-z-]+)[\`"]`, "g"))].map(
      ([, type]) => type as string,
    )
    expect(named.filter((type) => !types.includes(type))).toEqual([])
  })
})
