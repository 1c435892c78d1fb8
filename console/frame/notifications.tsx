import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar"
import { createContext, type ReactNode, use, useCallback, useMemo, useState } from "react"
import { explain } from "../api/problem.ts"
import { RequestId } from "./problem-alert.tsx"

type Message = FlashbarProps.MessageDefinition

interface Notifications {
  /** A success, which leaves by itself; `action` such as Undo goes with it. */
  succeeded: (content: string, action?: { text: string; onClick: () => void }) => void
  /** A failure, which stays until it is dismissed. */
  failed: (what: string, error: unknown) => void
}

const successMilliseconds = 8000

const NotificationsContext = createContext<Notifications & { items: Message[] }>({
  items: [],
  succeeded: () => undefined,
  failed: () => undefined,
})

export function NotificationsProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<Message[]>([])
  const add = useCallback((message: Message) => {
    const id = crypto.randomUUID()
    const dismiss = () => setItems((now) => now.filter((one) => one.id !== id))
    // Newest first: Flashbar stacks them in this order.
    setItems((now) => [{ id, dismissible: true, dismissLabel: "Dismiss", onDismiss: dismiss, ...message }, ...now])
    return dismiss
  }, [])
  const value = useMemo(() => {
    const succeeded: Notifications["succeeded"] = (content, action) => {
      const dismiss = add({
        type: "success",
        // What a screen reader says, and when: at the next pause, and a failure at once.
        ariaRole: "status",
        content,
        ...(action && {
          buttonText: action.text,
          onButtonClick: () => {
            dismiss()
            action.onClick()
          },
        }),
      })
      setTimeout(dismiss, successMilliseconds)
    }
    const failed: Notifications["failed"] = (header, error) => {
      const { detail, instance } = explain(error)
      const content = (
        <>
          {detail} <RequestId instance={instance} />
        </>
      )
      add({ type: "error", ariaRole: "alert", header, content })
    }
    return { items, succeeded, failed }
  }, [items, add])
  return <NotificationsContext value={value}>{children}</NotificationsContext>
}

export const useNotifications = (): Notifications => use(NotificationsContext)

export const NotificationsBar = () => <Flashbar items={use(NotificationsContext).items} stackItems />
