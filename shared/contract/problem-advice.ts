import type { ProblemCode } from "./problems.ts"
import type { Refusal } from "./refusals.ts"

const retry = "Wait as long as Retry-After says, then send the same request again."
const newToken = "Don't send this token again. Ask an administrator, or whoever owns the account, for another one."

/** What to do about each problem: for its page, and apart from `problems.ts`, which every Lambda carries. */
export const problemAdvice: Record<ProblemCode | Refusal, string> = {
  "malformed-json": "Correct the body: it must be one JSON value, in UTF-8. Let a library write it.",
  "invalid-cursor":
    "Start the list anew without a cursor. A cursor belongs to one path, its filters and the caller that got it.",
  "invalid-idempotency-key": "Send one Idempotency-Key, such as a UUID, or none.",
  "authentication-required": "Add the header Authorization with the scheme Bearer and a token.",
  "sign-in-refused":
    "Sign in anew: an ID token is good once, and for five minutes. If that doesn't help, ask an administrator, who finds the reason in the audit trail under the instance of this answer: no account with your verified email, say, or one that is not active.",
  "invalid-token":
    "Compare the token that is sent with the one that was issued: cut short, mistyped, or of another stage? Is the network that you call from among its allowed_cidrs? If all of that is right, get a new token: what else is wrong isn't told.",
  "token-revoked": `${newToken} A token that was revoked by mistake can be restored.`,
  "account-inactive": "An administrator can reactivate the account.",
  "token-expired": "Create a new token. An expired one can't be prolonged.",
  "token-superseded": "Put the token's new secret, which its rotation has shown, where the old one is still in use.",
  "insufficient-role":
    "Use an account whose role has the permission that the operation needs, or ask an administrator to change the role.",
  "personal-tokens-need-a-human": "Have an administrator create a token of the type Service for the account.",
  "not-found": "Check the id and the path. What isn't yours answers like what doesn't exist.",
  "user-id-taken": "Choose a name that leads to another user_id. One that was ever used stays taken.",
  "email-taken": "Find the user who has the email with GET /users?q=, or use another one.",
  "account-deleting": "Nothing: the account goes, and its tokens are refused already.",
  "account-active": "Deactivate the account first, see that nobody misses it, and delete it then.",
  "team-name-taken": "Use the team that there is, or choose another name.",
  "team-in-use": "Take the accounts and datastores out of the team, then delete it.",
  "public-team": "Leave Public out: everyone is in it.",
  "last-admin": "Give another active user the role Admin first.",
  "token-name-taken": "Choose another name, or delete the token that has it.",
  "token-quota": "Revoke and delete tokens of this account that nobody uses.",
  "token-compromised": "Create a new token, and put it where the old one was.",
  "token-active": "Revoke the token first, see that nobody misses it, and delete it then.",
  "token-not-active": "Show the token: its status says why.",
  "token-already-issued":
    "If the first answer was lost, revoke the token that it has made and create another one with a new Idempotency-Key; of a rotation, abort it and begin another.",
  "rotation-pending": "Show the token: its rotation says what is under way, and until when.",
  "no-rotation":
    "Show the token: its rotation says what is under way. Only an unused secret is aborted, only an overlap completed.",
  "idempotency-key-required": "Send a new UUID as Idempotency-Key, and the same one with each repeat of this request.",
  "review-stale":
    "Read the review again from its first page to its last, which has the hash, and sign that one. Any change of a service account or of its tokens makes another one.",
  "precondition-failed": "Read it again, decide anew, and send the ETag of that answer as If-Match.",
  "content-too-large": "Send less.",
  "unsupported-media-type": "Send the body as JSON, with Content-Type: application/json.",
  "validation-failed":
    "Each entry of errors has a pointer to a field and what is wrong with it. An unknown field is an error too.",
  "idempotency-key-reused":
    "Use a new Idempotency-Key for each new request, and the same one to repeat a request only.",
  "too-many-requests": retry,
  "internal-error": "Report the instance of the answer: it finds the cause in the log.",
  "auth-unavailable": `Keep the token: nothing says that it is bad. ${retry}`,
  "service-unavailable": `${retry} A creation is safe to repeat with the same Idempotency-Key.`,
}
