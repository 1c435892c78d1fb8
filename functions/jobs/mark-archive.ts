import { writeMarks } from "../../shared/store/archive.ts"
import { job } from "../job.ts"

/** Marks that the stream is flowing: what the archive holds between two marks is all that there was. */
export const handler = job("mark-archive", (runtime) => writeMarks(runtime))
