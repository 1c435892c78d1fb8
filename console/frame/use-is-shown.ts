import { type RefObject, useEffect, useRef } from "react"

/** False once what asked is gone, by the browser's Back: whatever is a request of its own must not go on unseen. */
export function useIsShown(): RefObject<boolean> {
  const isShown = useRef(true)
  useEffect(() => {
    isShown.current = true
    return () => {
      isShown.current = false
    }
  }, [])
  return isShown
}
