import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** A control group whose processes get a share of one CPU, as a Lambda of so much memory does. */
export interface CpuShare {
  /** A process joins by writing its id here. */
  procs: string
  remove: () => void
}

/** A Lambda has one whole CPU at 1,769 MB, and a share of it in proportion below. It is dealt out in periods of 20 ms. */
const wholeCpu = 1769
const periodMicroseconds = 20_000

const roots = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"]

/** Makes such a group; undefined where this process may not: no root, no cgroup. */
export function cpuShareOf(megabytes: number): CpuShare | undefined {
  const quota = Math.round((periodMicroseconds * megabytes) / wholeCpu)
  for (const root of roots) {
    const group = join(root, `symbolon-bench-${process.pid}`)
    try {
      mkdirSync(group)
    } catch {
      continue
    }
    try {
      // Version 2 of the interface, else version 1.
      if (existsSync(join(group, "cpu.max"))) writeFileSync(join(group, "cpu.max"), `${quota} ${periodMicroseconds}`)
      else {
        writeFileSync(join(group, "cpu.cfs_period_us"), String(periodMicroseconds))
        writeFileSync(join(group, "cpu.cfs_quota_us"), String(quota))
      }
      readFileSync(join(group, "cgroup.procs"))
      return { procs: join(group, "cgroup.procs"), remove: () => rmdirSync(group) }
    } catch {
      rmdirSync(group)
    }
  }
  return undefined
}

export const noCpuShare =
  "this process may not make a control group (root and a writable /sys/fs/cgroup are needed), so no CPU share of 256 MB"
