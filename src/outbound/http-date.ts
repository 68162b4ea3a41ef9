import type { EpochMs } from '../shared/time.ts'

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the one form a sender may use (RFC 9110 §5.6.7). */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** Reads a date of a header, in whole seconds; `null` for anything but the form that may be sent. */
export function parseHttpDate(text: string): EpochMs | null {
  const at = IMF_FIXDATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : at
}
