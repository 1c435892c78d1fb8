import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib"
import {
  AccountRecovery,
  ClientAttributes,
  FeaturePlan,
  Mfa,
  OAuthScope,
  UserPool,
  UserPoolClient,
  UserPoolClientIdentityProvider,
  UserPoolDomain,
} from "aws-cdk-lib/aws-cognito"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"
import { names } from "./names.ts"
import { invitation, recovery } from "./sign-in-mails.ts"
import type { Stage } from "./stage.ts"

/**
 * Who signs humans in on a stage that names nobody: a Cognito user pool, its pages, and its one client, the console. It is data: accounts
 * are bound to its subjects, which no other pool will ever have. Who is in it, the job sync-user-pool says (docs/decisions/0020).
 */
export class SignInPool extends Construct {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage) {
    super(scope, id)
    const known = names(stageName)
    const pool = this.pool(stageName, stage)
    const domain = new UserPoolDomain(this, "Domain", {
      userPool: pool,
      cognitoDomain: { domainPrefix: known.signInDomain(Stack.of(this).account) },
    })
    const client = this.client(pool, stage)
    for (const one of [domain, client]) one.applyRemovalPolicy(RemovalPolicy.RETAIN)
    this.parameter("PoolId", known.userPoolIdParameter, pool.userPoolId)
    this.parameter("ClientId", known.clientIdParameter, client.userPoolClientId)
  }

  private pool(stageName: string, stage: Stage): UserPool {
    const pool = new UserPool(this, "Pool", {
      userPoolName: names(stageName).userPool,
      featurePlan: FeaturePlan.LITE,
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      autoVerify: { email: true },
      standardAttributes: { email: { required: true, mutable: true } },
      userInvitation: invitation(stageName, stage),
      userVerification: recovery(stageName),
      mfa: Mfa.REQUIRED,
      mfaSecondFactor: { otp: true, sms: false, email: false },
      passwordPolicy: {
        minLength: 14,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(7),
      },
      // A lost password, by mail; a lost authenticator app, by an operator: docs/deploy.md.
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    acknowledge(pool, {
      "AwsSolutions-COG8":
        "Threat protection has a price for each human; a second factor is asked of everyone, and nobody signs up by themselves.",
    })
    return pool
  }

  /** Public: a browser keeps no secret. It gets an ID token by Authorization Code with PKCE, exchanges it at once, and needs nothing more. */
  private client(userPool: UserPool, { domain }: Stage): UserPoolClient {
    const console = domain === undefined ? "http://localhost:3000" : `https://${domain}`
    const readable = new ClientAttributes().withStandardAttributes({ email: true, emailVerified: true, fullname: true })
    return new UserPoolClient(this, "Client", {
      userPool,
      userPoolClientName: "console",
      generateSecret: false,
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [OAuthScope.OPENID, OAuthScope.EMAIL, OAuthScope.PROFILE],
        callbackUrls: [`${console}/callback`],
        logoutUrls: [`${console}/`],
      },
      supportedIdentityProviders: [UserPoolClientIdentityProvider.COGNITO],
      // Said, since Cognito takes passwords over its API from a client that says nothing. CDK adds the refresh, whatever is said.
      authFlows: { userPassword: false, userSrp: false, adminUserPassword: false, custom: false, user: false },
      readAttributes: readable,
      // What the pool requires must be writable to a client; none of this one's tokens may call what would write it.
      writeAttributes: new ClientAttributes().withStandardAttributes({ email: true }),
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      // The shortest that there are. An ID token is exchanged within five minutes of its making, or never (functions/id-token.ts).
      idTokenValidity: Duration.minutes(5),
      accessTokenValidity: Duration.minutes(5),
      refreshTokenValidity: Duration.minutes(60),
    })
  }

  private parameter(id: string, parameterName: string, stringValue: string): void {
    new StringParameter(this, id, { parameterName, stringValue }).applyRemovalPolicy(RemovalPolicy.RETAIN)
  }
}
