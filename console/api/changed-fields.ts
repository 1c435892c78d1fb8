/** What a form has changed, and nothing else: to send a field along as it was would undo whoever has changed it meanwhile. */
export function changedFields<T extends object>(before: T, after: T): Partial<T> {
  const isSame = (key: string) => JSON.stringify(after[key as keyof T]) === JSON.stringify(before[key as keyof T])
  return Object.fromEntries(Object.entries(after).filter(([key]) => !isSame(key))) as Partial<T>
}
