import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { build, type Metafile } from "esbuild"
import { describe, expect, it } from "vitest"
import { entries } from "../infra/build.ts"
import { endpoints } from "../shared/contract/endpoints.ts"
import { jobs } from "../shared/contract/jobs.ts"

/** infra → shared ← functions, shared/contract ← console. What esbuild bundles is what would run: imports of types alone aren't there. */
const root = `${join(import.meta.dirname, "..")}/`

const files = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    // The bench has packages of its own.
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort()
const sources = ["infra", "functions", "shared"].flatMap(files).filter((file) => file.endsWith(".ts"))

const bundled = async (entryPoints: string[], platform: "node" | "browser" = "node"): Promise<Metafile["inputs"]> => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    platform,
    format: "esm",
    outdir: "nowhere",
    bundle: true,
    packages: "external",
    write: false,
    metafile: true,
    logLevel: "silent",
  })
  return metafile.inputs
}

/** What entries bring in of a folder, or of several. */
const within = (inputs: Metafile["inputs"], ...folders: string[]): string[] =>
  Object.keys(inputs)
    .filter((file) => folders.some((folder) => file.startsWith(`${folder}/`)))
    .sort()

const externals = (inputs: Metafile["inputs"]): string[] => [
  ...new Set(
    Object.values(inputs).flatMap(({ imports }) => imports.filter((one) => one.external).map(({ path }) => path)),
  ),
]

describe("infra", () => {
  /**
   * It reads the contract, and the key design. That one encodes ids into keys with token/format.ts, which imports nothing of
   * ours: the whole of what may come along.
   */
  const allowed = (file: string): boolean =>
    file.startsWith("shared/contract/") || ["shared/store/table.ts", "shared/token/format.ts"].includes(file)

  it.each(["infra/app.ts", "infra/local/start.ts", "infra/build.ts"])(
    "%s takes from shared only what is written above",
    async (entry) => {
      const inputs = await bundled([entry])
      expect(within(inputs, "shared").filter((file) => !allowed(file))).toEqual([])
      expect(within(inputs, "functions")).toEqual([])
      expect(within(inputs, "shared")).toContain("shared/contract/endpoints.ts")
    },
  )

  it("does so in every file, also one that no entry reaches yet", async () => {
    // The replay and the keyring's rotation are an operator's hand on a table: they do there what functions do.
    const onTables = ["replay", "read-archive", "keyring", "keyring-secret", "store"].map(
      (name) => `infra/commands/${name}.ts`,
    )
    const inputs = await bundled(sources.filter((file) => file.startsWith("infra/") && !onTables.includes(file)))
    expect(within(inputs, "shared", "functions").filter((file) => !allowed(file))).toEqual([])
  })

  it("knows a function by its file name only: synth loads no package of the runtime", async () => {
    const packages = externals(await bundled(["infra/app.ts"])).filter((name) => !name.startsWith("node:"))
    expect([...new Set(packages.map((name) => name.split("/")[0]))].sort()).toEqual([
      "aws-cdk-lib",
      "cdk-nag",
      "constructs",
      "zod",
    ])
  })
})

