import { busOf } from "../shared/contract/bus.ts"

/**
 * Physical names: the seams between the stacks. Each stack builds the names that it shares, so none imports another's
 * outputs, and each can be deleted and deployed again by itself.
 */
export const names = (stage: string) => ({
  table: `symbolon-${stage}`,
  keyring: `symbolon-${stage}-keyring`,
  cursor: `symbolon-${stage}-cursor`,
  edge: `symbolon-${stage}-edge`,
  function: (key: string) => `symbolon-${stage}-${key.replaceAll("/", "-")}`,
  /** Keeps what an asynchronous path has given up on, by the path's name. */
  deadLetterQueue: (path: string) => `symbolon-${stage}-${path}-undone`,
  /** Of S3, where a name is one for all the world. */
  auditBucket: (account: string, region: string) => `symbolon-${stage}-audit-${account}-${region}`,
  consoleBucket: (account: string, region: string) => `symbolon-${stage}-console-${account}-${region}`,
  bus: busOf(stage),
  userPool: `symbolon-${stage}`,
  /** Where its sign-in pages are, below `auth.<region>.amazoncognito.com`: a name is one for all accounts of a region. */
  signInDomain: (account: string) => `symbolon-${stage}-${account}`,
  /** Of SSM: the user pool of a stage that names no issuer, and its one client. */
  userPoolIdParameter: `/symbolon/${stage}/user-pool-id`,
  clientIdParameter: `/symbolon/${stage}/client-id`,
  streamArnParameter: `/symbolon/${stage}/table-stream-arn`,
  webAcl: `symbolon-${stage}`,
  api: `symbolon-${stage}`,
  dashboard: `symbolon-${stage}`,
  alarmTopic: `symbolon-${stage}-alarms`,
  /** Of an alarm, by its id. */
  alarm: (id: string) => `symbolon-${stage}-${id}`,
  /** Of SSM: what CloudFormation names, for other stacks and for other teams. */
  apiIdParameter: `/symbolon/${stage}/api-id`,
  /** Likewise: the ARN of one of the two authorizers, for APIs of other teams. */
  authorizerParameter: (key: AuthorizerKey) => `/symbolon/${stage}/${key}-arn`,
  logGroup: (key: string) => `/symbolon/${stage}/${key}`,
})

/** Of the ServiceStack: what `npm run deploy` tells in the end. */
export const apiUrlOutput = "ApiUrl"
/** Of the ConsoleStack: where people open it. */
export const consoleUrlOutput = "ConsoleUrl"
/** One for REST APIs, one for HTTP APIs. */
export type AuthorizerKey = "authorizer" | "http-authorizer"
