import { ioFloor, ourSubject, ours, sdk, subjectsOf, usualStack } from "./b1-cold.ts"
import { betterAuth } from "./b2-cold-peers.ts"
import { toldBy } from "./child.ts"
import { issueCredentials } from "./credentials.ts"
import { median, quantile, ratioOf, rounded, type Sample, valuesOf } from "./measure.ts"
import type { Scenario } from "./scenario.ts"

export const endToEnd: Scenario = {
  id: "B5",
  title: "a warm verification, end to end",
  about:
    "One request in flight, as in an execution environment, over TLS to the same engine, all subjects in one process, in blocks of 25 ms. `cpu` is that of the caller's process alone: microseconds a verification, medians. " +
    "`wall` has the engine's time and the TLS in front of it in it. better-auth reads and writes several times a verification: its own counters.",
  run: async ({ lab: open, rounds }) => {
    const lab = await open()
    const subjects = [
      ...(await subjectsOf(lab, { [ioFloor]: ["io-floor", "esm"] })),
      ourSubject(lab),
      ...(await subjectsOf(lab, {
        [sdk]: ["sdk"],
        "document client": ["document-client"],
        electrodb: ["electrodb"],
        [usualStack]: ["usual-stack"],
        [betterAuth]: ["better-auth", "esm"],
      })),
    ]
    const { told } = await toldBy<[string, Sample[]][]>("warm.mjs", {
      ...lab.environment(),
      ...(await issueCredentials(lab)),
      SUBJECTS: JSON.stringify(Object.fromEntries(subjects.map(({ name, file }) => [name, file]))),
      ROUNDS: String(rounds(25)),
    })
    const samples = new Map(told)
    const of = (name: string, key: string) => median(valuesOf(samples.get(name) ?? [], key))
    const against = (other: string, key: string) => ratioOf(samples, ours, other, key)
    return {
      tables: [
        {
          rows: subjects.map(({ name }) => ({
            subject: name,
            cpu: rounded(of(name, "cpu")),
            "cpu, p10": rounded(quantile(valuesOf(samples.get(name) ?? [], "cpu"), 0.1)),
            wall: rounded(of(name, "wall")),
            "cpu, × floor": rounded(of(name, "cpu") / of(ioFloor, "cpu")),
          })),
        },
      ],
      chart: {
        file: "verification.svg",
        title: "A warm verification over TLS, CPU of the caller's process",
        unit: "µs",
        bars: subjects.map(({ name }) => ({
          label: name.replaceAll("*", ""),
          value: Math.round(of(name, "cpu")),
          ours: name === ours,
        })),
      },
      figures: [
        { what: "CPU, ours / client-dynamodb", value: against(sdk, "cpu"), gate: 0.4, aim: 0.2 },
        { what: "CPU, ours / better-auth", value: against(betterAuth, "cpu"), gate: 0.3, aim: 0.12 },
        { what: "CPU, ours / I/O floor", value: against(ioFloor, "cpu") },
        { what: "wall, ours / I/O floor", value: against(ioFloor, "wall") },
        { what: "wall, ours / client-dynamodb", value: against(sdk, "wall") },
      ],
    }
  },
}
