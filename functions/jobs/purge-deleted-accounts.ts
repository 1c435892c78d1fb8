import { system } from "../../shared/store/audit.ts"
import { purgeDeletedAccounts } from "../../shared/store/deletion.ts"
import { job } from "../job.ts"

/** Finishes what deletions began. It resumes from what is there, so it may be stopped anywhere, and run twice at once. */
export const handler = job("purge-deleted-accounts", async (runtime, _event: unknown, requestId) => ({
  purged: await purgeDeletedAccounts(runtime, system("purge-deleted-accounts", requestId)),
}))
