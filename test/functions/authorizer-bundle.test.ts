import { readFileSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { beforeAll, describe, expect, test } from "vitest"
import { createToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { counted } from "../bench/counted.ts"
import { anAdmin } from "../builders.ts"
import { measuredIn } from "../emf.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import { createTestTable, type TestTable } from "../tables.ts"

/** B0 of the performance programme, by counts: what the authorizer's bundle is, loads and calls. */
const bundle = new URL("../../dist/functions/authorizer/index.mjs", import.meta.url)

test("B0 the bundle has at most 12 KB, and takes nothing but builtins of Node", async () => {
  await expectSmall("authorizer", 12)
})

test("that for HTTP APIs has a kilobyte more at most, which reads their events", async () => {
  await expectSmall("http-authorizer", 13)
})

async function expectSmall(key: string, kilobytes: number): Promise<void> {
  const bundle = new URL(`../../dist/functions/${key}/index.mjs`, import.meta.url)
  expect(statSync(bundle).size).toBeLessThanOrEqual(kilobytes * 1024)
  const { metafile } = await build({
    entryPoints: [fileURLToPath(bundle)],
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
    metafile: true,
  })
  // An import makes Node build a facade, which loads what the module would load at first use: of http undici, 23 ms and 7 MB.
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
  const taken = [...readFileSync(bundle, "utf8").matchAll(/getBuiltinModule\("([^"]+)"\)/g)].map(([, name]) => name)
  expect([...new Set(taken)].sort()).toEqual(["node:crypto", "node:net"])
}

describe("in a process of its own", () => {
  let table: TestTable
  beforeAll(async () => {
    table = await createTestTable()
  })

  async function aToken(): Promise<string> {
    const runtime = fakeRuntime(table.table, frozenClock(Date.now()))
    const { user } = await createUser(runtime, anAdmin(), {
      user_type: "Service",
      name: `s ${crypto.randomUUID()}`,
      role: "Member",
      teams: [],
    })
    const token = await createToken(runtime, anAdmin(), "all", {
      name: "t",
      type: "Service",
      user_id: user.user_id,
      expiration: "7d",
      allowed_cidrs: [],
    })
    return token.bearer_token
  }

  test("B0 no undici; one secrets call and one table connection an environment; one table call a verification", async () => {
    const verifications = 10
    const { outcomes, undici, ...calls } = await counted(bundle.href, table, await aToken(), verifications)
    expect(outcomes).toEqual(Array(verifications).fill("Allow"))
    expect(undici).toEqual([])
    // One more: INIT reads a sentinel.
    expect(calls).toMatchObject({ tableCalls: verifications + 1, tableConnections: 1, otherCalls: 1 })
  })

  test("a keyring that can't be fetched is told of and measured, at INIT and at each try, and is a fault to the caller", async () => {
    const { outcomes, lines } = await counted(bundle.href, table, await aToken(), 1, true)
    expect(outcomes).toEqual(["Error: secretsmanager answered AccessDeniedException"])
    expect(lines.map(({ event, error }) => [event, error])).toEqual([
      ["keyring.refresh-failed", "secretsmanager answered AccessDeniedException"],
      ["keyring.refresh-failed", "secretsmanager answered AccessDeniedException"],
      ["verification.failed", "secretsmanager answered AccessDeniedException"],
    ])
    const by = [{ Stage: "test" }]
    expect(lines.map(measuredIn)).toEqual([
      { values: { KeyringRefreshFailed: 1 }, by },
      { values: { KeyringRefreshFailed: 1 }, by },
      { values: { AuthorizerFault: 1 }, by },
    ])
  })
})
