import { describe, expect, test } from "vitest"
import { containsToken, redact } from "../../../shared/contract/scanner.ts"
import { mint } from "../../../shared/token/format.ts"

/** By hand, not by `mint`: the vectors V3 and V4 of the token format, and a session. */
const service = "symsvc_HSYTyqcksHSYTyqduY_FEgKooW5RLbIKrUYErGAWCWMtO7YYD7L8rb7x51oVyx2NAqiV"
const personal = "symusr_000000007000000008_w3cfIw7rGLfTEaOIYWZNRbR6m9H9RFBHLJoyTNCsy812a3rXz"
const session = mint("Session", 1, 2, new Uint8Array(32).fill(0xab))

const handle = "symsvc_HSYTyqcksHSYTyqduY"

describe("redact leaves the handle and takes the secret", () => {
  test.each([
    [service, `${handle}_…`],
    [personal, "symusr_000000007000000008_…"],
    [session, "symses_000000001000000002_…"],
    // V1, whose secret is zeros.
    ["symsvc_00000001z00000007M_00000000000000000000000000000000000000000000bc0KV", "symsvc_00000001z00000007M_…"],
    [`Bearer ${service}`, `Bearer ${handle}_…`],
    [`a ${service} b`, `a ${handle}_… b`],
    [`{"token":"${service}"}`, `{"token":"${handle}_…"}`],
    [`https://x.test/?t=${service}&u=1`, `https://x.test/?t=${handle}_…&u=1`],
    [`x${service}`, `x${handle}_…`],
    [`${service}abc`, `${handle}_…`],
    [`${service}.abc`, `${handle}_….abc`],
    [`${service}\n${service}`, `${handle}_…\n${handle}_…`],
    [`${service},${personal},${session}`, `${handle}_…,symusr_000000007000000008_…,symses_000000001000000002_…`],
  ])("%s", (text, expected) => {
    expect(redact(text)).toBe(expected)
  })

  test("of a token cut short at any length, not one character of the secret is left", () => {
    for (let length = handle.length + 2; length <= service.length; length++) {
      const cut = service.slice(0, length)
      expect(redact(`a ${cut}`)).toBe(`a ${handle}_…`)
      expect(containsToken(`a ${cut}`)).toBe(true)
    }
  })

  test("of two tokens with nothing between them both secrets go", () => {
    expect(redact(`${service}${personal}`)).toBe(`${handle}_…symusr_000000007000000008_…`)
  })

  test("text without a token stays as it is", () => {
    for (const text of ["", "curl/8.0", handle, `${handle}_`, "symsvc", "eyJhbGciOiJIUzI1NiJ9.e30.x", "a_b_c"])
      expect(redact(text)).toBe(text)
  })

  test("what it answers holds no token any more", () => {
    const text = redact(`${service} ${personal} ${session}`)
    expect(containsToken(text)).toBe(false)
    expect(redact(text)).toBe(text)
  })
})

describe("containsToken", () => {
  test.each([
    ["a service token", service],
    ["a personal token", personal],
    ["a session", session],
    ["one among words", `my key ${service}, keep it`],
    ["one that runs into other letters", `x${service}y`],
    ["one with a wrong checksum", `${service.slice(0, -1)}W`],
    ["one character of a secret", `${handle}_F`],
    ["several", `${service} ${personal}`],
  ])("%s: true", (_what, text) => {
    expect(containsToken(text)).toBe(true)
    // Twice, since a global pattern could remember where it stopped.
    expect(containsToken(text)).toBe(true)
  })

  test.each([
    ["nothing", ""],
    ["a handle", handle],
    ["a handle and an underscore", `${handle}_`],
    ["a handle in a sentence", `the token ${handle} is unused`],
    ["a class alone", "symsvc_"],
    ["another class", service.replace("symsvc", "symabc")],
    ["a class in upper case", service.replace("symsvc", "SYMSVC")],
    ["ids that are too short", "symsvc_HSYTyqcksHSYTyqdu_FEgKooW5RLb"],
    ["ids that are too long", "symsvc_HSYTyqcksHSYTyqduYY_FEgKooW5RLb"],
    ["a hyphen before the secret", service.replace("Y_F", "Y-F")],
    ["what redact left", `${handle}_…`],
    ["a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"],
  ])("%s: false", (_what, text) => {
    expect(containsToken(text)).toBe(false)
  })
})
