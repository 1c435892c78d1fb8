import { bundleSubject, ourBundle } from "./bundles.ts"
import { type ColdSubject, coldStarts } from "./cold.ts"
import type { Lab } from "./lab.ts"
import type { Scenario } from "./scenario.ts"

export const ours = "**Symbolon's authorizer**"
export const ioFloor = "I/O floor: one constant TLS request"
const ioFloorOfBoth = "I/O floor: the same to both hosts, as ours"
export const sdk = "client-dynamodb"
export const usualStack = "document client + middy + secrets + zod + powertools"

/** Our authorizer, as it is deployed. */
export const ourSubject = (lab: Lab): ColdSubject => ({
  name: ours,
  file: ourBundle("authorizer"),
  environment: lab.environment(),
})

export async function subjectsOf(lab: Lab, names: Record<string, [file: string, format?: "cjs" | "esm"]>) {
  const environment = lab.environment()
  const subjects = Object.entries(names).map(async ([name, [file, format]]) => ({
    name,
    file: await bundleSubject(file, format),
    environment,
  }))
  return Promise.all(subjects)
}

export const cold: Scenario = {
  id: "B1",
  title: "cold start over TLS, from the start of the process to the first Allow",
  about:
    "Each subject starts in a process of its own, loads its bundle as Lambda does, and answers one request, over TLS to the same engine. " +
    "Ours asks Secrets Manager, another TLS host, for its keyring as well; so does the usual stack. The floors do no work: the gate is against the one that asks the same two hosts ([0024](decisions/0024-the-floor-has-both-hosts.md)). " +
    "Milliseconds, medians; `init` is the import, `first` and `second` the calls of the handler, `cpu` all CPU time of the process.",
  run: async ({ lab: open, rounds }) => {
    const lab = await open()
    const floors = await subjectsOf(lab, {
      "floor: a bare handler": ["floor", "esm"],
      [ioFloor]: ["io-floor", "esm"],
      [ioFloorOfBoth]: ["io-floor-two-hosts", "esm"],
    })
    const peers = await subjectsOf(lab, {
      [sdk]: ["sdk"],
      "client-dynamodb, as ESM": ["sdk", "esm"],
      "document client": ["document-client"],
      [usualStack]: ["usual-stack"],
    })
    const { rows, of, ratio } = await coldStarts([...floors, ourSubject(lab), ...peers], rounds(40), [
      ...["total", "init", "first", "second", "cpu", "memory"],
    ])
    const against = (other: string, key: string) => ratio(ours, other, key)
    return {
      tables: [{ rows }],
      chart: {
        file: "cold.svg",
        title: "Cold start over TLS, from the start of the process to the first Allow",
        unit: "ms",
        bars: rows.map(({ subject }) => ({
          label: subject.replaceAll("*", ""),
          value: Math.round(of(subject, "total")),
          ours: subject === ours,
        })),
      },
      figures: [
        {
          what: "total, ours / I/O floor of both hosts",
          value: against(ioFloorOfBoth, "total"),
          gate: 1.15,
          aim: 1.05,
        },
        { what: "total, ours / I/O floor of one", value: against(ioFloor, "total") },
        { what: "total, ours / usual stack", value: against(usualStack, "total"), gate: 0.5, aim: 0.33 },
        { what: "total, ours / client-dynamodb", value: against(sdk, "total") },
        { what: "CPU, ours / I/O floor of both hosts", value: against(ioFloorOfBoth, "cpu") },
        { what: "CPU, ours / usual stack", value: against(usualStack, "cpu") },
      ],
    }
  },
}
