/** What keeps a command from its work, and what to do about it: a line, or one for each thing to do. */
export class Refusal extends Error {}

/** Runs a command: what it throws is told on stderr, an error that is none of ours in one line, and ends it with 1. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    console.error(`symbolon: ${error instanceof Refusal ? error.message : lineOf(error)}`)
    process.exitCode = 1
  }
}

/** For people, on stderr: what a command answers is alone on stdout. */
export const say = (text: string): void => console.error(`symbolon: ${text}`)

/** The first line of an error. The SDK leaves a connection's without any text, and gives it a code. */
export function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = "code" in error ? String(error.code) : ""
  return error.message.split("\n")[0] || code || error.name
}

/** True for what IAM doesn't permit, in the words of any service. */
export const isDenied = (error: unknown): boolean =>
  error instanceof Error &&
  /^(AccessDenied|AccessDeniedException|AuthorizationError|UnauthorizedOperation)$/.test(error.name)
