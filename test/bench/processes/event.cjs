/** What API Gateway hands to a REQUEST authorizer: a request with a bearer token and the headers that a client sends. */
const headers = {
  Accept: "*/*",
  Authorization: `Bearer ${process.env.BEARER_TOKEN}`,
  Host: "abcdefgh12.execute-api.us-east-1.amazonaws.com",
  "User-Agent": "python-requests/2.32.5",
  "X-Forwarded-For": "203.0.113.7",
  "X-Forwarded-Port": "443",
  "X-Forwarded-Proto": "https",
}
exports.event = {
  type: "REQUEST",
  methodArn: "arn:aws:execute-api:us-east-1:123456789012:abcdefgh12/api/GET/v1/things/42",
  resource: "/v1/things/{id}",
  path: "/v1/things/42",
  httpMethod: "GET",
  headers,
  multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  queryStringParameters: {},
  pathParameters: { id: "42" },
  stageVariables: {},
  requestContext: {
    apiId: "abcdefgh12",
    stage: "api",
    requestId: "00000000-0000-4000-8000-000000000000",
    extendedRequestId: "AbCdEfGhIjKlMnO=",
    httpMethod: "GET",
    resourcePath: "/v1/things/{id}",
    identity: { sourceIp: "203.0.113.7", userAgent: "python-requests/2.32.5" },
  },
}
exports.context = {
  functionName: "authorizer",
  functionVersion: "1",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:authorizer",
  memoryLimitInMB: "256",
  awsRequestId: "00000000-0000-4000-8000-000000000001",
  getRemainingTimeInMillis: () => 3000,
}
exports.isGood = ({ policyDocument }) => policyDocument.Statement[0].Effect === "Allow"
