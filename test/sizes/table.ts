import type { LongResult } from "../rounds.ts"

/** Of vitest's JSON report, a file. */
export interface FileReport {
  name: string
  assertionResults: { fullName: string; status: string; duration?: number }[]
}

const thousands = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ",")

/** A row for each loop of the long size: its test, how far it came, in what time, and whether the test passed. */
export function longTable(files: readonly FileReport[], results: readonly LongResult[]): string {
  const statuses = new Map(
    files.flatMap(({ assertionResults }) =>
      assertionResults.map(({ fullName, status }) => [fullName, status] as const),
    ),
  )
  // A test's name as the loop knows it, with " > " between its describe and itself, and as the report does.
  const statusOf = (test: string) => statuses.get(test.replaceAll(" > ", " ")) ?? statuses.get(test) ?? "not reported"
  const rows = results
    .toSorted((a, b) => a.test.localeCompare(b.test))
    .map(({ test, done, most, of, seconds }) => {
      const goal = done >= most ? "" : ` of ${thousands(most)}`
      return `| ${test.replaceAll("|", "\\|")} | ${thousands(done)}${goal} ${of} | ${thousands(Math.round(seconds))} s | ${statusOf(test)} |`
    })
  return ["| test | done | time | result |", "|---|--:|--:|---|", ...rows].join("\n")
}
