import { expect, test } from "vitest"
import { isLinearizable, type Operation } from "./linearizable.ts"

const op = (kind: Operation["kind"], start: number, end: number): Operation => ({ kind, start, end })
const revoke = op("revoke", 10, 20)

test.each([
  ["nothing but acceptances", true, [op("accepted", 0, 5)]],
  ["accepted before, refused after", true, [op("accepted", 0, 5), revoke, op("refused", 21, 25)]],
  ["accepted and refused while it is being revoked", true, [op("refused", 11, 13), op("accepted", 11, 19), revoke]],
  ["an acceptance that begins before the acknowledgement and ends after it", true, [revoke, op("accepted", 20, 30)]],
  ["an acceptance that begins after the acknowledgement", false, [revoke, op("accepted", 21, 30)]],
  ["a refusal that ends before the revocation begins", false, [op("refused", 0, 9), revoke]],
  [
    "an acceptance after a refusal, both within the revocation",
    false,
    [revoke, op("refused", 11, 12), op("accepted", 13, 14)],
  ],
  ["a refusal of a token that nobody revoked", false, [op("refused", 0, 1)]],
] as const)("%s: %s", (_, explained, history) => {
  expect(isLinearizable(history)).toBe(explained)
})
