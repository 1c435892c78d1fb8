import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge"
import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2"
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns"
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs"
import { Unmailable } from "../shared/store/digests.ts"

/** Where jobs send something, each as its row in the job table allows. */
type Env = Record<string, string | undefined>
const retries = { maxAttempts: 3 }

/** Puts events on the stage's bus, ten at most; answers for each why the bus refused it, or undefined. */
export type PutEvents = (entries: PutEventsRequestEntry[]) => Promise<(string | undefined)[]>

export function eventBus(env: Env): PutEvents {
  const client = new EventBridgeClient(retries)
  return async (entries) => {
    const Entries = entries.map((entry) => ({ ...entry, EventBusName: env.EVENT_BUS }))
    const { Entries: results = [] } = await client.send(new PutEventsCommand({ Entries }))
    return entries.map((_, index) => results[index]?.ErrorCode)
  }
}

/** Keeps what can't be done in the job's dead-letter queue, which has an alarm. */
export function undoneQueue(env: Env): (message: object) => Promise<void> {
  // It is in this region: at the host of its URL it would be asked past the endpoint that an environment names.
  const client = new SQSClient({ ...retries, useQueueUrlAsEndpoint: false })
  return async (message) => {
    await client.send(new SendMessageCommand({ QueueUrl: env.UNDONE_QUEUE, MessageBody: JSON.stringify(message) }))
  }
}

/** Tells the alarm address: a subject of at most 100 ASCII characters, and a text of at most 256 KB. */
export function alarmTopic(env: Env): (subject: string, text: string) => Promise<void> {
  const client = new SNSClient(retries)
  return async (Subject, Message) => {
    await client.send(new PublishCommand({ TopicArn: env.ALARM_TOPIC, Subject, Message }))
  }
}

/**
 * What may well pass is tried again by the next run. All else, a refused address as an exhausted quota, a missing grant or an account
 * that SES has paused, must not keep the others, nor the alarm address, from what they should know.
 */
const mayPass = (error: unknown): boolean => {
  const { $fault, name } = error as { $fault?: string; name?: string }
  return $fault !== "client" || name === "TooManyRequestsException"
}

/** Mails one address; throws Unmailable. Undefined on a stage that has no address to mail from. */
export function mailer(env: Env): ((to: string, subject: string, text: string) => Promise<void>) | undefined {
  const { MAIL_FROM } = env
  if (!MAIL_FROM) return undefined
  const client = new SESv2Client(retries)
  return async (to, subject, text) => {
    const message = { Subject: { Data: subject }, Body: { Text: { Data: text } } }
    try {
      await client.send(
        new SendEmailCommand({
          FromEmailAddress: MAIL_FROM,
          Destination: { ToAddresses: [to] },
          Content: { Simple: message },
        }),
      )
    } catch (error) {
      if (mayPass(error)) throw error
      throw new Unmailable((error as Error).name, { cause: error })
    }
  }
}
