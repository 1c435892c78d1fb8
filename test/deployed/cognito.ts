import { createHash, randomBytes } from "node:crypto"
import {
  AdminGetUserCommand,
  CognitoIdentityProviderClient,
  DescribeUserPoolCommand,
  UpdateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider"
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm"
import { names } from "../../infra/names.ts"
import type { Inside } from "./stack.ts"

const redirectUri = "http://localhost:3000/callback"

/** The user pool of a stage, as its operator sees it; and its pages, as a browser does. */
export async function poolOf({ endpoint, stageName }: Pick<Inside, "endpoint" | "stageName">) {
  const at = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } }
  const [cognito, ssm] = [new CognitoIdentityProviderClient(at), new SSMClient(at)]
  const parameter = async (Name: string) => (await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value ?? ""
  const UserPoolId = await parameter(names(stageName).userPoolIdParameter)
  const clientId = await parameter(names(stageName).clientIdParameter)

  /** What a page's form sends when it is filled in: its hidden fields too. */
  const submit = async (page: string, filledIn: Record<string, string>): Promise<Response> => {
    const hidden = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
    const fields = hidden.map(([, name = "", value = ""]): [string, string] => [name, value.replaceAll("&amp;", "&")])
    const body = new URLSearchParams([...fields, ...Object.entries(filledIn)])
    return fetch(`${endpoint}/login`, { method: "POST", body, redirect: "manual" })
  }

  return {
    /** Undefined: there is none of this email. */
    user: async (email: string) => {
      try {
        return await cognito.send(new AdminGetUserCommand({ UserPoolId, Username: email }))
      } catch (error) {
        if ((error as Error).name === "UserNotFoundException") return undefined
        throw error
      }
    },
    /** The mails that the pool has sent to an address: the emulator keeps them. */
    mailsTo: async (email: string): Promise<{ subject: string; body: string }[]> => {
      const kept = (await (await fetch(`${endpoint}/_ministack/ses/messages`)).json()) as { messages: Kept }
      return Object.values(kept.messages)
        .flat()
        .filter((mail) => mail.To.includes(email) && mail.Subject.endsWith(` Symbolon ${stageName}`))
        .map(({ Subject, BodyText, BodyHtml }) => ({ subject: Subject, body: `${BodyText}${BodyHtml}` }))
    },
    /** Lets in the passwords that the emulator mails, as differences.ts has it. */
    takeShorterPasswords: async (): Promise<void> => {
      const { UserPool } = await cognito.send(new DescribeUserPoolCommand({ UserPoolId }))
      const PasswordPolicy = { ...UserPool?.Policies?.PasswordPolicy, MinimumLength: 12 }
      await cognito.send(new UpdateUserPoolCommand({ UserPoolId, Policies: { PasswordPolicy } }))
    },
    /** The sign-in page after this email and password: a page once more, or the way back to the console. */
    open: async (email: string, password: string, verifier = randomBytes(32).toString("base64url")) => {
      const question = new URLSearchParams({
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: "openid email profile",
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
      })
      const page = await (await fetch(`${endpoint}/oauth2/authorize?${question}`)).text()
      return submit(page, { username: email, password })
    },
    submit,
    /** The ID token for the code that the console was sent back with. */
    exchange: async (location: string, verifier: string): Promise<string> => {
      const code = new URL(location).searchParams.get("code") ?? ""
      const grant = { grant_type: "authorization_code", client_id: clientId, redirect_uri: redirectUri, code }
      const body = new URLSearchParams({ ...grant, code_verifier: verifier })
      const answer = await fetch(`${endpoint}/oauth2/token`, { method: "POST", body })
      return ((await answer.json()) as { id_token: string }).id_token
    },
  }
}
export type Pool = Awaited<ReturnType<typeof poolOf>>

interface Kept {
  [account: string]: { To: string[]; Subject: string; BodyText: string; BodyHtml: string | null }[]
}
