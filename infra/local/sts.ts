import { once } from "node:events"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { STSClient } from "@aws-sdk/client-sts"
import { SignatureV4 } from "@smithy/signature-v4"
import { signedAt, stageHeader } from "../../shared/contract/operators.ts"
import { localOperator } from "./operator.ts"
import { closed, portOf } from "./secrets.ts"
import { region } from "./template.ts"

/** STS, as far as `issue-admin-token` calls it: GetCallerIdentity, presigned, by the one operator that this machine has. */
export interface Sts {
  endpoint: string
  /** The operator's. */
  client: STSClient
  stop: () => Promise<void>
}

const credentials = { accessKeyId: "LOCALOPERATOR", secretAccessKey: "local" }

/** It checks signatures as STS does, so that a proof that STS would refuse is refused on this machine first. */
export async function startSts(): Promise<Sts> {
  const client = new STSClient({ region, credentials })
  const server = createServer(async (request, response) => {
    const code = await refusal(new URL(request.url ?? "/", "http://sts").searchParams, request.headers, client)
    const answer = code
      ? `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`
      : `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${localOperator}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`
    response.writeHead(code ? 403 : 200, { "content-type": "text/xml" }).end(answer)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, client, stop: () => closed(server) }
}

async function refusal(sent: URLSearchParams, headers: IncomingHttpHeaders, client: STSClient) {
  const { Action, Version, ...query } = Object.fromEntries(sent)
  if (Action !== "GetCallerIdentity") return "InvalidAction"
  if (!query["X-Amz-Credential"]?.startsWith(`${credentials.accessKeyId}/`)) return "InvalidClientTokenId"
  const { host = "", [stageHeader]: stage = "" } = headers
  const signed = await new SignatureV4({ service: "sts", credentials, region, sha256: client.config.sha256 }).presign(
    {
      ...{ method: "GET", protocol: "http:", hostname: host, path: "/" },
      headers: { host, [stageHeader]: String(stage) },
      query: { Action, Version: Version ?? "" },
    },
    { expiresIn: Number(query["X-Amz-Expires"]), signingDate: new Date(signedAt(query["X-Amz-Date"] ?? "")) },
  )
  return signed.query?.["X-Amz-Signature"] === query["X-Amz-Signature"] ? undefined : "SignatureDoesNotMatch"
}
