/** Why a service doesn't do what it was asked for, by the code that the SDK makes the name of its error. */
export class Refusal extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}