describe("functions and shared", () => {
  it.each([
    ["infra", ["functions"]],
    ["shared", ["infra", "functions"]],
    ["functions", ["infra"]],
  ])("no file of %s imports from %j, not even a type", (folder, forbidden) => {
    for (const file of sources.filter((one) => one.startsWith(`${folder}/`))) {
      const imported = [...readFileSync(join(root, file), "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)]
      const folders = imported.map(([, path]) => join(file, "..", path as string).split("/")[0])
      expect([file, folders.filter((one) => forbidden.includes(one as string))]).toEqual([file, []])
    }
  })

  it.each(Object.values(entries))("%s takes nothing from infra", async (entry) => {
    const inputs = await bundled([entry])
    expect(Object.keys(inputs)).toContain(entry)
    expect(within(inputs, "infra", "test")).toEqual([])
  })

  it("import neither infra nor the tests, in any file", async () => {
    const inputs = await bundled(sources.filter((file) => !file.startsWith("infra/")))
    expect(within(inputs, "infra", "test")).toEqual([])
  })

  it("go one way: shared imports no function", async () => {
    const inputs = await bundled(sources.filter((file) => file.startsWith("shared/")))
    expect(Object.keys(inputs).filter((file) => !file.startsWith("shared/"))).toEqual([])
  })

  it.each(["authorizer", "http-authorizer"])("give the %s nothing but Node", async (key) => {
    const names = externals(await bundled([`functions/${key}.ts`]))
    expect(names.filter((name) => !name.startsWith("node:"))).toEqual([])
  })
})

describe("the console", () => {
  const all = files("console").filter((file) => /\.tsx?$/.test(file))

  it("knows of the rest the contract only, not even by a type", () => {
    for (const file of all) {
      const imported = [...readFileSync(join(root, file), "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)]
      const outside = imported
        .map(([, path]) => join(file, "..", path as string))
        .filter((path) => !path.startsWith("console/") && !path.startsWith("shared/contract/"))
      expect([file, outside]).toEqual([file, []])
    }
  })

  it("is known by nobody: infra builds it by its folder", async () => {
    expect(within(await bundled(sources), "console")).toEqual([])
  })
})

describe("the contract", () => {
  it("stands for itself: a browser can load it, with zod and nothing of Node", async () => {
    const inputs = await bundled(files("shared/contract"), "browser")
    expect(Object.keys(inputs).filter((file) => !file.startsWith("shared/contract/"))).toEqual([])
    expect(externals(inputs)).toEqual(["zod/mini", "zod-openapi"])
  })

  /** What makes the documents: at the desk and in the build, with a package that nothing else has. */
  const documents = [
    "openapi.ts",
    "asyncapi.ts",
    "descriptions.ts",
    "event-examples.ts",
    "docs-page.ts",
    "docs-html.ts",
    "examples.ts",
    "problem-advice.ts",
  ].map((file) => `shared/contract/${file}`)

  it("makes its documents apart: neither a Lambda nor a client carries what makes them", async () => {
    const others = files("shared/contract").filter((file) => !documents.includes(file))
    const inputs = await bundled([...others, ...Object.values(entries)])
    expect(Object.keys(inputs).filter((file) => documents.includes(file))).toEqual([])
    expect(externals(inputs)).not.toContain("zod-openapi")
  })

  it("needs no package where only roles and problems are read", async () => {
    expect(
      externals(await bundled(["shared/contract/permissions.ts", "shared/contract/problems.ts"], "browser")),
    ).toEqual([])
  })
})

describe("the package", () => {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const modules = Object.keys(exports).map((path) => path.replace("./", "symbolon/"))
  const imports = (file: string): string[] =>
    [...readFileSync(join(root, file), "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
      ([, name]) => name as string,
    )

  it("is all that an example knows of ours", () => {
    const examples = files("examples").filter((file) => file.endsWith(".ts"))
    const named = examples.flatMap((file) =>
      imports(file)
        // Beside it, below it, or of somebody else.
        .filter((name) => (name.startsWith(".") ? join(file, "..", name).split("/").length < 3 : /symbolon/.test(name)))
        .map((name) => [file, name]),
    )
    expect(named.length).toBeGreaterThan(0)
    for (const [file, name] of named) expect([file, modules.includes(name as string)]).toEqual([file, true])
  })

  it("gives a handler a module without dependencies", async () => {
    const inputs = await bundled(["shared/contract/require-permission.ts"], "browser")
    expect(externals(inputs)).toEqual([])
    expect(Object.keys(inputs).sort()).toEqual(
      ["caller", "permissions", "problems", "require-permission"].map((name) => `shared/contract/${name}.ts`),
    )
  })
})

describe("the files", () => {
  /** What handlers share, and the authorizer's parts. */
  const pipelines = [
    ...["endpoint.ts", "job.ts", "runtime.ts", "validation.ts", "accept.ts", "client-address.ts"],
    // Who an ID token proves.
    ...["id-token.ts", "issuer.ts"],
    // The parts of the operators' jobs.
    ...["caller-identity.ts", "custom-resource.ts"],
    // What feeds jobs, and where they send.
    ...["archive.ts", "log-lines.ts", "outlets.ts", "publish.ts", "stream-records.ts"],
    "user-pool.ts",
    ...["authorizer.ts", "http-authorizer.ts", "authorize.ts", "http-authorize.ts", "authorizer-ports.ts"],
    "aws-request.ts",
    // The types of what the build makes.
    "docs/virtual.d.ts",
  ]

  it("under functions/ are the keys of the two tables, the pipelines and the authorizer's parts", () => {
    const handlers = [...Object.keys(endpoints), ...Object.keys(jobs).map((key) => `jobs/${key}`)]
    expect(files("functions")).toEqual(
      [...handlers.map((key) => `${key}.ts`), ...pipelines].map((file) => `functions/${file}`).sort(),
    )
  })

  it.each(Object.keys(endpoints))("functions/%s.ts is at most 15 lines", (key) => {
    expect(linesOf(`functions/${key}.ts`).length).toBeLessThanOrEqual(15)
  })

  it("of more than 300 lines say why in their first one", () => {
    const long = ["infra", "functions", "shared", "console", "test", "examples"]
      .flatMap(files)
      .filter((file) => /\.(tsx?|mjs)$/.test(file) && linesOf(file).length > 300)
    expect(long.filter((file) => !linesOf(file)[0]?.startsWith("// Long because "))).toEqual([])
  })
})

const linesOf = (file: string): string[] => readFileSync(join(root, file), "utf8").trimEnd().split("\n")
