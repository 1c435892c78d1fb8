const { randomUUID } = require("node:crypto")
const { event, context } = require("./event.cjs")

/**
 * What API Gateway hands to an endpoint once the authorizer has let the caller in. REQUEST says, in JSON, what is asked, by whom, and
 * which status is a good answer (0: any below 500); `$unique` in it is something else in each process.
 */
const request = JSON.parse(process.env.REQUEST.replaceAll("$unique", randomUUID()))
const { route, parameters, query, body, caller, status } = request
const [httpMethod, resource] = route.split(" ")
const headers = { ...event.headers, ...(body && { "Content-Type": "application/json" }) }
const multiple = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]))

exports.event = {
  resource,
  path: resource.replaceAll(/\{(\w+)\}/g, (_, name) => parameters[name]),
  httpMethod,
  headers,
  multiValueHeaders: multiple(headers),
  queryStringParameters: query,
  multiValueQueryStringParameters: multiple(query),
  pathParameters: parameters,
  stageVariables: null,
  requestContext: { ...event.requestContext, httpMethod, resourcePath: resource, authorizer: caller },
  body: body ? JSON.stringify(body) : null,
  isBase64Encoded: false,
}
// An endpoint's 15 s, in which a request that hangs is sent once more: middy answers 503 just before the time is over.
exports.context = { ...context, functionName: "endpoint", getRemainingTimeInMillis: () => 15_000 }
exports.isGood = ({ statusCode }) => (status ? statusCode === status : statusCode < 500)
