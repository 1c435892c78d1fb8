import { existsSync } from "node:fs"
import { join } from "node:path"
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib"
import { LogGroup } from "aws-cdk-lib/aws-logs"
import type { Bucket } from "aws-cdk-lib/aws-s3"
import { BucketDeployment, CacheControl, Source } from "aws-cdk-lib/aws-s3-deployment"
import { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"
import { cacheControl } from "./console-headers.ts"
import { names } from "./names.ts"
import { signInOf } from "./sign-in.ts"
import type { Stage } from "./stage.ts"

const directory = join(import.meta.dirname, "../dist/console")
const hashed = "assets/*"

/** The console's files in its bucket: first those that never change, then the page that names them, and what differs between stages. */
export class ConsoleFiles extends Construct {
  constructor(scope: Construct, id: string, bucket: Bucket, stageName: string, stage: Stage) {
    super(scope, id)
    if (!existsSync(join(directory, "index.html"))) throw new Error("the console isn't built: npm run build:console")
    const logGroup = new LogGroup(this, "Log", {
      logGroupName: names(stageName).logGroup("console-files"),
      retention: stage.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    // Nothing is ever taken away: a page that was opened before still asks for what it names.
    const common = { destinationBucket: bucket, prune: false, memoryLimit: 256, logGroup }
    const assets = new BucketDeployment(this, "Assets", {
      ...common,
      sources: [Source.asset(directory)],
      exclude: ["*"],
      include: [hashed],
      cacheControl: [CacheControl.fromString(cacheControl("/assets/"))],
    })
    const { issuer, clientId } = signInOf(this, stageName, stage)
    const page = new BucketDeployment(this, "Page", {
      ...common,
      sources: [Source.asset(directory), Source.jsonData("config.json", { apiUrl: "/api", issuer, clientId })],
      exclude: [hashed],
      cacheControl: [CacheControl.fromString(cacheControl("/index.html"))],
    })
    page.node.addDependency(assets)
  }
}
