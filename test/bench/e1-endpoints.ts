import { statSync } from "node:fs"
import { type EndpointKey, endpointRows } from "../../shared/contract/endpoints.ts"
import { subjectsOf } from "./b1-cold.ts"
import { ourBundle } from "./bundles.ts"
import { type Cold, type ColdSubject, coldStarts } from "./cold.ts"
import { type EndpointRequest, endpointRequests, shownUser } from "./endpoint-requests.ts"
import { median, rounded } from "./measure.ts"
import type { Scenario } from "./scenario.ts"

const usualWithoutSecret = "document client + middy + zod + powertools"
const usual = "the same, and a secret"

/** Those that consoles and scripts call most, all of them doing their whole job. */
const common: readonly EndpointKey[] = [
  ...([
    "users/me",
    "users/get",
    "users/list",
    "users/create",
    "user-tokens/list-service",
    "user-tokens/create",
  ] as const),
]

const bytesOf = (key: EndpointKey): number => statSync(ourBundle(key)).size

/**
 * The bundles that stand for all: by size the ends of the list, between which only a few files differ; by time, as a short pass over
 * all found it, the middle and the slowest.
 */
function outstanding(keys: readonly EndpointKey[], pass: Cold): Record<string, EndpointKey> {
  const bySize = keys.toSorted((a, b) => bytesOf(a) - bytesOf(b))
  const byTotal = keys.toSorted((a, b) => pass.of(a, "total") - pass.of(b, "total"))
  const of = (list: readonly EndpointKey[], share: number) => list[Math.round((list.length - 1) * share)] as EndpointKey
  return { smallest: of(bySize, 0), largest: of(bySize, 1), median: of(byTotal, 0.5), slowest: of(byTotal, 1) }
}

const keysOfColumns = ["total", "init", "first", "cpu", "memory"]

export const endpointsCold: Scenario = {
  id: "E1",
  title: "cold start of the management endpoints, over TLS, from the start of the process to the first answer",
  about:
    "As B1. Every endpoint's bundle is started a few times, to find the median and the slowest; these, the largest and the smallest by bytes, and the most common ones are then interleaved with the usual stack. " +
    "The usual stack does GET /users/{id} with less to do than ours (`users/get`); it stands there without the secret that belongs to it, and with it, another TLS host. " +
    "Milliseconds, medians; `init` is the import, `first` the first call of the handler, `cpu` all CPU time of the process.",
  run: async ({ lab: open, rounds }) => {
    const lab = await open()
    const requests = await endpointRequests(lab)
    const environmentOf = (request: EndpointRequest | undefined) => ({
      ...lab.environment(),
      EVENT: "endpoint-event.cjs",
      REQUEST: JSON.stringify(request),
    })
    const ours = (key: EndpointKey): ColdSubject => ({
      name: key,
      file: ourBundle(key),
      environment: environmentOf(requests.get(key)),
    })
    const keys = endpointRows.map(([key]) => key)
    const pass = await coldStarts(keys.map(ours), rounds(3), ["total"])
    const { smallest, median: middle, largest, slowest } = outstanding(keys, pass)
    const peers = await subjectsOf(lab, {
      [usualWithoutSecret]: ["usual-endpoint"],
      [usual]: ["usual-endpoint-secret"],
    })
    const chosen = [...new Set([largest, middle, smallest, slowest, ...common])] as EndpointKey[]
    const { rows, ratio } = await coldStarts(
      [...chosen.map(ours), ...peers.map((peer) => ({ ...peer, environment: environmentOf(requests.get(shownUser)) }))],
      rounds(21),
      keysOfColumns,
    )
    const as = (key: string) =>
      Object.entries({ largest, median: middle, smallest, slowest })
        .flatMap(([word, chosenKey]) => (chosenKey === key ? [word] : []))
        .join(", ")
    const against = (key = "", other = usual) => ratio(key, other, "total")
    const totals = keys.map((key) => pass.of(key, "total"))
    return {
      tables: [
        {
          rows: rows.map(({ subject = "", ...figures }) => ({ subject, "which is": as(String(subject)), ...figures })),
        },
        {
          caption: `All ${keys.length} endpoints, ${rounds(3)} starts of each:`,
          rows: [
            {
              "bundle, KB, median": rounded(median(keys.map(bytesOf)) / 1024),
              "total, fastest": rounded(Math.min(...totals)),
              "total, median": rounded(median(totals)),
              "total, slowest": rounded(Math.max(...totals)),
            },
          ],
        },
      ],
      figures: [
        { what: "total, largest / usual stack", value: against(largest), gate: 0.7 },
        { what: "total, median / usual stack", value: against(middle), gate: 0.7 },
        { what: "total, slowest / usual stack", value: against(slowest) },
        { what: "total, users/get / usual stack", value: against(shownUser) },
        { what: "total, users/get / usual stack without a secret", value: against(shownUser, usualWithoutSecret) },
        { what: "CPU, users/get / usual stack", value: ratio(shownUser, usual, "cpu") },
      ],
    }
  },
}
