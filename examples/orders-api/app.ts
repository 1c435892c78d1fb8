import { App } from "aws-cdk-lib"
import { OrdersStack } from "./orders-stack.ts"

/** `npx cdk deploy -c stage=prod`: the stage of Symbolon whose tokens count; without one, dev. */
const app = new App({ analyticsReporting: false })
const stage: string = app.node.tryGetContext("stage") ?? "dev"
new OrdersStack(app, `orders-${stage}`, stage)
