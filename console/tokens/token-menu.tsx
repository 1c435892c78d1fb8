import ButtonDropdown, { type ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown"
import { type ReactNode, useState } from "react"
import type { Token } from "../../shared/contract/objects.ts"
import { DeleteToken } from "./delete-token.tsx"
import { RotateToken } from "./rotate-token.tsx"
import { useTokenActions } from "./use-token-actions.ts"

type Menu = Pick<ButtonDropdownProps, "items">["items"]

/** What can be done with a token, as it is now. */
function itemsFor({ active, status, rotation }: Token): Menu {
  const remove = { id: "delete", text: "Delete" }
  if (!active) return [{ id: "restore", text: "Restore" }, remove]
  return [
    { id: "revoke", text: "Revoke" },
    ...(rotation?.state === "pending" ? [{ id: "abort", text: "Abort rotation" }] : []),
    ...(rotation?.state === "overlapping" ? [{ id: "complete", text: "Complete rotation" }] : []),
    ...(rotation === null && status === "active" ? [{ id: "rotate", text: "Rotate" }] : []),
    { ...remove, disabled: true, disabledReason: "Only a revoked token can be deleted. Revoke it first." },
  ]
}

/**
 * The ellipsis menu of each row, and the dialogs that it opens. These stand beside the table: a row may leave it, by a filter or a
 * page, while its token is still to be seen.
 */
export function useTokenMenu(): { menuOf: (token: Token) => ReactNode; dialogs: ReactNode } {
  const { revoke, restore, completeRotation, abortRotation } = useTokenActions()
  const [dialog, setDialog] = useState<{ kind: "delete" | "rotate"; token: Token }>()
  const close = () => setDialog(undefined)
  const actions: Record<string, (token: Token) => void> = {
    revoke: revoke.mutate,
    restore: restore.mutate,
    complete: completeRotation.mutate,
    abort: abortRotation.mutate,
    rotate: (token) => setDialog({ kind: "rotate", token }),
    delete: (token) => setDialog({ kind: "delete", token }),
  }
  return {
    menuOf: (token) => (
      <ButtonDropdown
        variant="inline-icon"
        expandToViewport
        ariaLabel={`Actions for ${token.name}`}
        items={itemsFor(token)}
        onItemClick={({ detail }) => actions[detail.id]?.(token)}
      />
    ),
    dialogs: (
      <>
        {dialog?.kind === "delete" && <DeleteToken token={dialog.token} onClose={close} />}
        {dialog?.kind === "rotate" && <RotateToken token={dialog.token} onClose={close} />}
      </>
    ),
  }
}
