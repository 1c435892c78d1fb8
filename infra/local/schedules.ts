import type { Lambdas } from "./lambdas.ts"
import { type Assembly, functionNameIn } from "./template.ts"

const units: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }
/** A timer that is set for longer fires every millisecond instead. */
const longestTimer = 2 ** 31 - 1

/** EventBridge Scheduler, as far as the template uses it: invokes each target at its rate. Answers what ends that. */
export function startSchedules(assembly: Assembly, lambdas: Lambdas): () => void {
  const timers = assembly.ofType("AWS::Scheduler::Schedule").map((resource) => {
    const { ScheduleExpression, Target } = assembly.resolved(resource)
    const input = JSON.parse(Target.Input ?? "{}")
    const interval = Math.min(milliseconds(ScheduleExpression), longestTimer)
    return setInterval(() => lambdas.invoke(functionNameIn(Target.Arn), input), interval)
  })
  return () => timers.forEach(clearInterval)
}

/** `rate(5 minutes)`. */
export function milliseconds(expression: string): number {
  const [, count, unit = ""] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? []
  if (!count) throw new Error(`the local run knows rate(…) schedules only, not ${expression}`)
  return Number(count) * (units[unit] as number)
}
