import { names } from "../names.ts"
import { startGateway } from "./gateway.ts"
import { invokeAt } from "./invocations.ts"
import { createLambdas } from "./lambdas.ts"
import { readApi } from "./routes.ts"
import { closed, portOf } from "./secrets.ts"
import { Assembly, account, region } from "./template.ts"

interface Options {
  /** The other app's cloud assembly, synthesized for the stage `local`. */
  assembly: string
  /** Where `npm start` serves: http://127.0.0.1:3000 */
  symbolon: string
  /** 0: a free one. */
  port: number
  onLine: (line: string) => void
}

/** Another team's REST API on this machine: its own Lambdas, and the authorizer of the running `npm start`. */
export async function serveBeside({ assembly: directory, symbolon, port, onLine }: Options) {
  const local = names("local")
  const keys = ["authorizer", "http-authorizer"] as const
  const arnOf = (name: string) => `arn:aws:lambda:${region}:${account}:function:${name}`
  const assembly = new Assembly(
    directory,
    Object.fromEntries(keys.map((key) => [local.authorizerParameter(key), arnOf(local.function(key))])),
  )
  const lambdas = createLambdas({ assembly, environment: {}, onLine: (_, line) => onLine(line) })
  const api = readApi(assembly)
  const server = await startGateway({
    api,
    port,
    lambdas: {
      ...lambdas,
      invoke: (name, event) =>
        name === local.function("authorizer") ? invokeAt(symbolon, name, event) : lambdas.invoke(name, event),
    },
    onAccess: (_, line) => onLine(line),
    onOther: async () => false,
  })
  return {
    url: `http://127.0.0.1:${portOf(server)}/${api.stage}`,
    stop: async () => {
      await closed(server)
      await lambdas.stop()
    },
  }
}
