import { join } from "node:path"
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { createLambdas } from "../../../infra/local/lambdas.ts"
import { milliseconds, startSchedules } from "../../../infra/local/schedules.ts"
import { Assembly } from "../../../infra/local/template.ts"
import { assemblyFor, folderForTest, linesOf, until } from "./fixture.ts"

describe("milliseconds", () => {
  it.each([
    ["rate(1 minute)", 60_000],
    ["rate(5 minutes)", 300_000],
    ["rate(1 hour)", 3_600_000],
    ["rate(2 days)", 172_800_000],
  ])("of %s", (expression, expected) => {
    expect(milliseconds(expression)).toBe(expected)
  })

  it.each(["cron(0 12 * * ? *)", "rate(5 seconds)", "rate(minutes)", "at(2026-11-23T12:00:00)", ""])(
    "says that it doesn't know %j",
    (expression) => {
      expect(() => milliseconds(expression)).toThrow("the local run knows rate(…) schedules only")
    },
  )
})

describe("startSchedules", () => {
  afterEach(() => vi.useRealTimers())

  it("invokes each target at its rate, with its input, until it is stopped", async () => {
    const file = join(folderForTest(), "invoked")
    const stop = start({ "rate(5 minutes)": '{"every":5}', "rate(1 hour)": undefined }, file)

    vi.advanceTimersByTime(299_999)
    expect(linesOf(file)).toEqual([])
    vi.advanceTimersByTime(1)
    await until(() => linesOf(file).length === 1)
    expect(linesOf(file)).toEqual(['{"every":5}'])

    vi.advanceTimersByTime(3_300_000)
    await until(() => linesOf(file).length === 13)
    expect(linesOf(file).sort()).toEqual([...Array(12).fill('{"every":5}'), "{}"])

    stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it("doesn't fire all the time when a rate is longer than a timer can hold", async () => {
    const file = join(folderForTest(), "invoked")
    start({ "rate(30 days)": '{"monthly":true}', "rate(1 minute)": '{"often":true}' }, file)
    vi.advanceTimersByTime(60_000)
    await until(() => linesOf(file).length > 0)
    expect(linesOf(file)).toEqual(['{"often":true}'])
  })
})

/** Schedules on a Lambda that writes down its events. Only intervals are faked: the Lambda runs in real time. */
function start(schedules: Record<string, string | undefined>, file: string): () => void {
  const directory = assemblyFor({
    functions: {
      job: `import { appendFileSync } from "node:fs"
        export const handler = async (event) => appendFileSync(${JSON.stringify(file)}, JSON.stringify(event) + "\\n")`,
    },
    resources: Object.fromEntries(
      Object.entries(schedules).map(([ScheduleExpression, Input], index) => [
        `Schedule${index}`,
        {
          Type: "AWS::Scheduler::Schedule",
          Properties: {
            ScheduleExpression,
            Target: { Arn: { "Fn::GetAtt": ["job", "Arn"] }, ...(Input && { Input }) },
          },
        },
      ]),
    ),
  })
  const assembly = new Assembly(directory)
  const lambdas = createLambdas({ assembly, environment: {}, onLine: () => {} })
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
  const stop = startSchedules(assembly, lambdas)
  onTestFinished(async () => {
    stop()
    await lambdas.stop()
  })
  return stop
}
