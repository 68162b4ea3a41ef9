import { readFileSync } from 'node:fs'

/** One case of a response file: its comment, and its fields by name; `FAIL` is a field without a value. */
export interface VectorCase {
  readonly what: string
  /** @throws Error when the case has no such field */
  bytes(name: string): Buffer
  readonly fails: boolean
}

/** Reads a file in the form of NIST's CAVP response files: blocks of `Name = hex`, comments with `#`. */
export function readResponseFile(url: URL): readonly VectorCase[] {
  const blocks = readFileSync(url, 'utf8').trim().split('\n\n')
  return blocks.slice(1).map((block) => {
    const lines = block.split('\n')
    const fields = new Map(
      lines.flatMap((line) => {
        const [, name, value] = /^(\w+) = ?([0-9a-f]*)$/.exec(line) ?? []
        return name === undefined || value === undefined ? [] : [[name, value] as const]
      }),
    )
    return {
      what: lines[0]?.replace(/^# /, '') ?? '',
      fails: lines.includes('FAIL'),
      bytes(name) {
        const hex = fields.get(name)
        if (hex === undefined) throw new Error(`${lines[0]} has no ${name}`)
        return Buffer.from(hex, 'hex')
      },
    }
  })
}
