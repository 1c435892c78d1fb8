import { type AuditItem, auditKey } from "../shared/store/table.ts"
import type { TestTable } from "./tables.ts"

/** What has happened to a subject (`ACC…`, `TEAM…`, as its key has it), oldest first: of what, but not by whom and when. */
export async function trailOf(table: Pick<TestTable, "dump">, subject: string) {
  const { PK: partition } = auditKey(subject, "")
  return ((await table.dump()) as unknown as AuditItem[])
    .filter(({ PK }) => PK === partition)
    .sort((a, b) => a.at - b.at)
    .map(({ action, subject, before, after, reason }) => ({
      ...{ action, of: subject.userId, before, after },
      ...(reason && { reason }),
    }))
}
