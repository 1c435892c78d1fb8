const atOnce = 20

/** Acts on all, twenty at a time, and answers what came of each: as fast as the table's connections are, and no faster. */
export async function inGroups<T, R>(all: readonly T[], act: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (let start = 0; start < all.length; start += atOnce)
    done.push(...(await Promise.all(all.slice(start, start + atOnce).map(act))))
  return done
}
