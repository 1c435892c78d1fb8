import { awsAt } from "./aws.ts"
import type { Inside } from "./stack.ts"

const variable = /\$context\.authorizer\.(\w+)/g

/**
 * `fetch`, and in a refusal the authorizer's context, which the emulator leaves out (see differences.ts): asked of the deployed
 * authorizer by its own Lambda, with the same credential, and filled in as API Gateway does.
 */
export function fillingIn({ endpoint, stageName }: Inside): typeof fetch {
  const aws = awsAt(endpoint)
  return async (input, init) => {
    const request = new Request(input, init)
    const response = await fetch(request.clone())
    if (response.status !== 401) return response
    const text = await response.text()
    const { status, headers } = response
    if (!text.includes("$context.authorizer.")) return new Response(text, { status, headers })
    const { context } = (await aws.invoke(`symbolon-${stageName}-authorizer`, authorizerEvent(request))) as Answer
    return new Response(
      text.replaceAll(variable, (whole, key) => context[key] ?? whole),
      { status, headers },
    )
  }
}

interface Answer {
  context: Record<string, string>
}

function authorizerEvent(request: Request) {
  const { pathname } = new URL(request.url)
  const headers = Object.fromEntries(request.headers)
  return {
    type: "REQUEST",
    methodArn: `arn:aws:execute-api:us-east-1:000000000000:api/api/${request.method}${pathname}`,
    resource: "/",
    path: pathname,
    httpMethod: request.method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    requestContext: { apiId: "api", requestId: "filled-in", identity: { sourceIp: "127.0.0.1" } },
  }
}
