import { writeFileSync } from "node:fs"
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { operatorEnvironment, operatorFile } from "../../../infra/local/operator.ts"
import { type LocalTestStack, startTestStack } from "../../local-stack.ts"
import { holdsPartOf } from "../../secret-windows.ts"
import { credentials as keys } from "../../tables.ts"
import { folderForTest, until } from "../local/fixture.ts"
import { type Answers, type CommandEnded, credentials, denied, fineAccount, runCommand, startAws } from "./aws.ts"

/** `npm run keyring`, on the local run, and against a small AWS. */
const expectRefusal = ({ stdout, stderr, status }: CommandEnded, line: string | RegExp) => {
  expect(stderr.trimEnd()).toMatch(line)
  expect([stdout, status]).toEqual(["", 1])
}

describe("on the local run", () => {
  let stack: LocalTestStack
  let client: SecretsManagerClient
  beforeAll(async () => {
    stack = await startTestStack()
    writeFileSync(operatorFile(stack.directory), operatorEnvironment(stack))
    client = new SecretsManagerClient({ endpoint: stack.secretsEndpoint, region: "us-east-1", credentials: keys })
  })
  afterAll(async () => {
    client.destroy()
    await stack.stop()
  })
  const SecretId = "symbolon-local-keyring"
  const secret = async () => JSON.parse((await client.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? "")
  const said: string[] = []
  const keyring = async (...args: string[]) => {
    // Of another account, where this terminal may be signed in.
    const elsewhere = { AWS_PROFILE: "another", AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1" }
    const ended = await runCommand("keyring", args, { SYMBOLON_LOCAL: stack.directory, ...elsewhere })
    said.push(ended.stdout, ended.stderr)
    return ended
  }

  test("rotates the keyring: added, re-wrapped, used, retired; the token works all the while", async () => {
    const first = await keyring("status")
    expect([first.stderr, first.status]).toEqual(["", 0])
    expect(first.stdout).toBe(
      "k1  mints since the beginning; rows under it: 1, that need it: 1; stays: it is the key that mints\n",
    )
    const added = await keyring("add")
    expect(added.stdout).toMatch(/^k2 mints from 20\S+Z\n$/)
    expect(added.stderr).toContain("Then:\nsymbolon: npm run keyring -- rewrap\n")
    expectRefusal(await keyring("add"), /^symbolon: k2 is there already, and mints from 20\S+Z: wait for it$/)
    expectRefusal(await keyring("rewrap"), /^symbolon: k2 is there already, and mints from/)

    // Two hours later.
    const now = await secret()
    const later = { ...now, mintFrom: { k2: new Date(Date.now() - 7_200_000).toISOString() } }
    await client.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(later) }))
    expect((await keyring("rewrap")).stdout).toBe("re-wrapped under k2: 1 of 1 tokens\n")
    expectRefusal(
      await keyring("retire", "--key", "k1"),
      /^symbolon: k1 stays\. Rows that need it: 1\. .*:\n {2}symusr_\w{18} {2}k1\.k2 {2}a use, a rotation, or its deletion$/,
    )
    expect((await stack.admin["users/me"]({})).user_id).toBe("admin@example.com")
    await until(async () =>
      (await keyring("status")).stdout.includes("rows under it: 0, that need it: 0; can be retired"),
    )
    const retired = await keyring("retire", "--key", "k1")
    expect([retired.status, retired.stdout]).toEqual([0, "k1 is retired\n"])
    expect(Object.keys(await secret())).toEqual(["mintFrom", "k2"])
    expect((await stack.admin["users/me"]({})).user_id).toBe("admin@example.com")

    const { items } = await stack.admin["audit-events/list"]({ query: { limit: 100 } })
    expect(
      items.filter(({ action }) => action.startsWith("keyring.")).map(({ action, actor }) => [action, actor.user_id]),
    ).toEqual(
      ["key-retired", "rewrapped", "key-added"].map((name) => [
        `keyring.${name}`,
        "arn:aws:iam::000000000000:user/local",
      ]),
    )
    for (const key of [now.k1, now.k2]) expect(holdsPartOf(key, said.join("\n"))).toBe(false)
  })
})

