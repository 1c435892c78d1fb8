import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"

/** The package as another team gets it: packed, unpacked, and used by an app that has nothing else of ours. */
const root = join(import.meta.dirname, "..")
const consumer = mkdtempSync(join(tmpdir(), "symbolon-package-"))
const installed = join(consumer, "node_modules/symbolon")
const run = promisify(execFile)
const node = (...args: string[]) => run(process.execPath, args, { cwd: consumer })

beforeAll(async () => {
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", consumer], {
    cwd: root,
  })
  const [{ filename }] = JSON.parse(stdout)
  mkdirSync(installed, { recursive: true })
  await run("tar", ["-xzf", join(consumer, filename), "--strip-components=1", "-C", installed])
  for (const name of ["aws-cdk-lib", "constructs"])
    symlinkSync(join(root, "node_modules", name), join(consumer, "node_modules", name))
  writeFileSync(join(consumer, "package.json"), '{ "type": "module" }')
}, 120_000)
afterAll(() => rmSync(consumer, { recursive: true, force: true }))

test("has the two modules, what they import, the guide, and nothing of the functions or the store", () => {
  const files = readdirSync(installed, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(installed.length + 1))
  const modules = [
    ...["gateway-responses", "names", "stage", "token-authorizer"].map((name) => `infra/${name}`),
    ...["answer-headers", "bus", "caller", "permissions", "problems", "require-permission"].map(
      (name) => `shared/contract/${name}`,
    ),
  ]
  expect(files.sort()).toEqual(
    [
      ...modules.flatMap((name) => [`dist/package/${name}.d.ts`, `dist/package/${name}.js`]),
      ...["LICENSE", "README.md", "docs/authorizer.md", "package.json"],
    ].sort(),
  )
})

test("works in plain JavaScript", async () => {
  writeFileSync(
    join(consumer, "app.js"),
    `import { App, Stack } from "aws-cdk-lib"
     import { MockIntegration, RestApi } from "aws-cdk-lib/aws-apigateway"
     import { requirePermission } from "symbolon/require-permission"
     import { TokenAuthorizer } from "symbolon/token-authorizer"
     const app = new App({ analyticsReporting: false, outdir: "cdk.out" })
     const stack = new Stack(app, "orders")
     const api = new RestApi(stack, "Api")
     const authorizer = new TokenAuthorizer(stack, "Auth", { stage: "prod" }).forRestApi(api)
     api.root.addMethod("GET", new MockIntegration(), { authorizer })
     app.synth()
     const authorized = { accountId: 1, userId: "u", userType: "Service", role: "Member", teams: "", tokenId: 2, handle: "h", clientAddress: "::1" }
     const { refusal } = requirePermission({ requestContext: { requestId: "r", authorizer: authorized } }, "orders:write", ["Admin"])
     console.log(refusal.statusCode)`,
  )
  expect((await node("app.js")).stdout).toBe("403\n")
  const template = readFileSync(join(consumer, "cdk.out/orders.template.json"), "utf8")
  expect(template).toContain("/symbolon/prod/authorizer-arn")
})

test("works in an app of CommonJS, as `cdk init` makes them", async () => {
  writeFileSync(
    join(consumer, "app.cjs"),
    `const { App, Stack } = require("aws-cdk-lib")
     const { HttpApi } = require("aws-cdk-lib/aws-apigatewayv2")
     const { callerOf } = require("symbolon/require-permission")
     const { TokenAuthorizer } = require("symbolon/token-authorizer")
     const stack = new Stack(new App({ analyticsReporting: false, outdir: "cjs.out" }), "orders")
     const { authorizationType } = new TokenAuthorizer(stack, "Auth", { stage: "prod" }).forHttpApi(new HttpApi(stack, "Api")).bind()
     console.log(authorizationType, typeof callerOf)`,
  )
  expect((await node("app.cjs")).stdout).toBe("CUSTOM function\n")
})

test("has types that hold in TypeScript", async () => {
  writeFileSync(
    join(consumer, "app.ts"),
    `import { App, Stack } from "aws-cdk-lib"
     import { RestApi } from "aws-cdk-lib/aws-apigateway"
     import { HttpApi } from "aws-cdk-lib/aws-apigatewayv2"
     import { type ApiCaller, type AuthorizedEvent, callerOf, requirePermission, type Role } from "symbolon/require-permission"
     import { TokenAuthorizer } from "symbolon/token-authorizer"
     const stack = new Stack(new App(), "orders")
     const tokens = new TokenAuthorizer(stack, "Auth", { stage: "prod", authorizerArn: "arn" })
     tokens.forRestApi(new RestApi(stack, "Rest")).authorizerId.length
     tokens.forHttpApi(new HttpApi(stack, "Http"))
     // @ts-expect-error an HTTP API has no REST authorizer
     tokens.forRestApi(new HttpApi(stack, "Other"))
     // @ts-expect-error there is always a stage
     new TokenAuthorizer(stack, "None", {})
     export function handler(event: AuthorizedEvent): { statusCode: number; body?: string } {
       const roles: Role[] = ["Editor"]
       const { caller, refusal } = requirePermission(event, "orders:write", roles)
       if (refusal) return refusal
       const known: ApiCaller = caller
       // @ts-expect-error a permission of one's own needs the roles that hold it
       requirePermission(event, "orders:write")
       // @ts-expect-error no such role
       requirePermission(event, "orders:write", ["Owner"])
       return { statusCode: 200, body: known.teams.join() + callerOf(event).permissions.length }
     }`,
  )
  const options = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--types",
    "",
    "--skipLibCheck",
  ]
  await node(join(root, "node_modules/typescript/bin/tsc"), ...options, "app.ts").catch(({ stdout }) => {
    throw new Error(stdout)
  })
})
