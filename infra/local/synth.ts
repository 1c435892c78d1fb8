import { readFileSync, rmSync } from "node:fs"
import { App } from "aws-cdk-lib"
import { addStage } from "../stacks.ts"

/**
 * Synthesizes a stage as `cdk synth` does, with the flags of cdk.json, into `outdir`; without the two that judge a template, CDK's own validation
 * and cdk-nag, which are half of the time, and CI's.
 */
export function synthesize(stageName: string, outdir: string): void {
  rmSync(outdir, { recursive: true, force: true })
  const { context } = JSON.parse(readFileSync(new URL("../../cdk.json", import.meta.url), "utf8"))
  const app = new App({ outdir, context, analyticsReporting: false, builtinCloudFormationValidation: false })
  addStage(app, stageName)
  app.synth()
}
