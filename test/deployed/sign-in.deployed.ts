import { randomBytes, randomUUID } from "node:crypto"
import { afterAll, beforeAll, expect, inject } from "vitest"
import { until } from "../infra/local/fixture.ts"
import { inside, insideTest, openTestStack, type RunningStack } from "../local-stack.ts"
import { awsAt } from "./aws.ts"
import { type Pool, poolOf } from "./cognito.ts"
import type { Inside } from "./stack.ts"

/** Humans of a stage that names no issuer: from the account to the invitation, to a session, and out again. Nobody invokes a job. */
const emulator = inject("deployed")?.inside as Inside
let stack: RunningStack
let pool: Pool
beforeAll(async () => {
  stack = await openTestStack()
  if (inside) pool = await poolOf(emulator)
})
afterAll(() => stack.stop())

const password = "A long password, 14 and more"
/** What Cognito has put in the place of `{####}`. */
const mailedTo = async ({ mailsTo }: Pool, email: string): Promise<string> =>
  /password: (\S+?)<br>/.exec((await mailsTo(email))[0]?.body ?? "")?.[1] ?? ""

async function invited(): Promise<{ id: number; email: string; mailed: string }> {
  const email = `${randomUUID()}@example.com`
  const { id } = await stack.admin["users/create"]({
    body: { user_type: "User", name: "Ana", role: "Editor", email },
  })
  await until(async () => (await pool.user(email)) !== undefined, 30_000)
  return { id, email, mailed: await mailedTo(pool, email) }
}

/** By Authorization Code with PKCE, as the console does it. */
async function idTokenOf(email: string, mailed?: string): Promise<string> {
  const verifier = randomBytes(32).toString("base64url")
  let answer = await pool.open(email, mailed ?? password, verifier)
  if (mailed !== undefined) {
    expect(answer.status).toBe(200)
    answer = await pool.submit(await answer.text(), { new_password: password, confirm_password: password })
  }
  return pool.exchange(answer.headers.get("location") ?? "", verifier)
}

const signIn = (idToken: string) =>
  stack.send("/sign-in", { method: "POST", token: "", body: JSON.stringify({ id_token: idToken }) })
const refused = async (response: Response) => [response.status, ((await response.json()) as { type: string }).type]
const attribute = async (email: string, name: string) =>
  (await pool.user(email))?.UserAttributes?.find(({ Name }) => Name === name)?.Value

insideTest("a human is invited, chooses a password, signs in, and out", async () => {
  const { id, email, mailed } = await invited()
  expect(await pool.user(email)).toMatchObject({ Enabled: true, UserStatus: "FORCE_CHANGE_PASSWORD" })
  expect(await attribute(email, "email_verified")).toBe("true")
  expect((await pool.mailsTo(email)).map(({ subject }) => subject)).toEqual(["Your account on Symbolon dev"])
  const idToken = await idTokenOf(email, mailed)

  const session = await signIn(idToken)
  expect(session.status).toBe(201)
  const { bearer_token: bearerToken } = (await session.json()) as { bearer_token: string }
  const me = await stack.as(bearerToken)["users/me"]({})
  expect(me).toMatchObject({ id, user_id: email, role: "Editor" })
  expect((await stack.admin["users/get"]({ id })).bound).toBe(true)
  expect(await refused(await signIn(idToken))).toEqual([401, "/api/problems/sign-in-refused"])

  expect((await stack.send("/sign-in", { method: "DELETE", token: bearerToken })).status).toBe(204)
  await expect(stack.as(bearerToken)["users/me"]({})).rejects.toMatchObject({ status: 401 })
  // With the password of one's own, from now on; and nobody was mailed again.
  expect((await signIn(await idTokenOf(email))).status).toBe(201)
  expect(await pool.mailsTo(email)).toHaveLength(1)
  expect(await stack.logs()).not.toContain(mailed)
})

insideTest("who is deactivated is disabled there, and an ID token from before is refused here", async () => {
  const { id, email, mailed } = await invited()
  expect((await signIn(await idTokenOf(email, mailed))).status).toBe(201)
  const idToken = await idTokenOf(email)
  await stack.admin["users/update"]({ id, body: { active: false } })
  expect(await refused(await signIn(idToken))).toEqual([401, "/api/problems/sign-in-refused"])
  await until(async () => (await pool.user(email))?.Enabled === false, 30_000)
  expect(await (await pool.open(email, password)).text()).toContain("User is disabled")

  await stack.admin["users/update"]({ id, body: { active: true } })
  await until(async () => (await pool.user(email))?.Enabled === true, 30_000)
  expect((await signIn(await idTokenOf(email))).status).toBe(201)
})

insideTest("a new email is the one to sign in with, and the human is the same", async () => {
  const { id, email, mailed } = await invited()
  await signIn(await idTokenOf(email, mailed))
  const subject = await attribute(email, "sub")
  const changed = `changed-${email}`
  await stack.admin["users/update"]({ id, body: { email: changed } })
  await until(async () => (await pool.user(changed)) !== undefined, 30_000)
  expect(await attribute(changed, "sub")).toBe(subject)
  const session = await signIn(await idTokenOf(changed))
  expect(((await session.json()) as { user: { id: number } }).user.id).toBe(id)
})

/** The run that the hour would start: the deployment's own one came before the pool took the passwords that are mailed here. */
const syncs = async (stageName: string) =>
  (await awsAt(emulator.endpoint).invoke(`symbolon-${stageName}-jobs-sync-user-pool`, {})) as { checked: number }

insideTest("the first administrator is invited, once: another run finds nothing to do", async () => {
  await until(async () => (await syncs("dev")).checked === 0, 30_000)
  expect((await pool.mailsTo("admin@example.com")).map(({ subject }) => subject)).toEqual([
    "Your account on Symbolon dev",
  ])
  expect(await pool.user("admin@example.com")).toMatchObject({ Enabled: true })
})

insideTest("another stage's ID token, though its email is an administrator's, opens nothing", async () => {
  await syncs("prod")
  const prod = await poolOf({ ...emulator, stageName: "prod" })
  const verifier = randomBytes(32).toString("base64url")
  const page = await (await prod.open("admin@example.com", await mailedTo(prod, "admin@example.com"), verifier)).text()
  const answer = await prod.submit(page, { new_password: password, confirm_password: password })
  const idToken = await prod.exchange(answer.headers.get("location") ?? "", verifier)
  expect(idToken.split(".")).toHaveLength(3)
  expect(await refused(await signIn(idToken))).toEqual([401, "/api/problems/sign-in-refused"])
})
