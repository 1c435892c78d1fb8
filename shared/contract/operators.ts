import * as z from "zod/mini"
import { email } from "./objects.ts"

/**
 * What the two operators' jobs are invoked with, and how who invokes `issue-admin-token` proves who that is: with a signed
 * GetCallerIdentity, which the job sends to STS (docs/decisions/0011-proof-by-a-signed-call.md).
 */
export const firstAdminEvent = z.strictObject({ email })

/** Signed along with the request, so that a proof for one stage is none for another. */
export const stageHeader = "x-symbolon-stage"

/** What is called, and nothing else ever: the event brings a signature, and no say in what was signed. */
export const identityQuery = { Action: "GetCallerIdentity", Version: "2011-06-15" } as const

/** STS itself takes a signature for 15 minutes, whatever `X-Amz-Expires` says. */
export const proofSeconds = 60

const proof = z.strictObject({
  "X-Amz-Algorithm": z.literal("AWS4-HMAC-SHA256"),
  "X-Amz-Credential": z.string().check(z.regex(/^[\w-]{1,128}\/\d{8}\/[a-z0-9-]{1,32}\/sts\/aws4_request$/)),
  "X-Amz-Date": z.string().check(z.regex(/^\d{8}T\d{6}Z$/)),
  "X-Amz-Expires": z.literal(String(proofSeconds)),
  // Exactly these: a signature without the stage, such as one that was made for another service, proves nothing here.
  "X-Amz-SignedHeaders": z.literal(`host;${stageHeader}`),
  "X-Amz-Signature": z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  "X-Amz-Security-Token": z.optional(z.string().check(z.maxLength(8192))),
})
/** The query parameters of a presigned request, but for what it asks. */
export type Proof = z.output<typeof proof>

/** `20261124T023017Z`, as a proof's `X-Amz-Date`, in epoch milliseconds. */
export const signedAt = (date: string): number =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"))

export const adminTokenEvent = z.strictObject({
  email,
  /** Makes this human an active administrator first, whoever it was. */
  promote: z.optional(z.boolean()),
  proof,
})
export type AdminTokenEvent = z.output<typeof adminTokenEvent>

/** Why no token is issued without `promote`. */
export const notAnAdministrator = "not an active administrator's email"

/** The regional STS, as both sides call it; or what the SDKs' own variables name instead. */
export function stsEndpoint(region: string, env: Record<string, string | undefined>): string {
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
  return env.AWS_ENDPOINT_URL_STS ?? env.AWS_ENDPOINT_URL ?? `https://sts.${region}.${suffix}`
}
