import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import {
  BatchGetSecretValueCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager"
import { expect, inject, it, onTestFinished } from "vitest"
import { startSecrets } from "../../../infra/local/secrets.ts"
import { Assembly } from "../../../infra/local/template.ts"
import { parseKeyring } from "../../../shared/token/keyring.ts"
import { folderForTest } from "./fixture.ts"

const names = ["symbolon-local-cursor", "symbolon-local-edge", "symbolon-local-keyring"]

/** The secrets of our own assembly, kept in `file`, and a client of AWS's SDK. */
async function start(file = join(folderForTest(), "secrets.json")) {
  const service = await startSecrets(new Assembly(inject("assembly")), file)
  const client = new SecretsManagerClient({
    endpoint: service.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  })
  let stopped = false
  const stop = async () => {
    if (stopped) return
    stopped = true
    client.destroy()
    await service.stop()
  }
  onTestFinished(stop)
  const values = (): Record<string, string> => JSON.parse(readFileSync(file, "utf8"))
  return { file, client, stop, values, endpoint: service.endpoint }
}

it("makes each secret as the template's generator says", async () => {
  const { values } = await start()
  expect(Object.keys(values()).sort()).toEqual(names)
  expect(values()["symbolon-local-cursor"]).toMatch(/^[A-Za-z0-9]{64}$/)
  expect(values()["symbolon-local-edge"]).toMatch(/^[A-Za-z0-9]{64}$/)
  const keyring = JSON.parse(values()["symbolon-local-keyring"] as string)
  expect(keyring).toEqual({ mintFrom: {}, k1: expect.stringMatching(/^[A-Za-z0-9]{64}$/) })
  expect(() => parseKeyring(JSON.stringify(keyring))).not.toThrow()
})

it("makes others each time: no two are alike", async () => {
  const [one, other] = [(await start()).values(), (await start()).values()]
  const all = [...Object.values(one), ...Object.values(other)]
  expect(new Set(all).size).toBe(6)
})

it("keeps them for the owner's eyes only", async () => {
  const { file } = await start()
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it("keeps the same values ever after", async () => {
  const first = await start()
  const before = first.values()
  await first.stop()
  const second = await start(first.file)
  expect(second.values()).toEqual(before)
  const { SecretString } = await second.client.send(new GetSecretValueCommand({ SecretId: names[2] }))
  expect(SecretString).toBe(before[names[2] as string])
})

it("answers GetSecretValue", async () => {
  const { client, values } = await start()
  const { Name, SecretString } = await client.send(new GetSecretValueCommand({ SecretId: "symbolon-local-edge" }))
  expect({ Name, SecretString }).toEqual({ Name: "symbolon-local-edge", SecretString: values()["symbolon-local-edge"] })
})

it("answers GetSecretValue of an unknown name as AWS does", async () => {
  const { client } = await start()
  const SecretId = "symbolon-prod-edge"
  await expect(client.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
    $metadata: { httpStatusCode: 400 },
  })
})

it("answers BatchGetSecretValue with what it has, and the names of what it hasn't", async () => {
  const { client, values } = await start()
  const SecretIdList = ["symbolon-local-keyring", "symbolon-prod-keyring", "symbolon-local-edge"]
  const { SecretValues, Errors } = await client.send(new BatchGetSecretValueCommand({ SecretIdList }))
  expect(SecretValues?.map(({ Name, SecretString }) => [Name, SecretString])).toEqual(
    ["symbolon-local-keyring", "symbolon-local-edge"].map((name) => [name, values()[name]]),
  )
  expect(Errors?.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode])).toEqual([
    ["symbolon-prod-keyring", "ResourceNotFoundException"],
  ])
})

it("knows no other operation", async () => {
  const { endpoint } = await start()
  const headers = { "x-amz-target": "secretsmanager.DeleteSecret" }
  const response = await fetch(endpoint, { method: "POST", headers, body: "{}" })
  expect([response.status, await response.json()]).toEqual([400, { __type: "UnknownOperationException" }])
})
