// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import { TextFilter } from "../../console/frame/filter-fields.tsx"

afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

test("what is typed is looked for after a pause in the typing, also while the list shows itself again and again", () => {
  vi.useFakeTimers()
  const asked: string[] = []
  // Each time another function, as a screen hands one in.
  const filter = () => <TextFilter label="Find" value={undefined} onChange={(text) => asked.push(text)} />
  const { rerender } = render(filter())
  fireEvent.change(screen.getByLabelText("Find"), { target: { value: "api" } })
  for (let n = 0; n < 3; n++) {
    vi.advanceTimersByTime(100 - Number(n === 2))
    rerender(filter())
  }
  expect(asked).toEqual([])
  vi.advanceTimersByTime(1)
  expect(asked).toEqual(["api"])
})
