import { useState } from "react"

type ColorMode = "light" | "dark"

const choice = "symbolon.color-mode"
const darkSystem = matchMedia("(prefers-color-scheme: dark)")

const current = (): ColorMode => (localStorage.getItem(choice) as ColorMode) ?? (darkSystem.matches ? "dark" : "light")

/** The class by which the components know, and the property by which the browser's own parts do. */
export function showColorMode(): void {
  const dark = current() === "dark"
  document.body.classList.toggle("awsui-dark-mode", dark)
  document.documentElement.style.colorScheme = dark ? "dark" : "light"
}

/** As the system has it, until somebody chooses. */
export function useColorMode() {
  const [mode, setMode] = useState(current)
  const toggle = () => {
    localStorage.setItem(choice, mode === "dark" ? "light" : "dark")
    showColorMode()
    setMode(current())
  }
  return { mode, toggle }
}
