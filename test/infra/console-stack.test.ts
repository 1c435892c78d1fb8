import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { App } from "aws-cdk-lib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ConsoleStack } from "../../infra/console-stack.ts"
import { deepLinksCode, viewerAddressCode } from "../../infra/edge-functions.ts"
import { type Stage, stageOf } from "../../infra/stage.ts"
import { flat, type Properties, type Stack, Templates } from "./templates.ts"

/** The CDN, as CloudFormation would get it: nothing here can serve one, so what it does is read from its template. */
const directory = mkdtempSync(join(tmpdir(), "symbolon-console-"))
let count = 0
function synthesized(over: Partial<Stage> = {}): Stack {
  const outdir = join(directory, String(count++))
  const app = new App({ outdir, analyticsReporting: false })
  new ConsoleStack(app, "symbolon-prod-console", "prod", { ...stageOf("prod"), ...over }, {})
  app.synth()
  return new Templates(outdir).stack("console")
}
const one = (stack: Stack, type: string): Properties => {
  const [found, ...others] = stack.resources.filter(({ Type }) => Type === type)
  expect([type, found !== undefined, others.length]).toEqual([type, true, 0])
  return found?.Properties ?? {}
}
let stack: Stack
let distribution: Properties
beforeAll(() => {
  stack = synthesized()
  distribution = one(stack, "AWS::CloudFront::Distribution").DistributionConfig
}, 60_000)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe("the API", () => {
  const api = (): Properties => distribution.CacheBehaviors[0]
  const origin = (behavior: Properties): Properties =>
    distribution.Origins.find(({ Id }: Properties) => Id === behavior.TargetOriginId)

  it("is behind the console's own origin: every method, nothing cached, all headers but Host", () => {
    expect(distribution.CacheBehaviors).toHaveLength(1)
    expect(api().PathPattern).toBe("/api/*")
    expect(api().AllowedMethods.toSorted()).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
    // AWS's own: CachingDisabled and AllViewerExceptHostHeader.
    expect(api().CachePolicyId).toBe("4135ea2d-6df8-44a3-9df3-4b5a84be39ad")
    expect(api().OriginRequestPolicyId).toBe("b689b0a8-53d0-40ab-baf2-68738e2966ac")
    expect(api().ViewerProtocolPolicy).toBe("https-only")
    expect(flat(origin(api()).DomainName)).toMatch(/\.execute-api\.<AWS::Region>\.<AWS::URLSuffix>$/)
  })

  it("gets the secret that proves this CDN, which no template holds", () => {
    expect(origin(api()).OriginCustomHeaders).toEqual([
      {
        HeaderName: "x-symbolon-edge",
        HeaderValue: "{{resolve:secretsmanager:symbolon-prod-edge:SecretString:::}}",
      },
    ])
  })

  it("keeps its own answers: no error is cached, and none has a page in its place", () => {
    const answers = distribution.CustomErrorResponses as Properties[]
    expect(answers.map(({ ErrorCode }) => ErrorCode)).toEqual([400, 403, 404, 405, 414, 500, 501, 502, 503, 504])
    for (const { ErrorCode, ...rest } of answers)
      expect([ErrorCode, rest]).toEqual([ErrorCode, { ErrorCachingMinTTL: 0 }])
  })

  it("gets the viewer's address over whatever a viewer has sent", () => {
    const headers = { "x-symbolon-viewer": { value: "198.51.100.1" }, authorization: { value: "Bearer x" } }
    const { uri, headers: sent } = run(viewerAddressCode, { uri: "/api/users/me", headers }, "203.0.113.7")
    expect(uri).toBe("/api/users/me")
    expect(sent).toEqual({ "x-symbolon-viewer": { value: "203.0.113.7" }, authorization: { value: "Bearer x" } })
  })
})

/** As CloudFront runs a function: on the event of a viewer's request. */
function run(code: string, request: { uri: string; headers: object }, ip = ""): { uri: string; headers: object } {
  const handler = new Function(`${code}\nreturn handler`)() as (event: object) => { uri: string; headers: object }
  return handler({ viewer: { ip }, request: structuredClone(request) })
}

