import { newUser } from "../../../shared/contract/objects.ts"
import type { Role } from "../../../shared/contract/permissions.ts"
import { serviceUserIdOf } from "../../../shared/contract/service-user-id.ts"

/** The first step, as far as it is filled in. */
export interface ServiceUserDraft {
  name: string
  role: Role
  /** Besides Public. */
  teams: readonly string[]
  purpose: string
}

export const emptyServiceUser: ServiceUserDraft = { name: "", role: "Member", teams: [], purpose: "" }

export const bodyOf = ({ purpose, teams, ...rest }: ServiceUserDraft) => ({
  ...rest,
  teams: [...teams],
  ...(purpose.trim() !== "" && { purpose }),
})

export function serviceNameError(name: string): string | undefined {
  if (name.trim() === "") return "Enter a name"
  const { error } = newUser.shape.name.safeParse(name)
  if (error) return error.issues[0]?.message
  return serviceUserIdOf(name) ? undefined : "Use at least one letter or digit of a-z, 0-9: the id is made of them"
}

/** service1, temp, my_test_2: in a year nobody knows what it was for. */
const sayingNothing =
  /^((temp|tmp|test|service|account|user|bot|api|new|my|sa|demo|default|foo|bar|key|token)_?)+\d*@service$/

export const nameWarning = (name: string): string | undefined =>
  sayingNothing.test(serviceUserIdOf(name) ?? "")
    ? "This name doesn't say what the account is for. Name its purpose or the system it connects: pipeline_automation, alation_sync."
    : undefined
