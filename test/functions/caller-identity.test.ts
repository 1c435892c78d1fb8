import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import { STSClient } from "@aws-sdk/client-sts"
import { expect, onTestFinished, test } from "vitest"
import { provenIdentity } from "../../functions/caller-identity.ts"
import { adminTokenEvent } from "../../infra/commands/proof.ts"
import { freePort } from "../../infra/local/engine.ts"
import { closed, portOf } from "../../infra/local/secrets.ts"
import { startSts } from "../../infra/local/sts.ts"
import { signedAt, stsEndpoint } from "../../shared/contract/operators.ts"
import { Unavailable } from "../../shared/runtime.ts"

/** Who invokes `issue-admin-token`, as STS tells it: the signature is the event's, all else is decided here. */
const functionArn = "arn:aws:lambda:us-east-1:000000000000:function:symbolon-local-jobs-issue-admin-token"
const session = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "a/session+token==" }
const client = new STSClient({ region: "us-east-1", credentials: session })

const proofFor = async (endpoint = "https://sts.us-east-1.amazonaws.com") =>
  (await adminTokenEvent({ client, endpoint, stageName: "local" }, "admin@example.com")).proof

const arnIs = (arn: string) =>
  `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
  <Arn>${arn}</Arn><UserId>AIDA</UserId><Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
const errorIs = (code: string) => `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`

/** An STS that gives one answer, and what it was asked. */
async function sts(status: number, body: string, headers: Record<string, string> = {}) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    response.writeHead(status, headers).end(body)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => closed(server))
  return { asked, endpoint: `http://127.0.0.1:${portOf(server)}` }
}

async function identify(endpoint: string, over: { now?: number; functionArn?: string } = {}) {
  const proof = await proofFor(endpoint)
  const env = { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL_STS: endpoint }
  const now = signedAt(proof["X-Amz-Date"])
  return provenIdentity(proof, { stageName: "local", functionArn, now, env, ...over })
}

test("is the ARN of a user, of a role's session, of the root user", async () => {
  const arns = ["iam::000000000000:user/path/ops", "sts::000000000000:assumed-role/Ops/a@b", "iam::000000000000:root"]
  for (const arn of arns.map((rest) => `arn:aws:${rest}`)) {
    const { endpoint } = await sts(200, arnIs(arn))
    expect(await identify(endpoint)).toBe(arn)
  }
})

test("is asked for in one way: GetCallerIdentity, with this stage's name, and the event's signature", async () => {
  const { endpoint, asked } = await sts(200, arnIs("arn:aws:iam::000000000000:user/ops"))
  await identify(endpoint)
  const [request] = asked as [IncomingMessage]
  const { searchParams, pathname } = new URL(request.url ?? "", endpoint)
  expect([request.method, pathname, request.headers["x-symbolon-stage"]]).toEqual(["GET", "/", "local"])
  expect(Object.fromEntries(searchParams)).toEqual({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": expect.stringMatching(/^ASIAEXAMPLE\/\d{8}\/us-east-1\/sts\/aws4_request$/),
    "X-Amz-Date": expect.stringMatching(/^\d{8}T\d{6}Z$/),
    "X-Amz-Expires": "60",
    "X-Amz-Security-Token": session.sessionToken,
    "X-Amz-SignedHeaders": "host;x-symbolon-stage",
    "X-Amz-Signature": expect.stringMatching(/^[0-9a-f]{64}$/),
  })
})

test("is good for a minute, which STS wouldn't see to: at 60 seconds, and not at 61, by either clock", async () => {
  const { endpoint, asked } = await sts(200, arnIs("arn:aws:iam::000000000000:user/ops"))
  const proof = await proofFor(endpoint)
  const at = (seconds: number) =>
    provenIdentity(proof, {
      ...{ stageName: "local", functionArn, env: { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: endpoint } },
      now: signedAt(proof["X-Amz-Date"]) + seconds * 1000,
    })
  for (const seconds of [60, -60]) expect(await at(seconds)).toContain("user/ops")
  for (const seconds of [61, -61]) await expect(at(seconds)).rejects.toThrow("prove who you are: it was signed more")
  expect(asked).toHaveLength(2)
})

