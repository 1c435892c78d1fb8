import {
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminUpdateUserAttributesCommand,
  AdminUserGlobalSignOutCommand,
  type AttributeType,
  CognitoIdentityProviderClient,
  paginateListUsers,
} from "@aws-sdk/client-cognito-identity-provider"
import { PoolRefusal, type PoolUser, Undelivered, type UserPool } from "../shared/store/pool-user.ts"
import { client as settings } from "./runtime.ts"

type Env = Record<string, string | undefined>

/** The stage's user pool, in Cognito. What Cognito answers is never logged: an answer to an invitation is about a password. */
export function cognitoPool(env: Env): UserPool {
  const UserPoolId = env.USER_POOL_ID
  const client = new CognitoIdentityProviderClient(settings)
  // An invitation is tried once a run: the SDK's second attempt would find a user, and couldn't tell whether the mail went out.
  const once = new CognitoIdentityProviderClient({ ...settings, maxAttempts: 1 })
  const named = (Username: string) => ({ UserPoolId, Username })
  return {
    issuer: env.ISSUER ?? "",
    find: async (name) => {
      try {
        const { Username, UserAttributes, Enabled } = await client.send(new AdminGetUserCommand(named(name)))
        return userOf(Username, UserAttributes, Enabled)
      } catch (error) {
        if ((error as Error).name === "UserNotFoundException") return undefined
        throw refusing(error)
      }
    },
    async *pages() {
      for await (const { Users = [] } of paginateListUsers({ client, pageSize: 60 }, { UserPoolId }))
        yield Users.map(({ Username, Attributes, Enabled }) => userOf(Username, Attributes, Enabled))
    },
    invite: async (email) => {
      const invitation = {
        ...named(email),
        UserAttributes: verified(email),
        DesiredDeliveryMediums: ["EMAIL" as const],
      }
      try {
        await once.send(new AdminCreateUserCommand(invitation))
      } catch (error) {
        const { name } = error as Error
        if (name === "UsernameExistsException") return
        throw undelivered.includes(name) ? new Undelivered(name) : refusing(error)
      }
    },
    changeEmail: async (username, email) => {
      const change = { ...named(username), UserAttributes: verified(email) }
      await orRefusing(client.send(new AdminUpdateUserAttributesCommand(change)))
    },
    enable: async (username) => void (await orRefusing(client.send(new AdminEnableUserCommand(named(username))))),
    disable: async (username) => void (await orRefusing(client.send(new AdminDisableUserCommand(named(username))))),
    signOut: async (username) =>
      void (await orRefusing(client.send(new AdminUserGlobalSignOutCommand(named(username))))),
  }
}

/** Cognito has made the user by then, or not: it doesn't say. */
const undelivered = ["CodeDeliveryFailureException", "LimitExceededException"]
const ofOneUser = [
  "AliasExistsException",
  "InvalidParameterException",
  "UnsupportedUserStateException",
  "UserNotFoundException",
  "UsernameExistsException",
]

const refusing = (error: unknown): unknown =>
  ofOneUser.includes((error as Error).name) ? new PoolRefusal((error as Error).name) : error

const orRefusing = <T>(sent: Promise<T>): Promise<T> =>
  sent.catch((error) => {
    throw refusing(error)
  })

/** Both in one call: by itself a new email would be mailed a code. */
const verified = (email: string): AttributeType[] => [
  { Name: "email", Value: email },
  { Name: "email_verified", Value: "true" },
]

const userOf = (username = "", attributes: readonly AttributeType[] = [], enabled = false): PoolUser => ({
  username,
  // As accounts have it, also where someone else's hand wrote it.
  email: (attributes.find(({ Name }) => Name === "email")?.Value ?? "").toLowerCase(),
  enabled,
})
