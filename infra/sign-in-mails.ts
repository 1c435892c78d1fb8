import type { UserInvitationConfig, UserVerificationConfig } from "aws-cdk-lib/aws-cognito"
import type { Stage } from "./stage.ts"

/** The mail that the user pool sends to whom it lets in. Cognito fills in `{username}`, which is the email here, and `{####}`, a password. */
export function invitation(stageName: string, { domain }: Stage): UserInvitationConfig {
  const where = domain === undefined ? "the console of Symbolon" : `<a href="https://${domain}/">https://${domain}/</a>`
  const lines = [
    "Hello,",
    `an account has been made for you on Symbolon ${stageName}.`,
    `Sign in at ${where} with<br>email: {username}<br>password: {####}`,
    "You then choose a password of your own, of 14 characters or more, and set up an authenticator app, which shows you a code for each sign-in.",
    "This password is good for 7 days. If you don't know what this is about, do nothing: nobody gets in without it.",
  ]
  return { emailSubject: `Your account on Symbolon ${stageName}`, emailBody: lines.join("<br><br>") }
}

/** The mail to who has lost the password. */
export const recovery = (stageName: string): UserVerificationConfig => ({
  emailSubject: `Your code for Symbolon ${stageName}`,
  emailBody: `Your code for a new password on Symbolon ${stageName} is {####}. If you didn't ask for one, do nothing.`,
})
