import { appendFileSync } from "node:fs"
import { join } from "node:path"

/** What has left the product, for whoever sits at this machine: a file each, a line each. */
export interface Sent {
  /** Into events.jsonl, as EventBridge has it. */
  event: (event: object) => void
  /** Into notices.jsonl. `subject` is null where SNS writes one of its own. */
  notice: (notice: { topic: string; subject: string | null; message: string }) => void
  /** Into mail.jsonl. */
  mail: (mail: { from: string; to: string[]; subject: string; text: string }) => void
}

/** Files below `directory`, for the owner's eyes only: they name people. */
export function keepSent(directory: string): Sent {
  const into = (name: string) => (line: object) =>
    appendFileSync(join(directory, name), `${JSON.stringify(line)}\n`, { mode: 0o600 })
  return { event: into("events.jsonl"), notice: into("notices.jsonl"), mail: into("mail.jsonl") }
}
