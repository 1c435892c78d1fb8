import { describe, expect, test } from "vitest"
import * as z from "zod/mini"
import { isGuardedByIam, jobs } from "../../../shared/contract/jobs.ts"
import {
  adminTokenEvent,
  firstAdminEvent,
  identityQuery,
  signedAt,
  stsEndpoint,
} from "../../../shared/contract/operators.ts"

const proof = {
  "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
  "X-Amz-Credential": "ASIA-EXAMPLE_1/20261124/eu-central-1/sts/aws4_request",
  "X-Amz-Date": "20261124T023017Z",
  "X-Amz-Expires": "60",
  "X-Amz-SignedHeaders": "host;x-symbolon-stage",
  "X-Amz-Signature": "0123456789abcdef".repeat(4),
}
const email = "admin@example.com"
const takes = (over: object) => z.safeParse(adminTokenEvent, { email, proof: { ...proof, ...over } }).success

test("who starts what has no source of its own is IAM's to say: the two operators' jobs", () => {
  const guarded = Object.entries(jobs).flatMap(([key, { source }]) => (isGuardedByIam(source) ? [key] : []))
  expect(guarded).toEqual(["create-first-admin", "issue-admin-token"])
})

test("an event names an email, and what else it may", () => {
  expect(z.parse(firstAdminEvent, { email: "Admin@Example.com" })).toEqual({ email })
  expect(z.parse(adminTokenEvent, { email, promote: true, proof })).toEqual({ email, promote: true, proof })
  for (const event of [{}, { email, more: 1 }]) expect(z.safeParse(firstAdminEvent, event).success).toBe(false)
  for (const event of [{ proof }, { email }, { email, proof, more: 1 }, { email, proof: {} }])
    expect(z.safeParse(adminTokenEvent, event).success).toBe(false)
})

describe("a proof", () => {
  test("is the query of a presigned GetCallerIdentity, with the stage signed, and a session's token where there is one", () => {
    expect(identityQuery).toEqual({ Action: "GetCallerIdentity", Version: "2011-06-15" })
    expect(takes({})).toBe(true)
    expect(takes({ "X-Amz-Security-Token": "x".repeat(8192) })).toBe(true)
    expect(takes({ "X-Amz-Credential": `${"A".repeat(128)}/20261124/${"a".repeat(32)}/sts/aws4_request` })).toBe(true)
  })

  test.each([
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA1"],
    ["X-Amz-Expires", "61"],
    ["X-Amz-SignedHeaders", "host"],
    ["X-Amz-SignedHeaders", ""],
    ["X-Amz-Security-Token", "x".repeat(8193)],
    ["X-Amz-Date", "2026-11-24T02:30:17Z"],
    ["X-Amz-Date", "x20261124T023017Z"],
    ["X-Amz-Date", "20261124T023017Zx"],
    ["X-Amz-Date", "2T023017Z"],
    ["X-Amz-Date", "20261124T0Z"],
    ["X-Amz-Signature", "0".repeat(63)],
    ["X-Amz-Signature", "0".repeat(65)],
    ["X-Amz-Signature", `${"0".repeat(64)}\n`],
    ["X-Amz-Signature", `x${"0".repeat(64)}`],
    ["X-Amz-Signature", "g".repeat(64)],
    ["X-Amz-Credential", "/20261124/eu-central-1/sts/aws4_request"],
    ["X-Amz-Credential", `${"A".repeat(129)}/20261124/eu-central-1/sts/aws4_request`],
    ["X-Amz-Credential", "A B/20261124/eu-central-1/sts/aws4_request"],
    ["X-Amz-Credential", "A/1/eu-central-1/sts/aws4_request"],
    ["X-Amz-Credential", "A/2026112x/eu-central-1/sts/aws4_request"],
    ["X-Amz-Credential", "A/20261124//sts/aws4_request"],
    ["X-Amz-Credential", `A/20261124/${"a".repeat(33)}/sts/aws4_request`],
    ["X-Amz-Credential", "A/20261124/EU/sts/aws4_request"],
    ["X-Amz-Credential", "A/20261124/eu-central-1/s3/aws4_request"],
    ["X-Amz-Credential", "/A/20261124/eu-central-1/sts/aws4_request"],
    ["X-Amz-Credential", "A/20261124/eu-central-1/sts/aws4_request/"],
    ["X-Amz-Security", "more"],
  ])("is none with %s %s", (name, value) => {
    expect(takes({ [name]: value })).toBe(false)
  })

  test("was signed at a second of UTC", () => {
    expect(signedAt("20261124T023017Z")).toBe(Date.parse("2026-11-24T02:30:17Z"))
    for (const other of ["", "x20261124T023017Z", "20261124T023017Zx", "2026-11-24"])
      expect([other, signedAt(other)]).not.toEqual([other, Date.parse("2026-11-24T02:30:17Z")])
    expect(signedAt("20261324T023017Z")).toBeNaN()
  })
})

test("STS is the region's, or what the SDKs' own variables name: the one of STS first", () => {
  expect(stsEndpoint("eu-central-1", {})).toBe("https://sts.eu-central-1.amazonaws.com")
  expect(stsEndpoint("cn-north-1", {})).toBe("https://sts.cn-north-1.amazonaws.com.cn")
  const [AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS] = ["http://127.0.0.1:1", "http://127.0.0.1:2"]
  expect(stsEndpoint("eu-central-1", { AWS_ENDPOINT_URL })).toBe(AWS_ENDPOINT_URL)
  expect(stsEndpoint("eu-central-1", { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS })).toBe(AWS_ENDPOINT_URL_STS)
})
