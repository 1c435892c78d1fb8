/** The keyring of every table here, which is the tests': subjects that ask no Secrets Manager have its key in their environment. */
export const keyringSecret = JSON.stringify({ mintFrom: {}, k1: "a-key-of-a-test-keyring-0123456789abcdef" })
export const benchKey: string = JSON.parse(keyringSecret).k1
