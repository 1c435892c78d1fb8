import { ourSubject, ours, subjectsOf } from "./b1-cold.ts"
import { coldStarts } from "./cold.ts"
import { issueCredentials } from "./credentials.ts"
import type { Scenario } from "./scenario.ts"

export const betterAuth = "better-auth, api-key plugin"

export const coldPeers: Scenario = {
  id: "B2",
  title: "cold start against libraries that verify a credential",
  about:
    "As B1. better-auth keeps its keys on the same table, as secondary storage, through our own hand-signed requests, the fastest there are; its rate limit, log and telemetry are off. " +
    "jose and aws-jwt-verify have their key at hand and do no I/O at all, so they can't know of a revocation.",
  run: async ({ lab: open, rounds }) => {
    const lab = await open()
    const credentials = await issueCredentials(lab)
    const peers = await subjectsOf(lab, {
      [betterAuth]: ["better-auth", "esm"],
      "jose, HS256": ["jose"],
      "aws-jwt-verify, RS256": ["aws-jwt-verify"],
    })
    const subjects = [ourSubject(lab), ...peers].map((subject) => ({
      ...subject,
      environment: { ...subject.environment, ...credentials },
    }))
    const { rows, ratio } = await coldStarts(subjects, rounds(21), [
      "total",
      "init",
      "first",
      "second",
      "cpu",
      "memory",
    ])
    return {
      tables: [{ rows }],
      figures: [
        { what: "total, ours / better-auth", value: ratio(ours, betterAuth, "total"), gate: 0.4, aim: 0.25 },
        { what: "CPU, ours / better-auth", value: ratio(ours, betterAuth, "cpu") },
      ],
    }
  },
}
