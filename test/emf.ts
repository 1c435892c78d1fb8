import { expect } from "vitest"
import { type MetricName, metrics, namespace } from "../shared/contract/metrics.ts"

/**
 * What CloudWatch would make of a log line: the metrics in it, by name, and the sets of dimensions that each is counted by.
 * Undefined for a line without. Fails for one that CloudWatch would drop: each name must be a number of the same line, each
 * dimension a text.
 */
export function measuredIn(line: object): { values: Record<string, number>; by: Record<string, string>[] } | undefined {
  // As it stands in the log.
  const { _aws, ...members } = JSON.parse(JSON.stringify(line)) as Record<string, unknown> & { _aws?: Directive }
  if (!_aws) return undefined
  const [directive, ...others] = _aws.CloudWatchMetrics
  if (!directive || others.length > 0) throw new Error("not one directive")
  expect(_aws.Timestamp).toEqual(expect.any(Number))
  expect(directive.Namespace).toBe(namespace)
  const values = directive.Metrics.map(({ Name, Unit }) => {
    expect([Name, Unit, members[Name]]).toEqual([Name, metrics[Name as MetricName], expect.any(Number)])
    return [Name, members[Name] as number]
  })
  const by = directive.Dimensions.map((names) =>
    Object.fromEntries(
      names.map((name) => {
        expect([name, members[name]]).toEqual([name, expect.stringMatching(/./)])
        return [name, members[name] as string]
      }),
    ),
  )
  return { values: Object.fromEntries(values), by }
}

interface Directive {
  Timestamp: number
  CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[]
}

/** The metrics of several lines, in their order. */
export const valuesIn = (lines: readonly object[]): Record<string, number>[] =>
  lines.map(measuredIn).flatMap((measured) => (measured ? [measured.values] : []))