describe("the console", () => {
  it("is one page, whatever address of it is opened; files are what they are", () => {
    const path = (uri: string) => run(deepLinksCode, { uri, headers: {} }).uri
    for (const uri of ["/", "/users/3812345678901234", "/tokens", "/callback", "/audit-log/"])
      expect([uri, path(uri)]).toEqual([uri, "/index.html"])
    for (const uri of ["/index.html", "/config.json", "/assets/index-Dn_ZEjWp.css", "/assets/gone.js"])
      expect(path(uri)).toBe(uri)
    expect(distribution.DefaultRootObject).toBe("index.html")
  })

  it("is in a bucket that the CDN alone may read", () => {
    const bucket = one(stack, "AWS::S3::Bucket")
    expect(Object.values(bucket.PublicAccessBlockConfiguration)).toEqual([true, true, true, true])
    expect(one(stack, "AWS::CloudFront::OriginAccessControl").OriginAccessControlConfig).toMatchObject({
      OriginAccessControlOriginType: "s3",
      SigningBehavior: "always",
      SigningProtocol: "sigv4",
    })
    const { Statement } = one(stack, "AWS::S3::BucketPolicy").PolicyDocument
    const [refuses, allows] = Statement as [Properties, Properties]
    expect([refuses.Effect, refuses.Condition]).toEqual(["Deny", { Bool: { "aws:SecureTransport": "false" } }])
    expect([allows.Effect, allows.Principal, allows.Action]).toEqual([
      "Allow",
      { Service: "cloudfront.amazonaws.com" },
      "s3:GetObject",
    ])
    expect(Object.keys(allows.Condition.StringEquals)).toEqual(["AWS:SourceArn"])
  })

  it("runs nothing but its own, asks nobody but the API and the issuer, and is framed by nobody", () => {
    const { SecurityHeadersConfig, CustomHeadersConfig } = one(
      stack,
      "AWS::CloudFront::ResponseHeadersPolicy",
    ).ResponseHeadersPolicyConfig
    const policy = flat(SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy)
    expect(policy.split("; ").toSorted()).toEqual(
      [
        ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'", "img-src 'self'"],
        ...["frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "require-trusted-types-for 'script'"],
        "connect-src 'self' https://cognito-idp.<AWS::Region>.<AWS::URLSuffix> https://symbolon-prod-<AWS::AccountId>.auth.<AWS::Region>.amazoncognito.com",
      ].toSorted(),
    )
    expect(SecurityHeadersConfig.StrictTransportSecurity).toEqual({
      AccessControlMaxAgeSec: 31_536_000,
      IncludeSubdomains: true,
      Override: true,
    })
    expect(SecurityHeadersConfig.ContentTypeOptions).toEqual({ Override: true })
    expect(CustomHeadersConfig.Items).toEqual([{ Header: "Referrer-Policy", Override: true, Value: "no-referrer" }])
  })

  it("asks the issuer that the stage names, at all of its origins", () => {
    const signIn = {
      issuer: "https://issuer.example.com/realm",
      clientId: "console",
      origins: ["https://tokens.example.com"],
    }
    const policy = one(synthesized({ signIn }), "AWS::CloudFront::ResponseHeadersPolicy").ResponseHeadersPolicyConfig
    expect(flat(policy.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy)).toContain(
      "connect-src 'self' https://issuer.example.com https://tokens.example.com;",
    )
  })

  it("keeps what never changes for a year, the page and its configuration not at all, and takes nothing away", () => {
    const deployments = stack.resources.filter(({ Type }) => Type === "Custom::CDKBucketDeployment")
    const shown = deployments.map(({ Properties: { Include, Exclude, Prune, SystemMetadata } }) => [
      Include,
      Exclude,
      Prune,
      SystemMetadata["cache-control"],
    ])
    expect(shown).toEqual([
      [["assets/*"], ["*"], false, "public, max-age=31536000, immutable"],
      [undefined, ["assets/*"], false, "no-store"],
    ])
    // The page comes when what it names is there.
    expect(deployments[1]?.DependsOn).toContain(deployments[0]?.id)
    const { MinTTL, DefaultTTL } = one(stack, "AWS::CloudFront::CachePolicy").CachePolicyConfig
    expect([MinTTL, DefaultTTL]).toEqual([0, 0])
  })

  it("has the stage's domain with its certificate, or CloudFront's own name", () => {
    expect(distribution).not.toHaveProperty("Aliases")
    const domain = "symbolon.corp.example"
    const certificateArn = "arn:aws:acm:us-east-1:111122223333:certificate/0d4c1a3e"
    const own = one(synthesized({ domain, certificateArn }), "AWS::CloudFront::Distribution").DistributionConfig
    expect([own.Aliases, own.ViewerCertificate]).toEqual([
      [domain],
      { AcmCertificateArn: certificateArn, MinimumProtocolVersion: "TLSv1.2_2021", SslSupportMethod: "sni-only" },
    ])
    // What the first deployment has told, put into the stage.
    const told = synthesized({ domain: "d111111abcdef8.cloudfront.net" })
    expect(one(told, "AWS::CloudFront::Distribution").DistributionConfig).not.toHaveProperty("Aliases")
  })
})
