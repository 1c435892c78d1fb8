import { AsyncLocalStorage } from "node:async_hooks"
import type { Invocation, Lambdas } from "../../infra/local/lambdas.ts"
import { type Assembly, account, region } from "../../infra/local/template.ts"
import { endpoints } from "../../shared/contract/endpoints.ts"
import { jobs } from "../../shared/contract/jobs.ts"

type Handler = (event: unknown, context: object) => Promise<unknown>

interface Options {
  assembly: Assembly
  environment: Record<string, string>
  onLine: (logGroup: string, line: string) => void
}

declare global {
  interface ImportMeta {
    /** Vite's. */
    glob: <T>(pattern: string) => Record<string, () => Promise<T>>
  }
}

/** By a glob, and not by name, so that Vitest sees which tests may come to which source. */
const sources = import.meta.glob<{ handler: Handler }>("../../functions/**/*.ts")
const keys = ["authorizer", ...Object.keys(endpoints), ...Object.keys(jobs).map((key) => `jobs/${key}`)]
/** Longer than any test takes that passes. */
const timeout = 5000

/**
 * In the place of infra/local/lambdas.ts: each Lambda from its source, in this very thread, where Stryker sees what it runs. One environment serves
 * all, since their variables agree.
 */
export function createLambdas({ assembly, environment, onLine }: Options): Lambdas {
  const known = new Map<string, { key: string; logGroup: string }>()
  const variables: Record<string, string> = {}
  for (const resource of assembly.ofType("AWS::Lambda::Function")) {
    const { FunctionName, Environment, LoggingConfig } = assembly.resolved(resource)
    const key = keys.find((one) => FunctionName === `symbolon-local-${one.replaceAll("/", "-")}`)
    const logGroup = LoggingConfig?.LogGroup ?? `/aws/lambda/${FunctionName}`
    if (key) known.set(FunctionName, { key, logGroup })
    for (const [name, value] of Object.entries<string>(Environment?.Variables ?? {})) {
      if ((variables[name] ?? value) !== value) throw new Error(`two Lambdas have two values of ${name}`)
      variables[name] = value
    }
  }
  const credentials = { AWS_REGION: region, AWS_ACCESS_KEY_ID: "any", AWS_SECRET_ACCESS_KEY: "local" }
  Object.assign(process.env, variables, environment, credentials)
  const write = process.stdout.write
  process.stdout.write = (line: string) => {
    const logGroup = running.getStore()
    if (logGroup !== undefined) for (const one of line.trimEnd().split("\n")) onLine(logGroup, one)
    return true
  }

  return {
    names: [...known.keys()],
    invoke: async (functionName, event) => {
      const { key, logGroup } = known.get(functionName) ?? {}
      const load = sources[`../../functions/${key}.ts`]
      if (!load) throw new Error(`the template has no function ${functionName}`)
      const { handler } = await load()
      const deadline = Date.now() + timeout
      const context = {
        functionName,
        invokedFunctionArn: `arn:aws:lambda:${region}:${account}:function:${functionName}`,
        awsRequestId: crypto.randomUUID(),
        getRemainingTimeInMillis: () => deadline - Date.now(),
      }
      return running.run(logGroup, () => outcome(async () => handler(throughText(event), context)))
    },
    stop: async () => {
      process.stdout.write = write
    },
  }
}

/** The log group of what is running. */
const running = new AsyncLocalStorage<string | undefined>()

async function outcome(run: () => Promise<unknown>): Promise<Invocation> {
  try {
    return { value: throughText((await run()) ?? null) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

const throughText = (value: unknown) => JSON.parse(JSON.stringify(value))
