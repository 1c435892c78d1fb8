import { App } from "aws-cdk-lib"
import { beforeAll, describe, expect, inject, it } from "vitest"
import { DataStack } from "../../infra/data-stack.ts"
import { type Stage, stages } from "../../infra/stage.ts"
import { jobRows } from "../../shared/contract/jobs.ts"
import { flat, type Properties, type Resource, Templates } from "./templates.ts"

/** Stage `corp` is dev's, as its company would have it. */
const resourcesOf = (over: Partial<Stage>): Resource[] => {
  const app = new App()
  new DataStack(app, "data", "corp", { ...(stages.dev as Stage), ...over }, {})
  const { Resources } = app.synth().getStackByName("data").template as { Resources: Record<string, Resource> }
  return Object.entries(Resources).map(([id, one]) => ({ ...one, id, stack: "data" }))
}

let own: Resource[]
let atDomain: Resource[]
let elsewhere: Resource[]
beforeAll(() => {
  own = resourcesOf({})
  atDomain = resourcesOf({ domain: "symbolon.corp.example" })
  elsewhere = resourcesOf({ signIn: { issuer: "https://issuer.example", clientId: "c" } })
})
const only = (resources: Resource[], type: string): Properties => {
  const [one, ...others] = resources.filter(({ Type }) => Type === type)
  if (!one || others.length > 0) throw new Error(`${others.length + 1} of ${type}`)
  return one.Properties
}
const cognito = (resources: Resource[]) => resources.filter(({ Type }) => Type.startsWith("AWS::Cognito::"))

describe("the user pool", () => {
  it("is there for a stage that names no issuer, and nothing of it for one that does", () => {
    expect(cognito(own).map(({ Type }) => Type)).toEqual(
      ["UserPool", "UserPoolDomain", "UserPoolClient"].map((type) => `AWS::Cognito::${type}`),
    )
    expect(cognito(elsewhere)).toEqual([])
    expect(elsewhere.map(({ Properties }) => Properties.Name)).not.toContain("/symbolon/corp/user-pool-id")
  })

  it("stays when its stack goes, and isn't deleted by mistake", () => {
    for (const { id, DeletionPolicy, UpdateReplacePolicy } of own)
      expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, "Retain", "Retain"])
    expect(only(own, "AWS::Cognito::UserPool").DeletionProtection).toBe("ACTIVE")
  })

  it("is entered by invitation only, with an email, a long password and an authenticator app", () => {
    const pool = only(own, "AWS::Cognito::UserPool")
    expect(pool.AdminCreateUserConfig.AllowAdminCreateUserOnly).toBe(true)
    expect([pool.UsernameAttributes, pool.UsernameConfiguration, pool.AutoVerifiedAttributes]).toEqual([
      ["email"],
      { CaseSensitive: false },
      ["email"],
    ])
    expect([pool.MfaConfiguration, pool.EnabledMfas]).toEqual(["ON", ["SOFTWARE_TOKEN_MFA"]])
    expect(pool.Policies.PasswordPolicy).toEqual({
      MinimumLength: 14,
      RequireLowercase: true,
      RequireNumbers: true,
      RequireSymbols: true,
      RequireUppercase: true,
      TemporaryPasswordValidityDays: 7,
    })
    expect(pool.AccountRecoverySetting.RecoveryMechanisms).toEqual([{ Name: "verified_email", Priority: 1 }])
  })

  it("mails what Cognito wants to fill in, where to go, and how long it is good for", () => {
    const { EmailMessage, EmailSubject } = only(atDomain, "AWS::Cognito::UserPool").AdminCreateUserConfig
      .InviteMessageTemplate as Properties
    expect(EmailSubject).toBe("Your account on Symbolon corp")
    for (const part of ["{username}", "{####}", "https://symbolon.corp.example/", "authenticator app", "7 days"])
      expect(EmailMessage).toContain(part)
    expect(EmailMessage.length).toBeLessThanOrEqual(20_000)
    expect(only(own, "AWS::Cognito::UserPool").EmailVerificationMessage).toContain("{####}")
  })

  it("has pages under a name of the stage's and the account's", () => {
    expect(flat(only(own, "AWS::Cognito::UserPoolDomain").Domain)).toBe("symbolon-corp-<AWS::AccountId>")
  })
})

describe("its client", () => {
  it("is public, signs in by Authorization Code alone, and takes no password over the API", () => {
    const client = only(own, "AWS::Cognito::UserPoolClient")
    expect(client).toMatchObject({
      GenerateSecret: false,
      AllowedOAuthFlows: ["code"],
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthScopes: ["openid", "email", "profile"],
      ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"],
      SupportedIdentityProviders: ["COGNITO"],
      PreventUserExistenceErrors: "ENABLED",
      EnableTokenRevocation: true,
    })
  })

  it("gets tokens for an hour at most", () => {
    const client = only(own, "AWS::Cognito::UserPoolClient")
    expect(Object.values(client.TokenValidityUnits)).toEqual(["minutes", "minutes", "minutes"])
    expect([client.IdTokenValidity, client.AccessTokenValidity, client.RefreshTokenValidity]).toEqual([5, 5, 60])
  })

  it.each([
    ["the stage's domain", () => atDomain, "https://symbolon.corp.example"],
    ["this machine, where there is none", () => own, "http://localhost:3000"],
  ])("sends people back to %s, and nowhere else", (_, resources, console) => {
    const { CallbackURLs, LogoutURLs } = only(resources(), "AWS::Cognito::UserPoolClient")
    expect([CallbackURLs, LogoutURLs]).toEqual([[`${console}/callback`], [`${console}/`]])
  })
})

it("is found by the other stacks through SSM", () => {
  const parameters = own.filter(({ Type }) => Type === "AWS::SSM::Parameter").map(({ Properties }) => Properties)
  const [pool, , client] = cognito(own).map(({ id }) => `<${id}>`)
  expect(parameters.map(({ Name, Value }) => [Name, flat(Value)])).toEqual(
    expect.arrayContaining([
      ["/symbolon/corp/user-pool-id", pool],
      ["/symbolon/corp/client-id", client],
    ]),
  )
})

it("is kept by one job, which a stage without a pool hasn't", () => {
  expect(jobRows.filter(([, { sends }]) => sends?.includes("user-pool")).map(([key]) => key)).toEqual([
    "sync-user-pool",
  ])
  expect(new Templates(inject("assembly")).stacks.map(({ text }) => text).join()).not.toMatch(/sync-user-pool|Cognito/)
})
