import { randomUUID } from "node:crypto"
import { expect, inject } from "vitest"
import { createClient } from "../../shared/contract/client.ts"
import { readArchive } from "../../shared/store/archive.ts"
import { shardNames } from "../../shared/store/table.ts"
import { until } from "../infra/local/fixture.ts"
import { insideTest, openTestStack } from "../local-stack.ts"
import { aService, type Person } from "../people.ts"
import { awsAt } from "./aws.ts"
import { changedProject, deploy, edit, run } from "./command.ts"
import { fillingIn } from "./filling-in.ts"
import type { Inside } from "./stack.ts"
import { adminTokenOf, urlOf } from "./stage.ts"

/** D1 as ops do it: a point-in-time restore, the replay by its command, and the stage on the restored table. */
const restored = "symbolon-dev-restored"

insideTest("a restored table lets nobody in who was shut out since", { timeout: 240_000 }, async () => {
  const emulator = inject("deployed").inside as Inside
  const aws = awsAt(emulator.endpoint)
  const stack = await openTestStack()
  const people: Person[] = []
  for (let n = 0; n < 5; n++) people.push(await aService(stack, "Manager"))
  const [revoked, all, inactive, demoted, kept] = people as [Person, Person, Person, Person, Person]
  await aws.invoke("symbolon-dev-jobs-mark-archive", {})
  const since = new Date().toISOString()
  await aws.restoreTable("symbolon-dev", restored)
  const { admin } = stack
  await admin["user-tokens/update"]({ id: revoked.tokenId, body: { active: false } })
  await admin["users/revoke-tokens"]({ id: all.id })
  await admin["users/update"]({ id: inactive.id, body: { active: false } })
  await admin["users/update"]({ id: demoted.id, body: { role: "Member" } })
  const name = `made since ${randomUUID()}`
  const { user_id } = await admin["users/create"]({ body: { name, role: "Member" } })
  const archive = () => aws.objects("symbolon-dev-audit-000000000000-us-east-1")
  await until(async () => (await archive()).includes(user_id), 60_000)
  // The archive proves that it has all of it by marks of after that.
  const end = new Date().toISOString()
  await aws.invoke("symbolon-dev-jobs-mark-archive", {})
  const isMarked = async () => {
    const { marks } = readArchive([["the archive", await archive()]])
    return shardNames().every((shard) => marks.some((mark) => mark.shard === shard && mark.at >= Date.parse(end)))
  }
  await until(isMarked, 60_000)

  const replay = (...more: string[]) => {
    const given = ["--stage", "dev", "--table", restored, "--since", since, "--until", end, ...more]
    return run("npm", ["run", "--silent", "replay", "--", ...given], emulator.environment)
  }
  const dry = await replay()
  expect(dry.text).toContain("nothing was written")
  for (const effect of [`revokes ${revoked.bearerToken.slice(0, 25)}`, `revokes all tokens of ${all.userId}`])
    expect(dry.text).toContain(effect)
  for (const effect of [`deactivates ${inactive.userId}`, `makes ${demoted.userId} a Member`])
    expect(dry.text).toContain(effect)
  expect(dry.text).toContain("1 × account.created")
  expect(dry.text).not.toContain("not complete")
  const plan = /--apply (\w+)/.exec(dry.text)?.[1] as string
  const done = await replay("--apply", plan)
  const line = done.stdout.trim()
  expect(line).toMatch(/^restored: \{ tableName: "symbolon-dev-restored", streamArn: "arn:aws:dynamodb:[^"]+" \},$/)

  const project = changedProject(emulator)
  edit(`${project}/infra/stage.ts`, "    recoveryDays: 7,\n", `    recoveryDays: 7,\n    ${line}\n`)
  await deploy(emulator, "dev", { cwd: project })
  const send = fillingIn(emulator)
  const url = await urlOf(emulator, "dev")
  const me = (person: Person) => createClient(url, () => person.bearerToken, send)["users/me"]({})
  for (const [person, code] of [
    [revoked, "token-revoked"],
    [all, "token-revoked"],
    [inactive, "account-inactive"],
  ] as const)
    await expect(me(person)).rejects.toMatchObject({ problem: { type: `/api/problems/${code}` } })
  expect((await me(demoted)).role).toBe("Member")
  expect((await me(kept)).role).toBe("Manager")
  // It is the restored table that answers: what was made since is not there, but the trail has it.
  const after = createClient(url, () => inject("deployed").token, send)
  await expect(after["audit-events/list"]({ query: { user_id } })).rejects.toMatchObject({ status: 404 })
  expect(await adminTokenOf(emulator, "dev")).toMatch(/^symusr_/)
})
