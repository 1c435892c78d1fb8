import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { keyringSecret } from "../../../infra/commands/keyring-secret.ts"
import { startSecrets } from "../../../infra/local/secrets.ts"
import { Assembly } from "../../../infra/local/template.ts"
import { addKey } from "../../../shared/store/keyring-rotation.ts"
import { frozenClock } from "../../fakes.ts"
import { aSecret, aStage } from "../../keyring-drill.ts"
import { rounds } from "../../rounds.ts"
import { createTestTable, credentials, type TestTable } from "../../tables.ts"
import { assemblyFor, folderForTest } from "../local/fixture.ts"
import { type Answers, startAws } from "./aws.ts"

/** The keyring's secret, as the local Secrets Manager keeps it, and as AWS may answer. Kills the mutant k1-swap-blind. */
const Name = "symbolon-local-keyring"
const clientAt = (endpoint: string) => {
  const client = new SecretsManagerClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 2 })
  onTestFinished(() => client.destroy())
  return client
}

async function localSecret(file = join(folderForTest(), "secrets.json")) {
  const GenerateSecretString = { PasswordLength: 64, SecretStringTemplate: '{"mintFrom":{}}', GenerateStringKey: "k1" }
  const resource = { Type: "AWS::SecretsManager::Secret", Properties: { Name, GenerateSecretString } }
  const service = await startSecrets(new Assembly(assemblyFor({ resources: { Keyring: resource } })), file)
  let stopped = false
  const stop = async () => {
    if (!stopped) await service.stop()
    stopped = true
  }
  onTestFinished(stop)
  return { file, stop, secret: keyringSecret(clientAt(service.endpoint), Name) }
}

describe("a change", () => {
  let table: TestTable
  beforeAll(async () => {
    table = await createTestTable()
  })

  test("of two operators at once: one adds its key, the other one is refused, and no key is lost", async () => {
    for (const _ of rounds(10)) {
      const { secret } = await localSecret()
      const stage = aStage(table, frozenClock())
      const added = await Promise.allSettled([1, 2].map(() => addKey(stage.operation(table.table, secret), 60)))
      expect(added.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
      const { k2 } = JSON.parse((await secret.read()).text)
      expect(k2).toMatch(/^[A-Za-z0-9]{64}$/)
    }
  })

  test("is nobody's to read before it is current, and outlives a restart after", async () => {
    const { file, stop, secret } = await localSecret()
    const before = await secret.read()
    const next = JSON.stringify({ ...JSON.parse(before.text), k2: "b".repeat(64) })
    const version = await secret.prepare(next)
    expect(await secret.read()).toEqual(before)
    expect(await secret.makeCurrent(version, before.version)).toBe(true)
    expect(await secret.read()).toEqual({ version, text: next })
    await stop()
    expect((await (await localSecret(file)).secret.read()).text).toBe(next)
  })

  test("of a version that isn't current any more is refused, twice too", async () => {
    const { secret } = await localSecret()
    const { version: first, text } = await secret.read()
    const [one, other] = [await secret.prepare(text), await secret.prepare(text)]
    expect(await secret.makeCurrent(one, first)).toBe(true)
    expect(await secret.makeCurrent(other, first)).toBe(false)
    expect(await secret.makeCurrent(one, first)).toBe(true)
    expect((await secret.read()).version).toBe(one)
  })
})

describe("of AWS", () => {
  const at = async (answers: Answers) => {
    const { endpoint, asked } = await startAws(answers)
    return { asked, secret: keyringSecret(clientAt(endpoint), Name) }
  }
  const mismatch = { status: 400, body: { __type: "InvalidParameterException", message: "not attached" } }

  test("an answer that was lost is found out: the label is where it was to go", async () => {
    const [version, from] = [randomUUID(), randomUUID()]
    const GetSecretValue = { body: { VersionId: version, SecretString: aSecret().text() } }
    const { secret } = await at({ UpdateSecretVersionStage: mismatch, GetSecretValue })
    expect(await secret.makeCurrent(version, from)).toBe(true)
  })

  test("a refusal of IAM is one, when nothing has moved", async () => {
    const [version, from] = [randomUUID(), randomUUID()]
    const refused = { status: 400, body: { __type: "AccessDeniedException", message: "no" } }
    const GetSecretValue = { body: { VersionId: from, SecretString: aSecret().text() } }
    const { secret } = await at({ UpdateSecretVersionStage: refused, GetSecretValue })
    await expect(secret.makeCurrent(version, from)).rejects.toMatchObject({ name: "AccessDeniedException" })
  })

  test("a repeat of a lost PutSecretValue brings the same id", async () => {
    const ids: string[] = []
    const { secret } = await at({
      PutSecretValue: (input) => {
        const { ClientRequestToken, VersionStages } = JSON.parse(input)
        expect(VersionStages).toEqual(["AWSPENDING"])
        return ids.push(ClientRequestToken) === 1
          ? { status: 500, body: { __type: "InternalServiceError" } }
          : { body: { VersionId: ClientRequestToken } }
      },
    })
    const version = await secret.prepare(aSecret().text())
    expect(ids).toEqual([version, version])
  })
})
