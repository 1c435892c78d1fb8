import { App, Tags, Validations } from "aws-cdk-lib"
import { AwsSolutionsChecks } from "cdk-nag"
import { addStage } from "./stacks.ts"

/** `cdk synth -c stage=prod`; without a stage, dev. */
const app = new App({ analyticsReporting: false })
const stageName = app.node.tryGetContext("stage") ?? "dev"
addStage(app, stageName)
Tags.of(app).add("symbolon:stage", stageName)
Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
