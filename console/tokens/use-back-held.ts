import { useEffect, useRef } from "react"

const isHeld = (): boolean => window.history.state?.isHeld === true

/**
 * The browser's Back stays on the page, and asks, while this is mounted. An entry of the same address is put on top of the page's
 * own: Back only leaves that, and is taken back by going forward again.
 */
export function useBackHeld(onBack: () => void): void {
  const ask = useRef(onBack)
  ask.current = onBack
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    clearTimeout(leaving.current)
    const { pathname } = window.location
    if (!isHeld()) window.history.pushState({ ...window.history.state, isHeld: true }, "")
    const stay = () => {
      // Farther than one entry the page itself has gone.
      if (isHeld() || window.location.pathname !== pathname) return
      window.history.forward()
      ask.current()
    }
    window.addEventListener("popstate", stay)
    return () => {
      window.removeEventListener("popstate", stay)
      // Not at once: StrictMode mounts twice, and would find its own way back to be somebody's.
      leaving.current = setTimeout(() => isHeld() && window.history.back())
    }
  }, [])
}
