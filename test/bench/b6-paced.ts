import { ourSubject, ours, sdk, subjectsOf, usualStack } from "./b1-cold.ts"
import { toldBy } from "./child.ts"
import { cpuShareOf, noCpuShare } from "./cpu-share.ts"
import { quantile, rounded } from "./measure.ts"
import type { Scenario } from "./scenario.ts"

/**
 * V8 compiles what is hot in steps, at some 50, 250 and 500 requests, and its threads take from the same share: a process is warm when that
 * is over. The young ones are shown as well.
 */
const [young, warm, requests] = [5, 1000, 120]

export const paced: Scenario = {
  id: "B6",
  title: "warm, a request every 31 ms, at the CPU share of 256 MB",
  about:
    `As B3, but warm: a process that has answered ${warm} requests answers ${requests} more, one after the other, at the share; several processes a subject, in turn. ` +
    `The rows "young" have answered ${young}, so that V8 still compiles, at the share's cost. Milliseconds.`,
  run: async ({ lab: open, rounds }) => {
    const share = cpuShareOf(256)
    if (!share) return { tables: [], figures: [], missing: [noCpuShare] }
    try {
      const lab = await open()
      const peers = await subjectsOf(lab, { [sdk]: ["sdk"], [usualStack]: ["usual-stack"] })
      const subjects = [ourSubject(lab), ...peers].flatMap((subject) => [
        { ...subject, answered: warm },
        { ...subject, name: `${subject.name}, young`, answered: young },
      ])
      const took = new Map<string, number[]>(subjects.map(({ name }) => [name, []]))
      for (let n = 0; n < rounds(8); n++)
        for (const { name, file, environment, answered } of subjects) {
          const env = {
            ...environment,
            SUBJECT: file,
            CGROUP_PROCS: share.procs,
            WARM: String(answered),
            REQUESTS: String(requests),
          }
          took.get(name)?.push(...(await toldBy<number[]>("paced.cjs", env)).told)
        }
      const of = (name: string, part: number) => quantile(took.get(name) ?? [], part)
      return {
        tables: [
          {
            rows: subjects.map(({ name }) => ({
              subject: name,
              p50: rounded(of(name, 0.5)),
              p90: rounded(of(name, 0.9)),
              p99: rounded(of(name, 0.99)),
            })),
          },
        ],
        figures: [
          { what: "p99, ours / client-dynamodb", value: of(ours, 0.99) / of(sdk, 0.99), gate: 0.3, aim: 0.08 },
          { what: "p50, ours / client-dynamodb", value: of(ours, 0.5) / of(sdk, 0.5) },
          {
            what: "p99, ours / client-dynamodb, young",
            value: of(`${ours}, young`, 0.99) / of(`${sdk}, young`, 0.99),
          },
        ],
      }
    } finally {
      share.remove()
    }
  },
}
