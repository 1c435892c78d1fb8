import {
  Function as EdgeFunction,
  type FunctionAssociation,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
} from "aws-cdk-lib/aws-cloudfront"
import type { Construct } from "constructs"

/** A CloudFront Function before a request is looked up: JavaScript as CloudFront runs it, and a test does. */
const before = (scope: Construct, id: string, code: string): FunctionAssociation => ({
  eventType: FunctionEventType.VIEWER_REQUEST,
  function: new EdgeFunction(scope, id, { code: FunctionCode.fromInline(code), runtime: FunctionRuntime.JS_2_0 }),
})

/** Every address of the console is its one page, which routes them: a link into it can be opened by whoever has it. */
export const deepLinksCode = `function handler(event) {
  if (!/\\.[a-z0-9]+$/.test(event.request.uri)) event.request.uri = "/index.html"
  return event.request
}`

/** Over whatever a viewer has sent under this name. */
export const viewerAddressCode = `function handler(event) {
  event.request.headers["x-symbolon-viewer"] = { value: event.viewer.ip }
  return event.request
}`

export const deepLinks = (scope: Construct): FunctionAssociation => before(scope, "DeepLinks", deepLinksCode)
export const viewerAddress = (scope: Construct): FunctionAssociation =>
  before(scope, "ViewerAddress", viewerAddressCode)
