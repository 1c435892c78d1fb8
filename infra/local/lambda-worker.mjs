import { parentPort, workerData } from "node:worker_threads"

// One execution environment: loads a bundle (INIT), then answers one message with one message. Plain JavaScript, since loading what strips types
// would take each of them longer than its bundle.
const { file, handlerName, functionName, functionArn } = workerData
const module = await import(file)

parentPort?.on("message", async ({ id, event, deadline }) => {
  const context = {
    functionName,
    invokedFunctionArn: functionArn,
    awsRequestId: crypto.randomUUID(),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
  try {
    // Through text, as on Lambda: what doesn't survive JSON must not get through here either.
    const result = await module[handlerName](JSON.parse(event), context)
    parentPort?.postMessage({ id, result: JSON.stringify(result ?? null) })
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
  }
})
parentPort?.postMessage({ ready: true })
