import type { Properties } from "./template.ts"

/**
 * What a rule's target is sent instead of the event: a JSON string with values of the event in it. It keeps its quotation marks, in
 * which SNS mails it too. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function readTransformer({ InputPathsMap = {}, InputTemplate }: Properties): (event: object) => string {
  if (!/^"([^"\\]|\\.)*"$/.test(InputTemplate))
    throw new Error(`the local run knows input templates of one string only, not ${InputTemplate}`)
  const paths = new Map(
    Object.entries(InputPathsMap as Record<string, string>).map(([name, path]) => [name, stepsOf(path)]),
  )
  for (const [, name = ""] of InputTemplate.matchAll(placeholders))
    if (!paths.has(name)) throw new Error(`the input template names <${name}>, which its paths don't have`)
  return (event) =>
    InputTemplate.replaceAll(placeholders, (_: string, name: string) =>
      shown((paths.get(name) ?? []).reduce<unknown>((value, step) => (value as Properties)?.[step], event)),
    )
}

const placeholders = /<([^<>]+)>/g

function stepsOf(path: string): string[] {
  if (!/^\$(\.[\w-]+)+$/.test(path)) throw new Error(`the local run knows paths of names only, not ${path}`)
  return path.split(".").slice(1)
}

/** Nothing for what isn't there. EventBridge escapes nothing, and takes the quotation marks out of arrays and objects. */
function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return JSON.stringify(value).replaceAll('"', "")
  return String(value ?? "")
}
