import { afterAll, beforeAll, expect, test } from "vitest"
import { type LocalTestStack, startTestStack } from "../../local-stack.ts"
import { holdsPartOf, secretOf } from "../../secret-windows.ts"
import { type Answer, type CommandEnded, runCommand, startAws } from "./aws.ts"

/** `npm run admin`, against the real Lambda behind a small Lambda endpoint, with the local run's STS to prove who it is. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

const path = "POST /2015-03-31/functions/symbolon-local-jobs-issue-admin-token/invocations"

/** As Lambda answers an invocation: an error of the function's is a 200, too. */
async function invoked(input: string): Promise<Answer> {
  try {
    return { body: (await stack.runJob("issue-admin-token", JSON.parse(input))) as object }
  } catch (error) {
    return {
      headers: { "x-amz-function-error": "Unhandled" },
      body: { errorType: "Error", errorMessage: (error as Error).message },
    }
  }
}

async function admin(args: string[], env: NodeJS.ProcessEnv = {}, answer: Answer | typeof invoked = invoked) {
  const { endpoint } = await startAws({ [path]: answer })
  const { accessKeyId, secretAccessKey } = await stack.operator.client.config.credentials()
  return runCommand("admin", args, {
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: "us-east-1" },
    ...{ AWS_ENDPOINT_URL_LAMBDA: endpoint, AWS_ENDPOINT_URL_STS: stack.operator.endpoint },
    ...env,
  })
}

const expectRefusal = ({ stdout, stderr, status }: CommandEnded, line: string | RegExp) => {
  expect(stderr.trimEnd()).toMatch(line)
  expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  expect([stdout, status]).toEqual(["", 1])
}

test("prints a token that works, alone, for the stage's administrator when no other is asked for", async () => {
  const { stdout, stderr, status } = await admin(["--stage", "local"])
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^symusr_\w+\n$/)])
  expect((await stack.as(stdout.trim())["users/me"]({})).user_id).toBe("admin@example.com")
  expect(stderr).toBe(
    "symbolon: a token of admin@example.com for local, until it is revoked: the audit trail has it as yours\n",
  )
  expect(holdsPartOf(secretOf(stdout.trim()), await stack.logs())).toBe(false)
})

test("promotes whom it is told to, and nobody else", async () => {
  const email = "rescuer@example.com"
  expectRefusal(
    await admin(["--stage", "local", "--email", email]),
    "symbolon: rescuer@example.com gets no token: not an active administrator's email; --promote makes this human an active administrator first",
  )
  const { stdout } = await admin(["--stage", "local", "--email", email, "--promote"])
  expect((await stack.as(stdout.trim())["users/me"]({})).role).toBe("Admin")
  expectRefusal(
    await admin(["--stage", "local", "--email", "pipeline@service", "--promote"]),
    "symbolon: pipeline@service gets no token: validation-failed: it takes the email of a human",
  )
})

test("is refused by the Lambda when its credentials prove nothing", async () => {
  expectRefusal(
    await admin(["--stage", "local"], { AWS_SECRET_ACCESS_KEY: "guessed" }),
    "symbolon: admin@example.com gets no token: prove who you are: STS answered SignatureDoesNotMatch",
  )
})

test("says in one line: no such stage, none deployed here, no permission, no credentials, ended ones, no region", async () => {
  const local = ["--stage", "local"]
  const lambdaError = (status: number, name: string, message: string): Answer => ({
    ...{ status, headers: { "x-amzn-errortype": name }, body: { message } },
  })
  const answered = (status: number, name: string, message: string) =>
    admin(local, {}, lambdaError(status, name, message))
  const lacks = "User: arn:aws:iam::000000000000:user/x is not authorized to perform: lambda:InvokeFunction"
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
  const cases: [Promise<CommandEnded>, string][] = [
    [admin([]), "which stage? npm run admin -- --stage dev"],
    [admin(["--stage", "production"]), "there is no stage production: infra/stage.ts knows"],
    [admin([...local, "--mail", "x"]), "Unknown option '--mail'"],
    [
      answered(404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:…"),
      "there is no symbolon-local-jobs-issue-admin-token here: is the stage deployed in this account and region? (Function not found: arn:aws:lambda:…)",
    ],
    [answered(403, "AccessDeniedException", lacks), `not permitted: ${lacks}`],
    [
      answered(403, "ExpiredTokenException", "…"),
      "AWS refuses these credentials (ExpiredTokenException): sign in again",
    ],
    [answered(429, "TooManyRequestsException", "Slow down"), "Slow down"],
    [admin(local, none), "there are no AWS credentials ("],
    [admin(local, { AWS_REGION: undefined }), "there is no region: set AWS_REGION"],
  ]
  await Promise.all(cases.map(([ended]) => ended))
  for (const [ended, line] of cases) expectRefusal(await ended, `symbolon: ${line}`)
})
