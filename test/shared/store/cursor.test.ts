import { describe, expect, test } from "vitest"
import { Problem } from "../../../shared/contract/problems.ts"
import type { Runtime } from "../../../shared/runtime.ts"
import { openCursor, type Position, sealCursor } from "../../../shared/store/cursor.ts"

/** Two keys, and nonces that are counted, so that a cursor is the same in every run. */
function runtimeWith(key: number, firstNonce = 1) {
  let nonces = firstNonce
  return {
    cursorKey: async () => new Uint8Array(32).fill(key),
    randomBytes: (size: number) => new Uint8Array(size).fill(nonces++),
  } as unknown as Runtime
}
const runtime = runtimeWith(7)
const position: Position = { source: 2, after: "TOK#00000001z", digest: "d" }
const binding = "user-tokens/list?limit=10 of 1"
const refusal = async (cursor: string, at = binding, by = runtime) => {
  try {
    return await openCursor(by, cursor, at)
  } catch (error) {
    return error instanceof Problem ? error.code : String(error)
  }
}

test("a list without a cursor begins with its first source", async () => {
  expect(await openCursor(runtime, undefined, binding)).toEqual({ source: 0 })
})

test("what was sealed is opened, for the same binding, by any Lambda that has the key", async () => {
  const cursor = await sealCursor(runtime, position, binding)
  expect(await openCursor(runtimeWith(7), cursor, binding)).toEqual(position)
  expect(await openCursor(runtime, await sealCursor(runtime, { source: 1 }, binding), binding)).toEqual({ source: 1 })
})

test("the same position is another text each time, of which nothing can be read", async () => {
  const [one, other] = [await sealCursor(runtime, position, binding), await sealCursor(runtime, position, binding)]
  expect(one).not.toBe(other)
  expect(one).toMatch(/^[\w-]+$/)
  expect(Buffer.from(one, "base64url").toString("latin1")).not.toContain("TOK")
  // 12 bytes of nonce, the position, 16 bytes of tag.
  expect(Buffer.from(one, "base64url")).toHaveLength(12 + JSON.stringify(position).length + 16)
})

describe("refused with invalid-cursor", () => {
  test("for another list, another filter, another caller, or under another key", async () => {
    const cursor = await sealCursor(runtime, position, binding)
    for (const other of ["", `${binding}1`, binding.slice(1), binding.toUpperCase()])
      expect(await refusal(cursor, other)).toBe("invalid-cursor")
    expect(await refusal(cursor, binding, runtimeWith(8))).toBe("invalid-cursor")
  })

  test("with any bit changed, cut short anywhere, or longer", async () => {
    const cursor = await sealCursor(runtime, { source: 1 }, binding)
    const sealed = Buffer.from(cursor, "base64url")
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(await refusal(changed.toString("base64url"))).toBe("invalid-cursor")
    }
    for (let length = 0; length < cursor.length; length++)
      expect(await refusal(cursor.slice(0, length))).toBe("invalid-cursor")
    expect(await refusal(`${cursor}A`)).toBe("invalid-cursor")
  })

  test("in any other writing of the same bytes", async () => {
    // 40 bytes: the last character has spare bits.
    const cursor = await sealCursor(runtime, { source: 1 }, binding)
    const bytes = Buffer.from(cursor, "base64url")
    expect(bytes.length % 3).not.toBe(0)
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    const alike = [...letters]
      .map((letter) => cursor.slice(0, -1) + letter)
      .filter((text) => text !== cursor && Buffer.from(text, "base64url").equals(bytes))
    expect(alike.length).toBeGreaterThan(0)
    for (const text of [...alike, `${cursor}=`, ` ${cursor}`, `${cursor}\n`, bytes.toString("base64")])
      if (text !== cursor) expect(await refusal(text)).toBe("invalid-cursor")
  })
})

test("a key that can't be read is a fault, not a cursor that is invalid", async () => {
  const down = {
    cursorKey: async () => {
      throw new Error("down")
    },
  } as unknown as Runtime
  await expect(openCursor(down, "AAAA", binding)).rejects.toThrow(/^down$/)
})
