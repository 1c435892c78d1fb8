import { readFileSync, rmSync } from "node:fs"
import { App } from "aws-cdk-lib"
import { addStage } from "../stacks.ts"

/** Synthesizes a stage as `cdk synth` does, with the flags of cdk.json, into `outdir`; without cdk-nag, which is CI's. */
export function synthesize(stageName: string, outdir: string): void {
  rmSync(outdir, { recursive: true, force: true })
  const { context } = JSON.parse(readFileSync(new URL("../../cdk.json", import.meta.url), "utf8"))
  const app = new App({ outdir, context, analyticsReporting: false })
  addStage(app, stageName)
  app.synth()
}
