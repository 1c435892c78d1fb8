interface Statement {
  Effect: string
  Action: string | string[]
  Resource: string | string[]
}

/** An authorizer's policy against a method ARN, as API Gateway evaluates it: an explicit Deny wins, silence denies. */
export function isAllowed(policyDocument: { Statement?: Statement | Statement[] }, methodArn: string): boolean {
  const statements = [policyDocument.Statement ?? []]
    .flat()
    .filter(
      ({ Action, Resource }) =>
        [Action].flat().some((action) => matches(action, "execute-api:Invoke")) &&
        [Resource].flat().some((resource) => matches(resource, methodArn)),
    )
  return statements.some(({ Effect }) => Effect === "Allow") && !statements.some(({ Effect }) => Effect === "Deny")
}

/** `*` is any text, `?` any character. */
export function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(text)
}
