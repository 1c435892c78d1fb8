import { newToken } from "../../shared/contract/objects.ts"

/** What the contract says of a name, before it is sent. */
export function nameError(name: string): string | undefined {
  if (name.trim() === "") return "Enter a name"
  const { error } = newToken.shape.name.safeParse(name)
  return error?.issues[0]?.message
}
