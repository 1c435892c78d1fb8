import Button from "@cloudscape-design/components/button"
import ButtonDropdown from "@cloudscape-design/components/button-dropdown"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { useState } from "react"
import type { User } from "../../shared/contract/objects.ts"
import { useNotifications } from "../frame/notifications.tsx"
import { GenerateToken } from "../tokens/generate-token.tsx"
import { ChangeUser } from "./change-user.tsx"
import { DeactivateUser } from "./deactivate-user.tsx"
import { DeleteUser } from "./delete-user.tsx"
import { RevokeAllTokens } from "./revoke-all-tokens.tsx"
import { useUserChange } from "./use-user-change.ts"

type DialogName = "change" | "generate" | "revoke" | "deactivate" | "delete"

/** What an administrator can do with a user, as it is now. */
export function UserActions({ user }: { user: User }) {
  const [dialog, setDialog] = useState<DialogName>()
  const { succeeded, failed } = useNotifications()
  const change = useUserChange(user.id, () => undefined)
  const close = () => setDialog(undefined)
  if (user.status === "deleting") return null
  const act = (body: { active: true } | { unbind: true }, done: string) =>
    change.mutate(body, {
      onSuccess: () => succeeded(`${user.user_id} ${done}`),
      onError: (error) => failed(`${user.user_id} was not changed`, error),
    })
  const items = [
    { id: "revoke", text: "Revoke all tokens" },
    ...(user.bound ? [{ id: "unbind", text: "Unbind sign-in" }] : []),
    user.active ? { id: "deactivate", text: "Deactivate" } : { id: "reactivate", text: "Reactivate" },
    {
      id: "delete",
      text: "Delete",
      disabled: user.active,
      disabledReason: "Only a deactivated account can be deleted. Deactivate it first.",
    },
  ]
  const choose = (id: string) => {
    if (id === "reactivate") act({ active: true }, "reactivated")
    else if (id === "unbind") act({ unbind: true }, "can be bound anew by the next sign-in with this email")
    else setDialog(id as DialogName)
  }
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ButtonDropdown items={items} loading={change.isPending} onItemClick={({ detail }) => choose(detail.id)}>
        Actions
      </ButtonDropdown>
      <Button onClick={() => setDialog("change")}>Change</Button>
      {user.user_type === "Service" && user.active && (
        <Button variant="primary" onClick={() => setDialog("generate")}>
          Generate Token
        </Button>
      )}
      {dialog === "change" && <ChangeUser user={user} onClose={close} />}
      {dialog === "generate" && <GenerateToken serviceUser={user.user_id} onClose={close} />}
      {dialog === "revoke" && <RevokeAllTokens user={user} onClose={close} />}
      {dialog === "deactivate" && <DeactivateUser user={user} onClose={close} />}
      {dialog === "delete" && <DeleteUser user={user} onClose={close} />}
    </SpaceBetween>
  )
}
