import { readFileSync } from 'node:fs'

/** P0 must hold for a release, P1 is due before general use, P2 hardens further. */
export type Priority = 'P0' | 'P1' | 'P2'

/** One test that proves a requirement. */
export interface Proof {
  /** Path from the root of the repository. */
  readonly file: string
  /** Title of the innermost `describe`, where the title alone would fit too much. */
  readonly group?: string
  /** As it stands in the source: placeholders of `it.each` included. */
  readonly title: string
}

/** One requirement, where it comes from, and the tests that hold the code to it. */
export interface Row {
  readonly id: string
  readonly priority: Priority
  readonly requirement: string
  readonly sources: readonly string[]
  readonly tests: readonly Proof[]
  /** What has to be known besides, such as why there is no test. */
  readonly note?: string
}

/** The repository; paths of tests count from here. */
export const ROOT = new URL('../../', import.meta.url)

/** Reads the requirements, which stand in the order of the table. */
export function readRows(): readonly Row[] {
  return JSON.parse(readFileSync(new URL('docs/security-rows.json', ROOT), 'utf8'))
}
