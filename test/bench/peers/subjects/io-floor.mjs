/** A handler with one constant TLS request and nothing else: nobody who reads a table over HTTPS is faster. */
const https = process.getBuiltinModule("node:https")
const { hostname, port } = new URL(process.env.AWS_ENDPOINT_URL_DYNAMODB)
const agent = new https.Agent({ keepAlive: true })
const scope = "20260101/us-east-1/dynamodb/aws4_request"
const body = JSON.stringify({
  RequestItems: { [process.env.TABLE_NAME]: { Keys: [{ PK: { S: "none" }, SK: { S: "T" } }], ConsistentRead: true } },
})
const headers = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-target": "DynamoDB_20120810.BatchGetItem",
  "x-amz-date": "20260101T000000Z",
  "x-amz-security-token": process.env.AWS_SESSION_TOKEN,
  authorization: `AWS4-HMAC-SHA256 Credential=a/${scope}, SignedHeaders=host, Signature=${"a".repeat(64)}`,
  "content-length": body.length,
}

export const handler = (event) =>
  new Promise((resolve, reject) => {
    const request = https.request({ hostname, port, method: "POST", path: "/", agent, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (chunk) => {
        text += chunk
      })
      response.on("end", () => {
        JSON.parse(text)
        const Statement = [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: event.methodArn }]
        resolve({ principalId: "x", policyDocument: { Version: "2012-10-17", Statement }, context: {} })
      })
    })
    request.on("error", reject)
    request.end(body)
  })
