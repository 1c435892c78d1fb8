import { App, Validations } from "aws-cdk-lib"
import { AwsSolutionsChecks } from "cdk-nag"
import { addStage } from "./stacks.ts"

/** `cdk synth -c stage=prod`; without a stage, dev. */
const app = new App({ analyticsReporting: false })
addStage(app, app.node.tryGetContext("stage") ?? "dev")
Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
