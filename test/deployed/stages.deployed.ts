import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { expect, inject, test } from "vitest"
import { createClient } from "../../shared/contract/client.ts"
import { inside } from "../local-stack.ts"
import { awsAt } from "./aws.ts"
import { changedProject, deploy, edit, run } from "./command.ts"
import { fillingIn } from "./filling-in.ts"
import type { Inside } from "./stack.ts"
import { adminTokenOf, urlOf } from "./stage.ts"

/** Two stages in one account: what one command does to one of them, and leaves of the other. In order, each from the last. */
const emulator = inject("deployed")?.inside as Inside
const longest = { timeout: 240_000 }

async function open(stageName: string, token: string) {
  const send = fillingIn({ ...emulator, stageName })
  return createClient(await urlOf(emulator, stageName), () => token, send)
}

test.runIf(inside)("each has its own accounts, tokens and keys", longest, async () => {
  const prod = await adminTokenOf(emulator, "prod")
  const { user_id } = await (await open("prod", prod))["users/me"]({})
  expect(user_id).toBe("admin@example.com")
  const invalid = { status: 401, problem: { type: "/api/problems/invalid-token" } }
  await expect((await open("dev", prod))["users/me"]({})).rejects.toMatchObject(invalid)
  await expect((await open("prod", inject("deployed").token))["users/me"]({})).rejects.toMatchObject(invalid)
})

test.runIf(inside)("a deployment that fails half-way says what stays, and what to do", async () => {
  const { prod, dev } = inject("deployments")
  expect(prod).toContain("AWS::WAFv2::WebACLAssociation")
  expect(prod).toMatch(/stays.*run .*again/i)
  expect(dev).toContain(await awsAt(emulator.endpoint).output("symbolon-dev-service", "ApiUrl"))
  for (const text of [prod, dev]) expect(text).not.toMatch(/sym(svc|usr|ses)_[0-9A-Za-z]{18}_/)
})

test.runIf(inside)("the data of a stage survives all else, and a later deployment finds it", longest, async () => {
  const aws = awsAt(emulator.endpoint)
  const before = await open("prod", await adminTokenOf(emulator, "prod"))
  const user = await before["users/create"]({ body: { name: `kept ${randomUUID()}`, role: "Editor" } })
  const body = { name: "t", type: "Service", user_id: user.user_id, expiration: "7d" } as const
  const token = await before["user-tokens/create"]({ body })

  await expect(aws.deleteStack("symbolon-prod-data")).rejects.toThrow(/TerminationProtection/)
  for (const part of ["jobs", "service"]) await aws.deleteStack(`symbolon-prod-${part}`)
  await expect(urlOf(emulator, "prod")).rejects.toThrow(/does not exist/)
  // The other stage doesn't notice.
  expect((await (await open("dev", inject("deployed").token))["users/me"]({})).role).toBe("Admin")

  await deploy(emulator, "prod", { status: 1 })
  expect((await (await open("prod", token.bearer_token))["users/me"]({})).id).toBe(user.id)
  const after = await open("prod", await adminTokenOf(emulator, "prod"))
  const { items } = await after["users/list"]({ query: { user_type: "User" } })
  expect(items.map(({ user_id }) => user_id)).toEqual(["admin@example.com"])
})

test.runIf(inside)(
  "a changed Lambda and a changed setting are deployed, and the data is not touched",
  longest,
  async () => {
    const project = changedProject(emulator)
    const [from, to] = [`"Cache-Control": "no-store"`, `"Cache-Control": "no-store, private"`]
    edit(join(project, "shared/contract/answer-headers.ts"), from, to)
    edit(join(project, "infra/stage.ts"), "service@example.com", "changed@example.com")
    const api = await urlOf(emulator, "dev")
    const me = () => fetch(`${api}/users/me`, { headers: { Authorization: `Bearer ${inject("deployed").token}` } })
    expect((await me()).headers.get("cache-control")).toBe("no-store")
    const admin = await open("dev", inject("deployed").token)
    const { id, email } = await admin["users/create"]({ body: { name: `e ${randomUUID()}`, role: "Member" } })
    expect(email).toBe("service@example.com")

    await deploy(emulator, "dev", { cwd: project })

    expect(await urlOf(emulator, "dev")).toBe(api)
    expect((await me()).headers.get("cache-control")).toBe("no-store, private")
    expect((await admin["users/get"]({ id })).email).toBe("changed@example.com")
    const diff = `diff -c stage=dev symbolon-dev-data --output ${join(emulator.directory, "diff.out")}`.split(" ")
    expect((await run("cdk", diff, emulator.environment, 0, project)).text).toContain("There were no differences")
  },
)
