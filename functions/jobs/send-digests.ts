import { sendDigests } from "../../shared/store/digests.ts"
import { job } from "../job.ts"
import { alarmTopic, mailer } from "../outlets.ts"

const [mail, tell] = [mailer(process.env), alarmTopic(process.env)]

/** What happened to each account's tokens since the last digest, to its own address, or all of it to the alarm address. */
export const handler = job("send-digests", (runtime) => sendDigests(runtime, { mail, tell }))
