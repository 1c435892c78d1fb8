import { createInterface } from "node:readline"
import { pathToFileURL } from "node:url"
import { Worker } from "node:worker_threads"
import { type Assembly, account, type Properties, region } from "./template.ts"

/** What an invocation came to: a value, or the error that Lambda would report. */
export type Invocation = { value: unknown } | { error: string }

export interface Lambdas {
  names: string[]
  /** Waits for the answer. Throws for a function that the template doesn't have. */
  invoke: (functionName: string, event: unknown) => Promise<Invocation>
  stop: () => Promise<void>
}

interface Options {
  assembly: Assembly
  /** Endpoints of the services, by the SDK's own variables. */
  environment: Record<string, string>
  /** Every line that a function writes, with the log group that it would go to. */
  onLine: (logGroup: string, line: string) => void
}

/** Each Lambda of the template: its real bundle, in a worker of its own, started at its first call. */
export function createLambdas({ assembly, environment, onLine }: Options): Lambdas {
  const functions = new Map<string, { properties: Properties; directory: string }>()
  for (const resource of assembly.ofType("AWS::Lambda::Function")) {
    const properties = assembly.resolved(resource)
    if (!resource.assetDirectory) throw new Error(`${resource.id} has no code asset`)
    // Where the template leaves the name to CloudFormation, references to it come to its logical id here.
    functions.set(properties.FunctionName ?? resource.id, { properties, directory: resource.assetDirectory })
  }
  const running = new Map<string, Environment>()

  return {
    names: [...functions.keys()],
    invoke: async (functionName, event) => {
      const definition = functions.get(functionName)
      if (!definition) throw new Error(`the template has no function ${functionName}`)
      let active = running.get(functionName)
      if (!active) {
        const { properties, directory } = definition
        active = new Environment(functionName, properties, directory, environment)
        const logGroup = properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${functionName}`
        active.onLine = (line) => onLine(logGroup, line)
        active.onEnd = () => running.delete(functionName)
        running.set(functionName, active)
      }
      return active.invoke(event)
    },
    stop: async () => {
      await Promise.all([...running.values()].map((environment) => environment.end("the local run has stopped")))
    },
  }
}

/** A worker, and the invocations that it has not answered yet. */
class Environment {
  onLine: (line: string) => void = () => {}
  onEnd: () => void = () => {}
  private readonly worker: Worker
  private readonly timeout: number
  private readonly waiting = new Map<number, (invocation: Invocation) => void>()
  private nextId = 1

  constructor(functionName: string, properties: Properties, directory: string, environment: Record<string, string>) {
    const [file, handlerName] = properties.Handler.split(".")
    // Lambda's own, where the template says none, is 3 s.
    this.timeout = (properties.Timeout ?? 3) * 1000
    this.worker = new Worker(new URL("./lambda-worker.mjs", import.meta.url), {
      // Nothing of this process's own environment: a bundle must live on what its template gives it.
      env: {
        ...properties.Environment?.Variables,
        ...environment,
        AWS_REGION: region,
        // Its identity to the proxy, which knows its role by it.
        AWS_ACCESS_KEY_ID: functionName,
        AWS_SECRET_ACCESS_KEY: "local",
        AWS_LAMBDA_FUNCTION_NAME: functionName,
      },
      workerData: {
        file: pathToFileURL(`${directory}/${file}.mjs`).href,
        handlerName,
        functionName,
        functionArn: `arn:aws:lambda:${region}:${account}:function:${functionName}`,
      },
      stdout: true,
      stderr: true,
    })
    for (const stream of [this.worker.stdout, this.worker.stderr])
      createInterface({ input: stream }).on("line", (line) => this.onLine(line))
    this.worker.on("message", ({ id, result, error }: { id?: number; result?: string; error?: string }) => {
      if (id === undefined) return
      this.waiting.get(id)?.(error === undefined ? { value: JSON.parse(result ?? "null") } : { error })
      this.waiting.delete(id)
    })
    this.worker.on("error", (error) => this.end(error instanceof Error ? error.message : String(error)))
  }

  invoke(event: unknown): Promise<Invocation> {
    const id = this.nextId++
    return new Promise((resolve) => {
      // Lambda ends an environment that doesn't answer in time.
      const timer = setTimeout(() => this.end("Task timed out"), this.timeout)
      this.waiting.set(id, (invocation) => {
        clearTimeout(timer)
        resolve(invocation)
      })
      this.worker.postMessage({ id, event: JSON.stringify(event), deadline: Date.now() + this.timeout })
    })
  }

  async end(reason: string): Promise<void> {
    this.onEnd()
    for (const answer of this.waiting.values()) answer({ error: reason })
    this.waiting.clear()
    await this.worker.terminate()
  }
}
