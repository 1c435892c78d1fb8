import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { adminTokenEvent } from "../../infra/commands/proof.ts"
import { type LocalTestStack, startTestStack } from "../local-stack.ts"
import { aHuman, aService } from "../people.ts"
import { holdsPartOf } from "../secret-windows.ts"

/** The two jobs that only IAM guards, through their real bundles. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

const local = "arn:aws:iam::000000000000:user/local"
const eventFor = (email: string, promote?: boolean) => adminTokenEvent(stack.operator, email, promote)
const issue = async (email: string, promote?: boolean) =>
  (await stack.runJob("issue-admin-token", await eventFor(email, promote))) as { bearer_token: string }
const refused = async (event: object) =>
  stack.runJob("issue-admin-token", event).then(
    () => "a token",
    ({ message }: Error) => message,
  )

/** What has happened since, as actor, action and changes. */
async function trail() {
  const rows = (await stack.rows.dump()).filter(({ PK }) => PK.startsWith("AUD#"))
  return rows as unknown as {
    action: string
    actor: { id: number; userId: string }
    subject: { userId: string }
    before: object
    after: object
  }[]
}
const eventsOf = async (email: string) =>
  (await trail())
    .filter(({ subject, actor }) => subject.userId === email && actor.id === 0)
    .map(({ action, actor, before, after }) => [action, actor.userId, before, after])
    .sort()

test("a first administrator is made once, and never again, whoever is asked for", async () => {
  for (const email of ["admin@example.com", "second@example.com"])
    expect(await stack.runJob("create-first-admin", { email })).toEqual({ created: false })
  const { items } = await stack.admin["users/list"]({ query: { user_type: "User" } })
  expect(items.map(({ user_id }) => user_id)).toEqual(["admin@example.com"])
})

test("an event that isn't one is refused, and repeats nothing", async () => {
  for (const event of [{}, { email: "canary" }, { email: "a@example.com", more: "canary" }])
    for (const job of ["create-first-admin", "issue-admin-token"]) {
      const refusal = await stack.runJob(job, event).then(String, String)
      expect(refusal).toContain("validation-failed")
      expect(refusal).not.toContain("canary")
    }
})

describe("a token", () => {
  test("is issued for an active administrator only, and the trail has who it was, by the ARN that STS tells", async () => {
    const member = await aHuman(stack, "Member")
    const admin = await aHuman(stack, "Admin")
    await expect(issue(member.userId)).rejects.toThrow("not an active administrator's email")
    await expect(issue("nobody@example.com")).rejects.toThrow("not an active administrator's email")
    const { bearer_token } = await issue(admin.userId.toUpperCase())
    expect((await stack.as(bearer_token)["users/me"]({})).user_id).toBe(admin.userId)
    await stack.admin["users/update"]({ id: admin.id, body: { active: false } })
    await expect(issue(admin.userId)).rejects.toThrow("not an active administrator's email")
    expect(await eventsOf(admin.userId)).toEqual([["token.created", local, {}, expect.anything()]])
    const made = (await trail()).filter(({ action, actor }) => action === "token.created" && actor.id === 0)
    expect(made.map(({ actor }) => actor.userId)).toEqual([local, local])
  })

  test("is in its answer, and in no log and no row", async () => {
    const { bearer_token } = await issue("admin@example.com")
    const secret = bearer_token.slice(26)
    const seen = (await stack.logs()) + JSON.stringify(await stack.rows.dump())
    // What the pipeline logs is there, so the log is the right one.
    expect(await stack.logs()).toContain('"job":"issue-admin-token","outcome":"done"')
    expect(holdsPartOf(secret, seen)).toBe(false)
  })
})

