import { Problem, type ValidationError } from "../shared/contract/problems.ts"

/** What came of it, in the words of who asked: "done"; a problem's code, or what is wrong with which field; any other error as it says itself. */
export const told = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "done",
    (error: unknown) => {
      if (!(error instanceof Problem)) return String(error)
      const errors = (error.extras.errors ?? []) as ValidationError[]
      return errors.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join("; ") || error.code
    },
  )

/** The code of the problem that came of it; "none" when nothing did, and any other error as it says itself. */
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  )
