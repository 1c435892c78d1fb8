import {
  identityQuery,
  type Proof,
  proofSeconds,
  signedAt,
  stageHeader,
  stsEndpoint,
} from "../shared/contract/operators.ts"
import { Unavailable } from "../shared/runtime.ts"

interface Expected {
  stageName: string
  /** This function's own: its account is the only one whose identities count. */
  functionArn: string
  /** Epoch milliseconds. */
  now: number
  env: Record<string, string | undefined>
}

/** STS answers in well below a second; the job has 30. */
const timeoutMilliseconds = 5000

/**
 * The ARN of who signed this proof, as STS tells it. Throws when it proves nothing, and Unavailable when STS can't be asked.
 * Where the request goes, and what it asks, is decided here: of the event comes a signature only.
 */
export async function provenIdentity(proof: Proof, { stageName, functionArn, now, env }: Expected): Promise<string> {
  // Of a date that is none, too.
  if (!(Math.abs(now - signedAt(proof["X-Amz-Date"])) <= proofSeconds * 1000))
    throw unproven("it was signed more than a minute ago, or by a clock that is wrong")
  const url = new URL(stsEndpoint(env.AWS_REGION ?? "", env))
  url.search = new URLSearchParams({ ...identityQuery, ...proof }).toString()
  const { status, body } = await ask(url, { [stageHeader]: stageName })
  if (status !== 200) {
    const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? `status ${status}`
    if (status >= 500 || status === 429 || code.startsWith("Throttling")) throw new Unavailable(`STS answered ${code}`)
    throw unproven(`STS answered ${code}`)
  }
  const arn = /<GetCallerIdentityResponse\b[\s\S]*<Arn>(arn:[^<\s]+)<\/Arn>/.exec(body)?.[1]
  if (!arn) throw new Unavailable("STS answered what isn't GetCallerIdentity's")
  // Whoever has an account of their own could sign as anybody in it.
  if (accountIn(arn) !== accountIn(functionArn)) throw unproven("this identity is of another account")
  return arn
}

async function ask(url: URL, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  try {
    const signal = AbortSignal.timeout(timeoutMilliseconds)
    const response = await fetch(url, { headers, signal, redirect: "error" })
    return { status: response.status, body: await response.text() }
  } catch (error) {
    throw new Unavailable("STS can't be reached", { cause: error })
  }
}

const unproven = (why: string): Error => new Error(`prove who you are: ${why}`)

const accountIn = (arn: string): string | undefined => arn.split(":")[4]
