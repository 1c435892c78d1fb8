import { useNavigate } from "react-router"

interface FollowEvent {
  preventDefault: () => void
  detail: {
    href?: string
    external?: boolean
    button?: number
    ctrlKey?: boolean
    metaKey?: boolean
    shiftKey?: boolean
  }
}

/**
 * `onFollow` of the components' links. Without it a click would load the page anew, and with it go the session and whatever was
 * typed. A click that asks for another tab or window is the browser's.
 */
export function useFollow() {
  const navigate = useNavigate()
  return (event: FollowEvent) => {
    const { href, external, button, ctrlKey, metaKey, shiftKey } = event.detail
    if (!href || external || button || ctrlKey || metaKey || shiftKey) return
    event.preventDefault()
    void navigate(href)
  }
}
