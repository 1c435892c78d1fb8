/**
 * Where the emulator is not AWS: all of it, in one list. Each line says what AWS does, by its own documentation, what the emulator
 * does instead, and which tests of the local gateway, which does as AWS does, hold our side of it.
 */
export interface Difference {
  aws: string
  emulator: string
  source: string
  coveredBy: string
}

const guide = "https://docs.aws.amazon.com/apigateway/latest/developerguide"

export const differences = {
  "authorizer-context-in-gateway-responses": {
    aws: "`$context.authorizer.<key>` in a gateway response's template is what the authorizer returned beside its policy.",
    emulator: "Leaves the variable as it stands. The suite fills it in from the deployed authorizer's own answer.",
    source: `${guide}/supported-gateway-response-types.html`,
    coveredBy: "test/infra/local/gateway.test.ts",
  },
  "extended-request-id": {
    aws: "`$context.extendedRequestId` names a request, in gateway responses, and in the events of Lambdas.",
    emulator: "Leaves the variable as it stands in gateway responses; an authorizer's event has none.",
    source: `${guide}/api-gateway-mapping-template-reference.html`,
    coveredBy: "test/infra/local/gateway.test.ts",
  },
  "source-ip": {
    aws: "`requestContext.identity.sourceIp` is the address of the connection, whatever a header says.",
    emulator: "Takes the first address of X-Forwarded-For for it, where a request has one.",
    source: `${guide}/api-gateway-mapping-template-reference.html`,
    coveredBy: "test/api.test.ts",
  },
  "source-ip-of-http-apis": {
    aws: "`requestContext.http.sourceIp` is the address of the connection.",
    emulator: "Always 127.0.0.1, to an authorizer.",
    source: `${guide}/http-api-lambda-authorizer.html`,
    coveredBy: "test/functions/http-authorizer.test.ts",
  },
  "access-log": {
    aws: "Writes a line a request, in the stage's format, to the log group of `accessLogSetting`.",
    emulator: "Keeps the setting and writes nothing.",
    source: `${guide}/set-up-logging.html`,
    coveredBy: "test/infra/local/gateway.test.ts",
  },
  "event-time": {
    aws: "The `time` of an event on a bus is what PutEvents was told.",
    emulator: "Takes the second in which it got the event.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html",
    coveredBy: "test/functions/publish.test.ts",
  },
  "events-that-are-not-delivered": {
    aws: "Tries a rule's target again for a day, then hands the event to the target's dead-letter queue.",
    emulator: "Tries once, and drops the event.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html",
    coveredBy: "test/infra/template.test.ts",
  },
  "stream-batches": {
    aws: "Waits for a batch to fill, halves one that fails, and names in the destination for failures what the stream forgot.",
    emulator: "Hands over at once what there is, and all of it again a second after it failed.",
    source: "https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html",
    coveredBy: "test/infra/template.test.ts",
  },
  mail: {
    aws: "SNS asks an address to confirm its subscription, then mails it.",
    emulator: "Takes it for confirmed, and mails nothing: a queue on the same topic hears what would have been mailed.",
    source: "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html",
    coveredBy: "test/infra/alarms.test.ts",
  },
  "mailed-passwords": {
    aws: "A temporary password that Cognito makes is as the pool's policy wants it.",
    emulator: "Makes one of 12 characters, and refuses it where the pool wants more. The suite's pools take 12.",
    source: "https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-create-user-accounts.html",
    coveredBy: "test/infra/user-pool.test.ts",
  },
  "second-factor": {
    aws: "Where a pool requires a second factor, who has none yet sets it up at the first sign-in, and nobody gets a token without.",
    emulator: "Asks only who has one, over the API, and on its pages nobody.",
    source: "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html",
    coveredBy: "test/infra/user-pool.test.ts",
  },
  "user-pool-domain": {
    aws: "A pool's pages are at a host of their own, by the prefix of its domain.",
    emulator: "Has all pools' pages at its own address, and knows the pool by its client.",
    source: "https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain.html",
    coveredBy: "test/infra/user-pool.test.ts",
  },
  cdn: {
    aws: "CloudFront serves the console, and the API behind it.",
    emulator: "Serves nothing, and refuses the stack (OriginAccessControl, Function): `console` is left out there.",
    source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Introduction.html",
    coveredBy: "test/infra/console-stack.test.ts",
  },
  "web-acl-association": {
    aws: "Puts a web ACL before a stage.",
    emulator: "Doesn't know the resource type, and refuses the stack: `waf` of stage prod, alone, is not deployed.",
    source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-wafv2-webaclassociation.html",
    coveredBy: "test/infra/template.test.ts",
  },
  "metric-math": {
    aws: "An alarm can watch what several metrics come to.",
    emulator: "Refuses such an alarm, and with it the stack: `alarms` is left out there.",
    source:
      "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html",
    coveredBy: "test/infra/alarms.test.ts",
  },
  iam: {
    aws: "Allows what a role's policies allow, and nothing else.",
    emulator: "Allows everything, and takes any credentials.",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
    coveredBy: "test/infra/local/proxy.test.ts",
  },
  throttling: {
    aws: "Answers 429 above a stage's rate and burst.",
    emulator: "Keeps the setting and throttles nothing.",
    source: `${guide}/api-gateway-request-throttling.html`,
    coveredBy: "test/infra/template.test.ts",
  },
} as const satisfies Record<string, Difference>
