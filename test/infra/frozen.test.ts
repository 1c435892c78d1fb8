import { readFileSync } from "node:fs"
import { expect, inject, it } from "vitest"
import { type Resource, Templates } from "./templates.ts"

const copy = new URL("./frozen.json", import.meta.url)

const why = `
What must survive a deployment has changed: DataStack of stage prod is not what test/infra/frozen.json holds. It is frozen, since
  - a changed property of a secret's generator makes CloudFormation generate a new value: a new keyring ends every token;
  - a changed key schema, name or logical id replaces the resource: the new table, or secret, is empty, and the old one is left behind;
  - another way to name its users makes a new user pool: it is empty, and whoever is bound to a subject of the old one can't sign in;
  - an index's keys can't be changed either: it is taken away, and built anew from every row.
To change it all the same: plan how rows and secrets move, write a page in docs/decisions, and copy what the
comparison below shows as received into test/infra/frozen.json, in the same commit. A resource that is only added goes in there likewise.
`

it("keeps the keys, names and generators of what must survive", () => {
  const { name, resources } = new Templates(inject("assemblies").prod as string).stack("data")
  const frozen = { stack: name, resources: Object.fromEntries(resources.map((one) => [one.id, frozenPartOf(one)])) }
  expect(frozen, why).toEqual(JSON.parse(readFileSync(copy, "utf8")))
})

/** Whatever would replace a resource, or its contents, when it changes. */
function frozenPartOf({ Type, Properties }: Resource) {
  const { TableName, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, LocalSecondaryIndexes } = Properties
  const { Name, BucketName, LogGroupName, GenerateSecretString, KmsKeyId } = Properties
  const { UsernameAttributes, UsernameConfiguration, AliasAttributes, Schema, Domain, GenerateSecret } = Properties
  // As it stands in the file: without what isn't there.
  return JSON.parse(
    JSON.stringify({
      Type,
      ...{ Name, TableName, BucketName, LogGroupName },
      ...{ KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, LocalSecondaryIndexes },
      ...{ GenerateSecretString, KmsKeyId },
      ...{ UsernameAttributes, UsernameConfiguration, AliasAttributes, Schema, Domain, GenerateSecret },
    }),
  )
}
