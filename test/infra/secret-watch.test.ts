import { beforeAll, describe, expect, inject, it } from "vitest"
import { type Resource, Templates } from "./templates.ts"

let templates: Templates
beforeAll(() => {
  templates = new Templates(inject("assembly"))
})
const rule = (): Resource => {
  const found = templates
    .ofType("AWS::Events::Rule")
    .find(({ Properties }) => Properties.Name === "symbolon-local-secret-changed")
  if (!found) throw new Error("no rule on the secrets")
  return found
}

describe("the watch over the secrets", () => {
  const pattern = () => rule().Properties.EventPattern

  it("hears of what takes one away, changes it or opens it, through CloudTrail", () => {
    expect(pattern()).toMatchObject({
      source: ["aws.secretsmanager"],
      "detail-type": ["AWS API Call via CloudTrail"],
      detail: { eventSource: ["secretsmanager.amazonaws.com"] },
    })
    expect(pattern().detail.eventName).toEqual(
      expect.arrayContaining([
        ...["DeleteSecret", "PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"],
        ...["RotateSecret", "CancelRotateSecret", "PutResourcePolicy", "ReplicateSecretToRegions"],
      ]),
    )
  })

  const matches = (secretId: string): boolean =>
    (pattern().detail.requestParameters.secretId as (string | { wildcard: string })[]).some((one) =>
      typeof one === "string" ? one === secretId : new RegExp(`^${one.wildcard.replaceAll("*", ".*")}$`).test(secretId),
    )

  it("knows each secret of the stage by its name, its ARN, and its ARN without the end; and no other", () => {
    const secrets = templates.ofType("AWS::SecretsManager::Secret").map(({ Properties }) => Properties.Name as string)
    expect(secrets).toHaveLength(3)
    const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
    for (const name of secrets)
      for (const secretId of [name, arn + name, `${arn}${name}-AbCdEf`])
        expect([secretId, matches(secretId)]).toEqual([secretId, true])
    for (const secretId of [
      "another",
      "symbolon-prod-keyring",
      `${arn}symbolon-prod-keyring-AbCdEf`,
      `${arn}my-symbolon-local-keyring`,
    ])
      expect([secretId, matches(secretId)]).toEqual([secretId, false])
  })

  it("says who did what to which, and where to read on", () => {
    const { InputPathsMap, InputTemplate } = rule().Properties.Targets[0].InputTransformer
    const text = InputTemplate.replaceAll(/<([^>]+)>/g, (_: string, name: string) => InputPathsMap[name])
    expect(JSON.parse(text)).toBe(
      "Symbolon local: $.detail.eventName of $.detail.requestParameters.secretId by $.detail.userIdentity.arn " +
        "from $.detail.sourceIPAddress at $.detail.eventTime. Runbook: docs/runbook.md#secret-changed",
    )
  })
})
