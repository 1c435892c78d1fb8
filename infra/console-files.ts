import { existsSync } from "node:fs"
import { join } from "node:path"
import { RemovalPolicy, Stack } from "aws-cdk-lib"
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { LogGroup } from "aws-cdk-lib/aws-logs"
import type { Bucket } from "aws-cdk-lib/aws-s3"
import { BucketDeployment, CacheControl, Source } from "aws-cdk-lib/aws-s3-deployment"
import { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"
import { apiHost } from "./api-host.ts"
import { cacheControl } from "./console-headers.ts"
import { names } from "./names.ts"
import { signInOf } from "./sign-in.ts"
import type { Stage } from "./stage.ts"

const directory = join(import.meta.dirname, "../dist/console")
/** Files whose names change with what is in them. */
const hashed = "assets/*"

/** The console's files in its bucket: first those that never change, then the page that names them, and what differs between stages. */
export class ConsoleFiles extends Construct {
  constructor(scope: Construct, id: string, bucket: Bucket, stageName: string, stage: Stage) {
    super(scope, id)
    if (!existsSync(join(directory, "index.html"))) throw new Error("the console isn't built: npm run build")
    const logGroup = new LogGroup(this, "Log", {
      logGroupName: names(stageName).logGroup("console-files"),
      retention: stage.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") })
    logGroup.grantWrite(role)
    // Nothing is ever taken away: a page that was opened before still asks for what it names.
    const common = { destinationBucket: bucket, prune: false, memoryLimit: 256, logGroup, role }
    const files = Source.asset(directory)
    const assets = new BucketDeployment(this, "Assets", {
      ...common,
      sources: [files],
      exclude: ["*"],
      include: [hashed],
      cacheControl: [CacheControl.fromString(cacheControl("/assets/"))],
    })
    const { issuer, clientId } = signInOf(this, stageName, stage)
    const configuration = { apiUrl: "/api", callersUrl: `https://${apiHost(this, stageName)}/api`, issuer, clientId }
    const page = new BucketDeployment(this, "Page", {
      ...common,
      sources: [files, Source.jsonData("config.json", configuration)],
      exclude: [hashed],
      cacheControl: [CacheControl.fromString(cacheControl("/index.html"))],
    })
    page.node.addDependency(assets)
    this.acknowledged(role, bucket)
  }

  private acknowledged(role: Role, bucket: Bucket): void {
    const stack = Stack.of(this)
    const own = "CDK's function copies files from the bootstrap's bucket to this one, and no others."
    const bucketId = stack.getLogicalId(bucket.node.defaultChild as never)
    const resources = [
      "arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*",
      `<${bucketId}.Arn>/*`,
    ]
    const actions = ["GetBucket", "GetObject", "List", "Abort", "DeleteObject"].map((action) => `s3:${action}*`)
    acknowledge(role, {
      ...Object.fromEntries(actions.map((action) => [`AwsSolutions-IAM5[Action::${action}]`, own])),
      ...Object.fromEntries(resources.map((resource) => [`AwsSolutions-IAM5[Resource::${resource}]`, own])),
    })
    for (const { node } of stack.node.children)
      if (node.id.startsWith("Custom::CDKBucketDeployment"))
        acknowledge(stack.node.findChild(node.id), {
          "AwsSolutions-L1": "CDK's own function, with the runtime that CDK gives it.",
        })
  }
}
