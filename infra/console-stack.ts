import { CfnOutput, Duration, RemovalPolicy, SecretValue, Stack, type StackProps } from "aws-cdk-lib"
import { Certificate } from "aws-cdk-lib/aws-certificatemanager"
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront"
import { HttpOrigin, S3BucketOrigin } from "aws-cdk-lib/aws-cloudfront-origins"
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3"
import type { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"
import { apiHost } from "./api-host.ts"
import { ConsoleFiles } from "./console-files.ts"
import { consoleHeaders } from "./console-headers.ts"
import { deepLinks, viewerAddress } from "./edge-functions.ts"
import { consoleUrlOutput, names } from "./names.ts"
import { issuerOrigins } from "./sign-in.ts"
import type { Stage } from "./stage.ts"

/** CloudFront keeps an error for ten seconds by itself; and a page of its own in place of the API's answer is none of our problems. */
const errors = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504]

/** The web console and the API behind one CDN: one origin for browsers, so that nothing is ever shared between two. */
export class ConsoleStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, props: StackProps) {
    super(scope, id, props)
    const bucket = this.bucket(stageName)
    const { domain, certificateArn } = stage
    const distribution = new Distribution(this, "Cdn", {
      comment: `Symbolon ${stageName}: console, and API`,
      defaultRootObject: "index.html",
      defaultBehavior: this.console(bucket, stageName, stage),
      additionalBehaviors: { "/api/*": this.api(stageName) },
      errorResponses: errors.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      // Without a certificate it is CloudFront's own name, which CloudFront has one for.
      ...(certificateArn &&
        domain && {
          domainNames: [domain],
          certificate: Certificate.fromCertificateArn(this, "Certificate", certificateArn),
          minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
        }),
    })
    acknowledge(distribution, {
      "AwsSolutions-CFR1":
        "Where people administer from is the deployer's to say; nothing here opens without a sign-in.",
      "AwsSolutions-CFR2": "A web ACL is the deployer's choice, before the API: what else is here are public files.",
      "AwsSolutions-CFR3": "The files are public, and each request of the API is in API Gateway's access log.",
      "AwsSolutions-CFR4":
        "CloudFront's own name comes with its own certificate and policy; a domain of the stage's has TLS 1.2 at least.",
    })
    new ConsoleFiles(this, "Files", bucket, stageName, stage)
    new CfnOutput(this, consoleUrlOutput, { value: `https://${domain ?? distribution.distributionDomainName}` })
  }

  /** What is in it comes with each deployment. */
  private bucket(stageName: string): Bucket {
    const bucket = new Bucket(this, "Bucket", {
      bucketName: names(stageName).consoleBucket(this.account, this.region),
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    acknowledge(bucket, { "AwsSolutions-S1": "CloudFront alone reads from it, and what it has are public files." })
    return bucket
  }

  private console(bucket: Bucket, stageName: string, stage: Stage): BehaviorOptions {
    const { "Content-Security-Policy": contentSecurityPolicy = "", ...others } = consoleHeaders(
      issuerOrigins(this, stageName, stage),
    )
    return {
      origin: S3BucketOrigin.withOriginAccessControl(bucket),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      // As long as each file says; CloudFront's own policies keep one for a second at least that says "not at all".
      cachePolicy: new CachePolicy(this, "AsTheFilesSay", {
        minTtl: Duration.seconds(0),
        defaultTtl: Duration.seconds(0),
        maxTtl: Duration.days(365),
        enableAcceptEncodingBrotli: true,
        enableAcceptEncodingGzip: true,
      }),
      functionAssociations: [deepLinks(this)],
      responseHeadersPolicy: new ResponseHeadersPolicy(this, "Headers", {
        securityHeadersBehavior: {
          contentSecurityPolicy: { contentSecurityPolicy, override: true },
          contentTypeOptions: { override: true },
          strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: true, override: true },
        },
        customHeadersBehavior: {
          customHeaders: Object.entries(others)
            .filter(([header]) => header !== "X-Content-Type-Options")
            .map(([header, value]) => ({ header, value, override: true })),
        },
      }),
    }
  }

  /** The API sees the viewer's address by what our CDN alone can write: see functions/client-address.ts. */
  private api(stageName: string): BehaviorOptions {
    return {
      origin: new HttpOrigin(apiHost(this, stageName), {
        customHeaders: {
          // Resolved by CloudFormation: no template holds it. Who may read the distribution's configuration can.
          "x-symbolon-edge": SecretValue.secretsManager(names(stageName).edge).unsafeUnwrap(),
        },
      }),
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      functionAssociations: [viewerAddress(this)],
    }
  }
}
