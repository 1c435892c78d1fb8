import { statSync } from "node:fs"
import { ourBundle } from "./bundles.ts"
import { counted } from "./counted.ts"
import { rounded } from "./measure.ts"
import type { Scenario } from "./scenario.ts"

const verifications = 10

export const bundle: Scenario = {
  id: "B0",
  title: "what the authorizer's bundle is, loads and calls",
  about: `Counts, not times: the deployed bundle verifies a token ${verifications} times in a process of its own, against a table whose calls are counted. Part of \`npm test\`.`,
  run: async ({ lab: open }) => {
    const { table, bearerToken } = await open()
    const file = ourBundle("authorizer")
    const { outcomes, undici, tableCalls, tableConnections, otherCalls } = await counted(
      file,
      table,
      bearerToken,
      verifications,
    )
    const refused = outcomes.filter((outcome) => outcome !== "Allow").length
    const kilobytes = statSync(file).size / 1024
    return {
      tables: [{ rows: [{ "bundle, bytes": statSync(file).size, "modules of undici": undici.length, refused }] }],
      figures: [
        { what: "bundle, KB", value: rounded(kilobytes), gate: 12, aim: 6 },
        { what: "modules of undici", value: undici.length, gate: 0 },
        // INIT reads a sentinel.
        { what: "table calls a verification", value: (tableCalls - 1) / verifications, gate: 1 },
        { what: "connections to the table, an environment", value: tableConnections, gate: 1 },
        { what: "calls of Secrets Manager, an environment", value: otherCalls, gate: 1 },
        { what: "good tokens refused", value: refused, gate: 0 },
      ],
    }
  },
}
