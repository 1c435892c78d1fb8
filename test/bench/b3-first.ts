import { ourSubject, ours, sdk, subjectsOf, usualStack } from "./b1-cold.ts"
import { coldStarts } from "./cold.ts"
import { cpuShareOf, noCpuShare } from "./cpu-share.ts"
import type { Scenario } from "./scenario.ts"

export const first: Scenario = {
  id: "B3",
  title: "the first verification after INIT, at the CPU share of 256 MB",
  about:
    "Lambda gives INIT a full CPU and an invocation a share in proportion to the memory: 256 / 1769 of one, dealt out in periods of 20 ms. The process moves into such a " +
    "control group after its import. Only ours calls in INIT; `client-dynamodb, first call in INIT` is what the SDK would do with the same trick. Milliseconds, medians.",
  run: async ({ lab: open, rounds }) => {
    const share = cpuShareOf(256)
    if (!share) return { tables: [], figures: [], missing: [noCpuShare] }
    try {
      const lab = await open()
      const peers = await subjectsOf(lab, {
        [sdk]: ["sdk"],
        "client-dynamodb, first call in INIT": ["sdk-warmed", "esm"],
        [usualStack]: ["usual-stack"],
      })
      const subjects = [ourSubject(lab), ...peers].map((subject) => ({
        ...subject,
        environment: { ...subject.environment, CGROUP_PROCS: share.procs },
      }))
      const { rows, of, ratio } = await coldStarts(subjects, rounds(15), ["first", "second", "init", "total", "cpu"])
      return {
        tables: [{ rows }],
        figures: [
          { what: "first, ours / client-dynamodb", value: ratio(ours, sdk, "first"), gate: 0.1 },
          { what: "first, ours / our own second", value: of(ours, "first") / of(ours, "second"), aim: 1.5 },
        ],
      }
    } finally {
      share.remove()
    }
  },
}
