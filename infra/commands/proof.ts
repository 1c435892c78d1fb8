import type { STSClient } from "@aws-sdk/client-sts"
import { SignatureV4 } from "@smithy/signature-v4"
import {
  type AdminTokenEvent,
  identityQuery,
  type Proof,
  proofSeconds,
  stageHeader,
} from "../../shared/contract/operators.ts"

export interface Operator {
  /** Whose credentials and region sign. It sends nothing. */
  client: STSClient
  /** As the stage's Lambda will call it: the host is signed. */
  endpoint: string
  stageName: string
}

/** The event of `issue-admin-token`, with the proof of who sends it. Good for a minute. */
export async function adminTokenEvent(
  { client, endpoint, stageName }: Operator,
  email: string,
  promote = false,
): Promise<AdminTokenEvent> {
  const { credentials, region, sha256 } = client.config
  const signer = new SignatureV4({ service: "sts", credentials, region, sha256 })
  const { protocol, host, hostname } = new URL(endpoint)
  const { query } = await signer.presign(
    {
      ...{ method: "GET", protocol, hostname, path: "/" },
      headers: { host, [stageHeader]: stageName },
      query: identityQuery,
    },
    { expiresIn: proofSeconds },
  )
  const { Action: _, Version: __, ...proof } = query as typeof identityQuery & Proof
  return { email, ...(promote && { promote }), proof }
}
