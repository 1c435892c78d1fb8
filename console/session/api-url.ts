import { createContext, use } from "react"

export const ApiUrlContext = createContext("")

/** The address of the API, as callers use it: up to and with `/api`. */
export const useApiUrl = (): string => use(ApiUrlContext)
