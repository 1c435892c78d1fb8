import { expect, test, vi } from "vitest"
import { checkMail, checkStage } from "../../../infra/commands/checks.ts"
import { isEmulated } from "../../../infra/commands/session.ts"
import { freePort } from "../../../infra/local/engine.ts"
import { type Stage, stageOf } from "../../../infra/stage.ts"
import {
  type Answers,
  type CommandEnded,
  credentials,
  denied,
  fineAccount,
  runCommand,
  stackIs,
  stacksAre,
  startAws,
  xmlError,
} from "./aws.ts"

/** `npm run deploy`, with a cdk that only writes down how it was called. */
const prod = stageOf("prod")
const url = "https://abc.execute-api.us-east-1.amazonaws.com/api"

async function deploy(answers: Answers, args = ["--stage", "prod"], status = 0) {
  const { endpoint, asked } = await startAws({ ...fineAccount, ...answers })
  const ended = await runCommand("deploy", args, { ...credentials, AWS_ENDPOINT_URL: endpoint }, status)
  return { ...ended, asked }
}

/** Refused before anything is changed: one line, 1, and no cdk. */
function expectRefusal({ stdout, stderr, status, cdk }: CommandEnded, line: string | RegExp) {
  expect(stderr.trimEnd()).toMatch(line)
  expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  expect([status, stdout, cdk]).toEqual([1, "", undefined])
}

test("hands over to cdk, with all that isn't its own, and tells URL, alarms and the way in", async () => {
  const { status, stdout, stderr, cdk } = await deploy(
    { DescribeStacks: stacksAre(stackIs("symbolon-prod-service", "CREATE_COMPLETE", { ApiUrl: url })) },
    ["--require-approval", "never", "--stage=prod", "--", "-c", "x=y", "--verbose"],
  )
  expect([stderr, status]).toEqual([
    "symbolon: deploying prod to account 000000000000 in us-east-1, as arn:aws:iam::000000000000:user/ops\n",
    0,
  ])
  expect(cdk).toEqual({
    args: ["deploy", "--all", "-c", "stage=prod", "--require-approval", "never", "-c", "x=y", "--verbose"],
    region: "us-east-1",
  })
  expect(stdout).toContain("cdk was here")
  expect(stdout).toContain(`Symbolon prod is deployed: ${url}`)
  expect(stdout).toContain(`Alarms go to ${prod.alarmEmail}: confirm the subscription`)
  expect(stdout).toContain(`The first administrator is ${prod.adminEmail}. A token for ${prod.adminTokenHours} hours:`)
  expect(stdout).toContain("TOKEN=$(npm run --silent admin -- --stage prod)")
  expect(stdout).toContain(`curl -H "Authorization: Bearer $TOKEN" ${url}/users/me`)
})

test("tells where the console is, and what is missing before anybody can sign in there", async () => {
  const outputs = [
    stackIs("symbolon-prod-service", "CREATE_COMPLETE", { ApiUrl: url }),
    stackIs("symbolon-prod-console", "CREATE_COMPLETE", { ConsoleUrl: "https://d111111abcdef8.cloudfront.net" }),
  ]
  const { stdout } = await deploy({ DescribeStacks: stacksAre(...outputs) })
  expect(stdout).toContain(
    'The console: https://d111111abcdef8.cloudfront.net\n  First put domain: "d111111abcdef8.cloudfront.net" into infra/stage.ts and deploy again',
  )
})

test("refuses a stage that isn't there, or wasn't named", async () => {
  expectRefusal(
    await runCommand("deploy", ["--stage", "production"], credentials),
    "symbolon: there is no stage production: infra/stage.ts knows local, dev, prod",
  )
  for (const args of [[], ["--stage"]])
    expectRefusal(await runCommand("deploy", args, credentials), "symbolon: which stage? npm run deploy -- --stage dev")
})

test("refuses addresses at example.com, and what are none, but for the examples on an emulator of this machine", () => {
  // A deployment of your own has its addresses in infra/stage.ts.
  const stage = { ...prod, adminEmail: "a@corp.test", alarmEmail: "b@corp.test", serviceEmail: "c@notexample.com" }
  const check = (over: object, emulated = false) => checkStage("prod", { ...stage, ...over }, emulated)
  expect(() => check({})).not.toThrow()
  const examples = { adminEmail: "admin@example.com", alarmEmail: "Alarms@EU.Example.COM" }
  expect(() => check(examples)).toThrow(
    "put addresses of your own in place of those at example.com, of stage prod in infra/stage.ts: adminEmail, alarmEmail",
  )
  expect(() => check(examples, true)).not.toThrow()
  expect(() => check({ mailFrom: "symbolon@example.com" })).toThrow("in infra/stage.ts: mailFrom")
  expect(() => check({ mailFrom: "corp.test" })).toThrow("these are no email addresses")
  expect(() => check({ serviceEmail: "nobody" }, true)).toThrow(
    "these are no email addresses, of stage prod in infra/stage.ts: serviceEmail",
  )
  const loopback = ["http://127.0.0.1:4566", "http://127.1.2.3", "http://localhost:4566", "http://[::1]:4566"]
  const elsewhere = [undefined, "", "https://vpce-1.example.org", "http://127.0.0.1.example.org", "http://10.0.0.1"]
  expect([loopback, elsewhere].map((urls) => urls.map(isEmulated))).toEqual([
    loopback.map(() => true),
    elsewhere.map(() => false),
  ])
})