describe("a proof", () => {
  const email = "admin@example.com"

  test("is needed, whole, and with nothing else in it", async () => {
    const event = await eventFor(email)
    const { proof } = event
    const { "X-Amz-Signature": _, ...unsigned } = proof
    const broken: object[] = [
      { email },
      { email, proof: {} },
      { email, proof: unsigned },
      { email, proof: "arn:aws:iam::000000000000:user/claimed" },
      // Another call than GetCallerIdentity, another host, a signature without the stage, of another service, for longer.
      { email, proof: { ...proof, Action: "AssumeRole" } },
      { email, proof: { ...proof, host: "sts.example.com" } },
      { email, proof, endpoint: "http://127.0.0.1" },
      { email, proof: { ...proof, "X-Amz-SignedHeaders": "host" } },
      { email, proof: { ...proof, "X-Amz-SignedHeaders": "host;x-k8s-aws-id" } },
      { email, proof: { ...proof, "X-Amz-Credential": proof["X-Amz-Credential"].replace("/sts/", "/s3/") } },
      { email, proof: { ...proof, "X-Amz-Expires": "900" } },
    ]
    for (const one of broken) expect([one, await refused(one)]).toEqual([one, "validation-failed"])
    // Nothing is spent by a refusal.
    expect(await refused(event)).toBe("a token")
  })

  test("is refused when STS refuses it", async () => {
    const { proof } = await eventFor(email)
    const [head, tail] = [proof["X-Amz-Signature"].slice(0, -1), proof["X-Amz-Signature"].slice(-1)]
    const forged = { ...proof, "X-Amz-Signature": `${head}${tail === "0" ? "1" : "0"}` }
    expect(await refused({ email, proof: forged })).toBe("prove who you are: STS answered SignatureDoesNotMatch")
    const stranger = { ...proof, "X-Amz-Credential": `A${proof["X-Amz-Credential"]}` }
    expect(await refused({ email, proof: stranger })).toBe("prove who you are: STS answered InvalidClientTokenId")
  })

  test("for one stage is none for another, for one host none for another", async () => {
    const sign = (over: object) => adminTokenEvent({ ...stack.operator, ...over }, email)
    expect(await refused(await sign({}))).toBe("a token")
    for (const over of [{ stageName: "prod" }, { endpoint: "https://sts.us-east-1.amazonaws.com" }])
      expect(await refused(await sign(over))).toBe("prove who you are: STS answered SignatureDoesNotMatch")
  })
})

describe("promote", () => {
  const works = async (bearerToken: string) => (await stack.as(bearerToken)["users/me"]({})).role

  test("makes an administrator of nobody: creates the human, then mints", async () => {
    const email = `${randomUUID()}@example.com`
    expect(await works((await issue(email, true)).bearer_token)).toBe("Admin")
    const created = { user_id: email, user_type: "User", name: "Administrator", role: "Admin", teams: [], email }
    expect(await eventsOf(email)).toEqual([
      ["account.created", local, {}, created],
      ["token.created", local, {}, expect.anything()],
    ])
  })

  test("makes one of a Member, who keeps name and teams, and of an Admin who is inactive", async () => {
    const member = await aHuman(stack, "Member")
    const team = await stack.admin["teams/create"]({ body: { name: "Rescued" } })
    await stack.admin["users/update"]({ id: member.id, body: { teams: [team.name] } })
    expect(await works((await issue(member.userId, true)).bearer_token)).toBe("Admin")
    expect((await stack.admin["users/get"]({ id: member.id })).teams).toEqual(["Public", team.name])
    expect(await eventsOf(member.userId)).toEqual([
      ["account.updated", local, { role: "Member" }, { role: "Admin" }],
      ["token.created", local, {}, expect.anything()],
    ])
    const admin = await aHuman(stack, "Admin")
    await stack.admin["users/update"]({ id: admin.id, body: { active: false } })
    expect(await works((await issue(admin.userId, true)).bearer_token)).toBe("Admin")
    expect(await eventsOf(admin.userId)).toEqual([
      ["account.reactivated", local, { active: false }, { active: true }],
      ["token.created", local, {}, expect.anything()],
    ])
  })

  test("changes nothing about who is one already", async () => {
    const admin = await aHuman(stack, "Admin")
    await issue(admin.userId, true)
    expect((await eventsOf(admin.userId)).map(([action]) => action)).toEqual(["token.created"])
  })

  test("makes one that counts: it may make the other ones, and go again", async () => {
    const email = `${randomUUID()}@example.com`
    const { bearer_token } = await issue(email, true)
    const { id } = await stack.as(bearer_token)["users/me"]({})
    expect((await stack.admin["users/update"]({ id, body: { role: "Member" } })).role).toBe("Member")
  })

  test("never promotes a service account: neither by its user_id, nor by the email of its contact", async () => {
    const service = await aService(stack)
    expect(await refused(await eventFor(service.userId, true))).toBe("validation-failed")
    const email = `${randomUUID()}@example.com`
    await stack.admin["users/update"]({ id: service.id, body: { email } })
    const { bearer_token } = await issue(email, true)
    expect(await stack.as(bearer_token)["users/me"]({})).toMatchObject({ user_type: "User", user_id: email })
    expect(await stack.admin["users/get"]({ id: service.id })).toMatchObject({ user_type: "Service", role: "Member" })
  })

  test("does nothing for who proves nothing, and nothing to an account that is being deleted", async () => {
    const member = await aHuman(stack, "Member")
    const { proof } = await adminTokenEvent({ ...stack.operator, stageName: "prod" }, member.userId)
    expect(await refused({ email: member.userId, promote: true, proof })).toContain("prove who you are")
    expect((await stack.admin["users/get"]({ id: member.id })).role).toBe("Member")
    await stack.admin["users/update"]({ id: member.id, body: { active: false } })
    await stack.admin["users/delete"]({ id: member.id })
    expect(await refused(await eventFor(member.userId, true))).toBe("account-deleting")
  })
})
