import type { APIGatewayProxyEvent, Context } from "aws-lambda"
import { expect, test } from "vitest"
import { endpoint } from "../../functions/endpoint.ts"
import type { AuditItem } from "../../shared/store/table.ts"
import { createTeam } from "../../shared/store/team-list.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime } from "../fakes.ts"
import { createTestTable } from "../tables.ts"

test("a user agent that is cut within a character leaves its audit event, with whole ones: the table takes no half", async () => {
  const { table, dump } = await createTestTable()
  const create = endpoint(
    "teams/create",
    async (runtime, { caller, body }) => ({ body: await createTeam(runtime, caller, body) }),
    () => fakeRuntime(table),
  )
  for (const [name, userAgent] of [
    ["Cut", `${"x".repeat(199)}🔑`],
    ["Whole", `${"x".repeat(198)}🔑🔑`],
    ["Half", "x\ud83d"],
  ]) {
    const event = {
      headers: { "user-agent": userAgent, "content-type": "application/json" },
      body: JSON.stringify({ name }),
      requestContext: { authorizer: anAdmin(), requestId: "r" },
    } as unknown as APIGatewayProxyEvent
    expect((await create(event, {} as Context)).statusCode).toBe(201)
  }
  const trail = (await dump()).filter(({ PK }) => PK.startsWith("AUD#")) as unknown as AuditItem[]
  const agents = Object.fromEntries(trail.map(({ subject, userAgent }) => [subject.userId, userAgent]))
  expect(agents).toEqual({
    "team:cut": `${"x".repeat(199)}\ufffd`,
    "team:whole": `${"x".repeat(198)}🔑`,
    "team:half": "x\ufffd",
  })
})