test("refuses the stage of npm start, but on an emulator", async () => {
  expectRefusal(
    await runCommand("deploy", ["--stage", "local"], credentials),
    "symbolon: local is what npm start serves: deploy another stage",
  )
  expect((await deploy({}, ["--stage", "local"])).cdk?.args).toContain("stage=local")
})

test("refuses without credentials, with those that have ended, without a region, and while AWS can't be reached", async () => {
  const { endpoint: AWS_ENDPOINT_URL } = await startAws({ GetCallerIdentity: xmlError("ExpiredToken") })
  const run = (env: NodeJS.ProcessEnv) => runCommand("deploy", ["--stage", "prod"], { AWS_ENDPOINT_URL, ...env })
  expectRefusal(
    await run({ AWS_REGION: "us-east-1" }),
    /^symbolon: there are no AWS credentials \(.+\): sign in, or set AWS_PROFILE$/,
  )
  expectRefusal(await run(credentials), "symbolon: AWS refuses these credentials (ExpiredToken): sign in again")
  expectRefusal(await run({ ...credentials, AWS_REGION: undefined }), "symbolon: there is no region: set AWS_REGION")
  expectRefusal(
    await run({ ...credentials, AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` }),
    /^symbolon: AWS can't be asked who this is: .*ECONNREFUSED/,
  )
})

test("takes the region and the profile as cdk does", async () => {
  const { endpoint } = await startAws(fineAccount)
  const { AWS_REGION: _, ...keys } = credentials
  const env = { ...keys, AWS_DEFAULT_REGION: "eu-central-1", AWS_ENDPOINT_URL: endpoint }
  expect((await runCommand("deploy", ["--stage", "dev"], env)).cdk?.region).toBe("eu-central-1")
  // Its own credentials count no more: this profile has none, and cdk would look for them there too.
  const { AWS_ACCESS_KEY_ID: __, AWS_SECRET_ACCESS_KEY: ___, ...noKeys } = env
  expectRefusal(await runCommand("deploy", ["--stage", "dev", "--profile", "other"], noKeys), "no AWS credentials")
})

test("refuses an account that isn't bootstrapped", async () => {
  const unknown = { status: 400, body: { __type: "ParameterNotFound" } }
  expectRefusal(
    await deploy({ GetParameter: unknown }),
    /^symbolon: account 000000000000 isn't bootstrapped in us-east-1, which it is once: docs\/deploy.md/,
  )
})

test("leaves API Gateway's log role to whom it is, and makes ours where there is none", async () => {
  const role = { "GET /account": { body: { cloudwatchRoleArn: "arn:aws:iam::000000000000:role/theirs" } } }
  const foreign = await deploy({ ...role, DescribeStacks: xmlError("ValidationError", "does not exist") })
  expect(foreign.cdk?.args.join(" ")).toContain("-c account=false")
  expect(foreign.stderr).toContain("log role here is arn:aws:iam::000000000000:role/theirs, not of our stack")
  for (const status of ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"]) {
    const { cdk } = await deploy({ ...role, DescribeStacks: stacksAre(stackIs("symbolon-account", status)) })
    expect(cdk?.args).toContain("account=false")
  }
  const own = await deploy({ ...role, DescribeStacks: stacksAre(stackIs("symbolon-account", "UPDATE_COMPLETE")) })
  expect(own.cdk?.args).not.toContain("account=false")
  expect(own.stderr).not.toContain("log role")
})

test("warns where no trail logs management events that write, whatever the kind of trail", async () => {
  const warning = "no CloudTrail trail logs management events that write in us-east-1"
  const advanced = (category: string, ...readOnly: string[]) => ({
    body: {
      AdvancedEventSelectors: [
        {
          FieldSelectors: [
            { Field: "eventCategory", Equals: [category] },
            ...(readOnly.length > 0 ? [{ Field: "readOnly", Equals: readOnly }] : []),
          ],
        },
      ],
    },
  })
  const selectors = (IncludeManagementEvents: boolean, ReadWriteType: string) => ({
    body: { EventSelectors: [{ IncludeManagementEvents, ReadWriteType }] },
  })
  const useless: Answers[] = [
    { DescribeTrails: { body: { trailList: [] } } },
    { GetTrailStatus: { body: { IsLogging: false } } },
    { GetEventSelectors: selectors(false, "All") },
    { GetEventSelectors: selectors(true, "ReadOnly") },
    { GetEventSelectors: advanced("Data") },
    { GetEventSelectors: advanced("Management", "true") },
  ]
  const warned = async (answers: Answers) => {
    const { stderr, status } = await deploy(answers)
    return [answers, stderr.includes(warning), status]
  }
  expect(await Promise.all(useless.map(warned))).toEqual(useless.map((answers) => [answers, true, 0]))
  const useful = [
    ...["WriteOnly", "All"].map((type) => selectors(true, type)),
    ...[advanced("Management"), advanced("Management", "false")],
  ].map((one) => ({ GetEventSelectors: one }))
  expect(await Promise.all(useful.map(warned))).toEqual(useful.map((answers) => [answers, false, 0]))
})

test("warns where SES would not send from the stage's address, or to everyone", async () => {
  const notFound = { status: 404, headers: { "x-amzn-errortype": "NotFoundException" }, body: { message: "no" } }
  const verified = { body: { VerifiedForSendingStatus: true } }
  const [address, domain] = ["GET /v2/email/identities/symbolon%40corp.test", "GET /v2/email/identities/corp.test"]
  const said = async (answers: Answers, mailFrom: string | undefined = "symbolon@corp.test") => {
    const { endpoint, asked } = await startAws({
      ...{ [address]: notFound, [domain]: notFound },
      "GET /v2/email/account": { body: { ProductionAccessEnabled: true } },
      ...answers,
    })
    const lines = vi.spyOn(console, "error").mockImplementation(() => {})
    for (const [name, value] of Object.entries({ ...credentials, AWS_ENDPOINT_URL: endpoint })) vi.stubEnv(name, value)
    try {
      await checkMail({ account: "000000000000", arn: "arn", region: "us-east-1" }, { ...prod, mailFrom } as Stage)
      return { asked, lines: lines.mock.calls.flat() }
    } finally {
      lines.mockRestore()
      vi.unstubAllEnvs()
    }
  }
  expect((await said({})).lines).toEqual([
    "symbolon: SES in us-east-1 has verified neither symbolon@corp.test nor its domain: until then digests go to the alarm address",
  ])
  expect((await said({ [address]: verified })).lines).toEqual([])
  expect((await said({ [domain]: verified })).lines).toEqual([])
  expect((await said({ [domain]: verified, "GET /v2/email/account": { body: {} } })).lines).toEqual([
    "symbolon: SES in us-east-1 is in its sandbox: it mails verified addresses only, and digests of others go to the alarm address",
  ])
  expect(
    (await said({ [address]: { ...denied, headers: { "x-amzn-errortype": "AccessDeniedException" } } })).lines,
  ).toEqual(["symbolon: can't tell whether SES sends from symbolon@corp.test (not permitted); going on"])
})

test("says what it may not look at, and goes on", async () => {
  const { stderr, status, cdk } = await deploy({
    GetParameter: denied,
    "GET /account": { ...denied, headers: { "x-amzn-errortype": "AccessDeniedException" } },
    DescribeTrails: denied,
  })
  expect(stderr.split("\n").filter((line) => line.startsWith("symbolon: can't tell"))).toEqual([
    "symbolon: can't tell whether the account is bootstrapped (not permitted); going on",
    "symbolon: can't tell whose API Gateway's log role is; if it is another project's, pass -c account=false (not permitted); going on",
    "symbolon: can't tell whether CloudTrail logs management events in us-east-1, which the alarm on the keyring's secret needs (not permitted); going on",
  ])
  expect([status, cdk?.args.includes("account=false")]).toEqual([0, false])
})

test("when cdk stops half-way, says that all stays, what to do, and how to remove what was never made", async () => {
  const { status, stdout, stderr } = await deploy(
    {
      DescribeStacks: stacksAre(
        stackIs("symbolon-account", "CREATE_COMPLETE"),
        stackIs("symbolon-prod-data", "ROLLBACK_COMPLETE"),
        stackIs("symbolon-prod-service", "ROLLBACK_COMPLETE"),
        stackIs("symbolon-prod-jobs", "UPDATE_ROLLBACK_FAILED"),
        // Another stage's, and a stage's whose name begins alike.
        stackIs("symbolon-dev-jobs", "ROLLBACK_COMPLETE"),
        stackIs("symbolon-prod-eu-jobs", "ROLLBACK_COMPLETE"),
      ),
    },
    ["--stage", "prod"],
    3,
  )
  expect(status).toBe(1)
  expect(stdout).not.toContain("is deployed")
  expect(stderr.trimEnd().split("\n").slice(1)).toEqual([
    "symbolon: the deployment stopped. What is deployed stays, and the data is retained: mend what cdk says above, and run the same command again",
    "  symbolon-prod-data is ROLLBACK_COMPLETE: it was never made. First remove it and what it left, as docs/deploy.md says",
    "  symbolon-prod-service is ROLLBACK_COMPLETE: it was never made. First: aws cloudformation delete-stack --stack-name symbolon-prod-service",
    "  symbolon-prod-jobs is UPDATE_ROLLBACK_FAILED. First: aws cloudformation continue-update-rollback --stack-name symbolon-prod-jobs",
  ])
})
