/** Text of one half of a `keys.json` cannot be read; `rule` completes "<field> must …". */
export class KeyTextError extends Error {
  override readonly name = 'KeyTextError'
  readonly rule: string

  constructor(rule: string) {
    super(rule)
    this.rule = rule
  }
}

/** PEM armour (RFC 7468 §2) around anything; what stands between is judged by its content. */
const ARMOUR = /^-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*)-----END \1-----$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
/** Beginning of the base64 of an OpenSSH wire blob: the length of `ssh-rsa`, then the word itself. */
const SSH_RSA = /^(?:ssh-rsa[ \t]*)?(AAAAB3NzaC1yc2E[A-Za-z0-9+/]*={0,2})(?:[ \t].*)?$/

/**
 * Takes whatever surrounds the base64 of a key away: PEM armour, line breaks (real ones, or written
 * as `\n` in a file that was escaped twice), and the `ssh-rsa` prefix and comment.
 *
 * @returns Base64 (RFC 4648 §4) without line breaks.
 * @throws KeyTextError when nothing that could be a key is left.
 * @see protocol.md 3.4 for the forms seen in the field.
 */
export function bareBase64(text: string): string {
  const unescaped = text.replace(/\\r|\\n/g, '\n').trim()
  const body = ARMOUR.exec(unescaped)?.[2] ?? unescaped
  if (/^\s*[A-Za-z-]+:/.test(body) || unescaped.startsWith('-----BEGIN ENCRYPTED')) {
    throw new KeyTextError('must not be encrypted or carry PEM headers')
  }
  // The blob may be wrapped, but only a blank on its last line can begin a comment.
  const ssh = SSH_RSA.exec(body.replace(/[\r\n]/g, ''))?.[1]
  const base64 = ssh ?? body.replace(/\s/g, '')
  if (base64 === '') throw new KeyTextError('must not be empty')
  if (!BASE64.test(base64)) throw new KeyTextError('must be base64')
  return base64
}