test("of another account is nobody's here: anyone can be anyone in an account of their own", async () => {
  const { endpoint } = await sts(200, arnIs("arn:aws:iam::999999999999:user/ops"))
  await expect(identify(endpoint)).rejects.toThrow("prove who you are: this identity is of another account")
  await expect(identify(endpoint, { functionArn: "" })).rejects.toThrow("another account")
})

test("that STS refuses is none", async () => {
  for (const code of ["SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken"]) {
    const { endpoint } = await sts(403, errorIs(code))
    await expect(identify(endpoint)).rejects.toThrow(`prove who you are: STS answered ${code}`)
  }
})

test("can't be told while STS is down, throttles, or answers something else: a fault, and no refusal", async () => {
  const answers = [
    await sts(503, ""),
    await sts(429, ""),
    await sts(400, errorIs("Throttling")),
    await sts(200, "<html>"),
    // What it asks and where is fixed: it goes nowhere else.
    await sts(302, "", { location: "http://127.0.0.1:1/" }),
  ]
  for (const endpoint of [...answers.map((one) => one.endpoint), `http://127.0.0.1:${await freePort()}`])
    await expect(identify(endpoint)).rejects.toThrow(Unavailable)
})

test("nothing that is thrown holds the signature or the session's token", async () => {
  for (const [status, body] of [
    [403, errorIs("ExpiredToken")],
    [503, ""],
    [200, ""],
  ] as const) {
    const { endpoint } = await sts(status, body)
    const error = await identify(endpoint).then(String, (thrown: Error) => `${thrown.stack}${thrown.cause}`)
    expect(error).not.toMatch(/X-Amz-|session|ASIA/)
  }
})

test("is asked of the region's own STS, or of what the SDKs' variables name", () => {
  expect(stsEndpoint("eu-central-1", {})).toBe("https://sts.eu-central-1.amazonaws.com")
  expect(stsEndpoint("cn-north-1", {})).toBe("https://sts.cn-north-1.amazonaws.com.cn")
  const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ENDPOINT_URL_STS: "http://127.0.0.1:2" }
  expect(stsEndpoint("eu-central-1", env)).toBe("http://127.0.0.1:2")
  expect(stsEndpoint("eu-central-1", { AWS_ENDPOINT_URL: env.AWS_ENDPOINT_URL })).toBe("http://127.0.0.1:1")
})

test("on this machine: STS checks the signature, the call and who signs", async () => {
  const local = await startSts()
  onTestFinished(local.stop)
  const ask = async (change: (query: URLSearchParams) => void, stage = "local") => {
    const { proof } = await adminTokenEvent({ ...local, stageName: "local" }, "admin@example.com")
    const query = new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15", ...proof })
    change(query)
    return (await fetch(`${local.endpoint}/?${query}`, { headers: { "x-symbolon-stage": stage } })).text()
  }
  expect(await ask(() => {})).toContain("<Arn>arn:aws:iam::000000000000:user/local</Arn>")
  expect(await ask(() => {}, "prod")).toContain("SignatureDoesNotMatch")
  expect(await ask((query) => query.set("X-Amz-Expires", "61"))).toContain("SignatureDoesNotMatch")
  expect(await ask((query) => query.set("Action", "AssumeRole"))).toContain("InvalidAction")
  expect(await ask((query) => query.delete("X-Amz-Credential"))).toContain("InvalidClientTokenId")
})

test("proves nothing by a date that is none", async () => {
  const { endpoint, asked } = await sts(200, arnIs("arn:aws:iam::000000000000:user/ops"))
  const proof = { ...(await proofFor(endpoint)), "X-Amz-Date": "20261301T000000Z" }
  const env = { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL_STS: endpoint }
  await expect(provenIdentity(proof, { stageName: "local", functionArn, now: Date.now(), env })).rejects.toThrow(
    "prove who you are: it was signed more than a minute ago",
  )
  expect(asked).toEqual([])
})
