/** Of all that an API answers: nobody keeps it, or takes it for something else than it says it is. */
export const answerHeaders = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" }

/** Our API's host is ours: TLS alone, for a year. What another team's host promises is that team's to say. */
export const ownAnswerHeaders = {
  ...answerHeaders,
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