describe("on a stage", () => {
  const current = { body: { VersionId: "v1", SecretString: JSON.stringify({ mintFrom: {}, k1: "a".repeat(64) }) } }
  const none: Answers = { Scan: { body: { Items: [] } } }
  async function keyring(args: string[], more: Answers = {}, env: NodeJS.ProcessEnv = {}) {
    const { endpoint, asked } = await startAws({ ...fineAccount, GetSecretValue: current, ...none, ...more })
    const ended = await runCommand("keyring", args, { ...credentials, AWS_ENDPOINT_URL: endpoint, ...env })
    return { ...ended, asked }
  }

  test("writes the event before the label moves, from the version that was read, and says how to go on there", async () => {
    const sent: Record<string, string>[] = []
    const noted = (input: string) => {
      sent.push(JSON.parse(input))
      return { body: {} }
    }
    const { asked, status, stdout, stderr } = await keyring(["add", "--stage", "prod", "--mint-in", "90"], {
      PutSecretValue: noted,
      TransactWriteItems: { body: {} },
      UpdateSecretVersionStage: noted,
    })
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^k2 mints from/)])
    expect(asked.slice(1)).toEqual([
      "GetSecretValue",
      "PutSecretValue",
      "TransactWriteItems",
      "UpdateSecretVersionStage",
    ])
    const [put, moved] = sent
    expect(moved).toEqual({
      SecretId: "symbolon-prod-keyring",
      VersionStage: "AWSCURRENT",
      MoveToVersionId: put?.ClientRequestToken,
      RemoveFromVersionId: "v1",
    })
    expect(stderr).toContain("npm run keyring -- --stage prod rewrap")
  })

  test.each<[string, string[], Answers, NodeJS.ProcessEnv, string | RegExp]>([
    ["no verb", [], {}, {}, "symbolon: what? npm run keyring -- add | status | rewrap | retire --key k1"],
    ["another verb", ["rotate", "--stage", "prod"], {}, {}, "symbolon: what? npm run keyring"],
    ["a verb of Object's", ["toString"], {}, {}, "symbolon: what? npm run keyring"],
    ["two verbs", ["add", "status"], {}, {}, "symbolon: what? npm run keyring"],
    ["an unknown stage", ["status", "--stage", "nowhere"], {}, {}, "symbolon: there is no stage nowhere"],
    [
      "retire of nothing",
      ["retire", "--stage", "prod"],
      {},
      {},
      "symbolon: which key? npm run keyring -- --stage prod retire --key k1",
    ],
    [
      "a key that mints too soon",
      ["add", "--stage", "prod", "--mint-in", "1"],
      {},
      {},
      "symbolon: a key mints 15 to 1440 minutes ahead",
    ],
    [
      "no local run",
      ["status"],
      {},
      { SYMBOLON_LOCAL: "/nowhere" },
      "symbolon: there is no local run: npm start in another terminal",
    ],
    [
      "no secret",
      ["status", "--stage", "prod"],
      { GetSecretValue: { status: 400, body: { __type: "ResourceNotFoundException", message: "no secret" } } },
      {},
      "symbolon: there is no such table or secret here: is the stage deployed in this account and region?",
    ],
    ["IAM at the secret", ["add", "--stage", "prod"], { PutSecretValue: denied }, {}, "symbolon: not permitted: no"],
    ["IAM at the table", ["status", "--stage", "prod"], { Scan: denied }, {}, "symbolon: not permitted: no"],
    [
      "IAM at the trail",
      ["add", "--stage", "prod"],
      { PutSecretValue: { body: {} }, TransactWriteItems: denied },
      {},
      "symbolon: not permitted: no",
    ],
    [
      "no credentials",
      ["status", "--stage", "prod"],
      {},
      { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
      "symbolon: there are no AWS credentials (",
    ],
    [
      "a secret that is no keyring",
      ["status", "--stage", "prod"],
      { GetSecretValue: { body: { VersionId: "v1", SecretString: "aaaaaaaa" } } },
      {},
      "symbolon: keyring: not JSON",
    ],
  ])("refuses in one line: %s", async (_, args, answers, env, line) => {
    const ended = await keyring(args, answers, env)
    expectRefusal(ended, line)
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(ended.asked).not.toContain("UpdateSecretVersionStage")
  })

  test("a local run that has ended is said to have", async () => {
    const directory = folderForTest()
    const nobody = "http://127.0.0.1:1"
    writeFileSync(operatorFile(directory), operatorEnvironment({ engineEndpoint: nobody, secretsEndpoint: nobody }))
    const ended = await runCommand("keyring", ["status"], { SYMBOLON_LOCAL: directory })
    expectRefusal(ended, /^symbolon: nothing answers: is npm start running\?/)
  })
})
